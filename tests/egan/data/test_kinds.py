import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch

from egan.data import load
from egan.data.dataset import Dataset
from egan.data.kinds import KINDS, Clips, Images, Line, Points, Series, Tokens, kind_of
from egan.data.notes import Notes
from egan.data.splits import split

SAMPLES = {
    "images": np.arange(5 * 3 * 4, dtype=np.uint8).reshape(5, 3, 2, 2),
    "clips": np.arange(5 * 3 * 4, dtype=np.uint8).reshape(5, 3, 1, 2, 2),
    "line": np.linspace(-3, 5, 5, dtype=np.float32)[:, None],
    "points": np.linspace(-3, 5, 10, dtype=np.float32).reshape(5, 2),
    "series": np.linspace(-3, 5, 60, dtype=np.float32).reshape(5, 4, 3),
    "tokens": np.array([[0, 1], [2, 1], [3, 1], [2, 1], [0, 1]], dtype=np.int16),
    "notes": np.stack(
        [np.linspace(*ends, 15).reshape(5, 3) for ends in ((1, 384), (42, 90), (0, 127), (0, 384))],
        axis=-1,
    ).astype(np.int16),
}
EXPECTED = [Images(), Clips(), Line(), Points(), Series(), Tokens(4), Notes()]


def dataset(name):
    return Dataset("test", SAMPLES[name], vocabulary=4 if name == "tokens" else None)


def seeded():
    return torch.Generator().manual_seed(0)


def test_the_array_says_what_kind_it_is():
    assert list(SAMPLES) == list(KINDS)
    for (name, kind), expected in zip(KINDS.items(), EXPECTED, strict=True):
        data = dataset(name)
        assert type(data.kind) is kind
        assert (
            data.kind
            == expected
            == split(data, "train").kind
            == pickle.loads(pickle.dumps(data)).kind
        )
    assert isinstance(Line(), Points)
    assert Line() != Points()
    assert not isinstance(Clips(), Images)
    assert Tokens(4) != Tokens(5)


@pytest.mark.parametrize(
    ("stored", "vocabulary", "message"),
    [
        (np.zeros((2, 2)), None, r"mine must be images \(N, C, H, W\) uint8 or .*float64"),
        (np.zeros((2, 1, 2, 2), np.float32), None, r"but got \(2, 1, 2, 2\) float32\."),
        (np.zeros((2, 3), int), None, r"tokens \(N, T\) integers with vocabulary=.*got \(2, 3\)"),
        (np.zeros((2, 2), np.float32), 7, r"got \(2, 2\) float32 with vocabulary=7"),
        (np.array([[0, 7]]), 7, r"tokens must be from 0 to 6, but got 0 to 7"),
        (np.array([[-1, 3]]), 7, r"got -1 to 3"),
    ],
)
def test_what_is_of_no_kind_is_refused(stored, vocabulary, message):
    with pytest.raises(ValueError, match=message):
        kind_of(stored, name="mine", vocabulary=vocabulary)


@pytest.mark.parametrize("name", [name for name in KINDS if name != "notes"])
def test_models_see_the_stored_values(name):
    data, stored = dataset(name), torch.from_numpy(SAMPLES[name].copy())
    seen = data.tensor([1, 4])
    pixels = name in ("images", "clips")
    expected = stored.double() / 127.5 - 1 if pixels else stored
    assert seen.dtype == (torch.int64 if name == "tokens" else torch.float32)
    torch.testing.assert_close(seen, expected[[1, 4]].to(seen.dtype))
    assert data.kind.bounded == pixels
    assert (data.image_size, data.channels is None) == (2 if pixels else None, not pixels)
    assert data.draw(7, seeded()).dtype == seen.dtype


@pytest.mark.parametrize("name", KINDS)
def test_baselines_have_the_shape_and_the_range_of_the_kind(name):
    data = dataset(name)
    real = data.tensor(range(5))
    naive = data.kind.naive(real, 400, seeded())
    noise = data.kind.noise(data.samples, 400, seeded())
    low, high = {"tokens": (0, 3)}.get(name, (-1, 1) if data.kind.bounded else (-3, 5))
    for made in (naive, noise):
        assert made.shape == (400, *data.shape)
        assert made.dtype == real.dtype
    assert low <= noise.min() < low + 0.1
    assert high - 0.1 < noise.max() <= high
    assert torch.equal(naive, data.kind.clamp(naive))
    error = (naive.double().mean(0) - real.double().mean(0)).abs()
    assert (error <= 0.25 * real.double().std(0) + 1e-9).all()


def test_notes_are_seen_between_their_ends():
    ends = np.array([[[1, 42, 0, 0], [384, 90, 127, 384]]], np.int16)
    seen = Notes().decode(torch.from_numpy(ends))
    torch.testing.assert_close(seen, torch.tensor([[[-1.0] * 4, [1.0] * 4]]))
    quarters = torch.tensor(
        [[[12, 60, 90, 3], [24, 60, 90, 3], [48, 72, 90, 3]]], dtype=torch.int16
    )
    lengths = Notes().decode(quarters)[0, :, 0]
    assert float(lengths[2] - lengths[1]) == pytest.approx(float(lengths[1] - lengths[0]))
    assert np.array_equal(Notes().encode(torch.full((1, 2, 4), -3.0)), ends[:, [0, 0]])


def test_values_beyond_the_range_are_clamped():
    wild = torch.tensor([[-7.0, 0.4, 2.6, 9.0]])
    assert Images().clamp(wild).tolist() == [[-1.0, pytest.approx(0.4), 1.0, 1.0]]
    assert Points().clamp(wild) is wild
    assert Tokens(4).clamp(wild).tolist() == [[0, 0, 3, 3]]


def test_distances_of_tokens_are_between_one_hot_codes():
    codes = Tokens(3).flat(torch.tensor([[0.0, 2.0]]))
    assert codes.tolist() == [[1, 0, 0, 0, 0, 1]]
    assert Images().flat(torch.zeros(2, 3, 4, 4)).shape == (2, 48)


def test_the_strides_of_clips_do_not_depend_on_how_they_came():
    turned = np.ascontiguousarray(SAMPLES["clips"].transpose(4, 3, 2, 1, 0)).transpose(
        4, 3, 2, 1, 0
    )
    assert Dataset("test", turned).tensor([0, 1]).stride() == (12, 4, 4, 2, 1)


def test_mixtures_and_lines_are_points():
    assert load("gaussians8").kind == Points()
    assert load("bimodal").kind == Line()
    assert load("digits").kind == Images()


def test_kinds_need_no_torch():
    code = "import sys, egan.data.kinds; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("kind", "stored"),
    [
        (Images(), np.arange(256, dtype=np.uint8).reshape(4, 1, 8, 8)),
        (Points(), np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)),
        (Tokens(7), np.arange(6).reshape(2, 3)),
        (Notes(), SAMPLES["notes"]),
    ],
)
def test_what_is_seen_is_stored_as_it_was(kind, stored):
    seen = kind.decode(torch.from_numpy(stored.copy()))
    found = kind.encode(seen)
    assert np.array_equal(found, stored)
    assert found.dtype == stored.dtype
