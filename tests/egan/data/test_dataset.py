import pickle
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

import egan.data
from egan.data.dataset import Dataset, Mixture


def images(count=6, **kwargs):
    values = np.arange(count * 4, dtype=np.uint8).reshape(count, 1, 2, 2)
    return Dataset("test", values, **kwargs)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_images_are_drawn_in_minus_one_to_one():
    data = Dataset("test", np.array([0, 51, 255], dtype=np.uint8).reshape(3, 1, 1, 1))
    assert torch.equal(data.tensor([0, 2]).flatten(), torch.tensor([-1.0, 1.0]))
    torch.testing.assert_close(data.tensor([1]).flatten(), torch.tensor([-0.6]))
    values, counts = data.draw(3000, seeded()).unique(return_counts=True)
    assert len(values) == 3
    assert counts.min() > 850


def test_strides_do_not_depend_on_how_the_data_came():
    data = Dataset("test", np.arange(24, dtype=np.uint8).reshape(6, 2, 2)[:, None])
    for one in (data, pickle.loads(pickle.dumps(data))):
        assert one.tensor([0, 2]).stride() == (4, 4, 2, 1)


def test_draws_follow_the_generator_alone():
    for name in egan.data.BUILT_IN:
        data = egan.data.load(name)
        state = torch.get_rng_state()
        first, again, other = (data.draw(8, seeded(seed)) for seed in (1, 1, 2))
        assert first.shape == (8, *data.shape)
        assert first.dtype == (torch.int64 if data.vocabulary else torch.float32)
        assert torch.equal(first, again)
        assert not torch.equal(first, other)
        assert torch.equal(torch.get_rng_state(), state)


def test_consecutive_draws_differ():
    generator = seeded()
    data = egan.data.load("gaussians8")
    assert not torch.equal(data.draw(8, generator), data.draw(8, generator))


def test_samples_are_read_only_and_a_drawn_tensor_is_not():
    original = np.zeros((2, 1, 8, 8), dtype=np.uint8)
    data = Dataset("test", original, np.zeros(2, dtype=np.int64))
    for array in (data.samples, data.labels):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    original[0] = 0  # the caller's own array stays writeable
    points = Dataset("test", np.zeros((3, 2), dtype=np.float32))
    points.tensor([0, 1]).add_(1.0)
    assert not points.samples.any()


def test_annotations_are_read_only():
    data = images(annotations={"mask": np.zeros((6, 2, 2))})
    with pytest.raises(ValueError, match="read-only"):
        data.annotations["mask"][0] = 1


def test_a_pickled_copy_over_shared_memory_draws_the_same():
    data, buffers = images(labels=np.arange(6)), []
    raw = pickle.dumps(data, protocol=5, buffer_callback=buffers.append)
    assert len(buffers) == 2
    copy = pickle.loads(raw, buffers=[memoryview(bytes(b.raw())).toreadonly() for b in buffers])
    assert not copy.samples.flags.writeable
    assert torch.equal(copy.draw(5, seeded()), data.draw(5, seeded()))


def test_real_is_spread_evenly_and_always_the_same():
    data = images(10)
    assert data.spread(5).tolist() == [0, 2, 4, 6, 8]
    assert data.real(99).shape == (10, 1, 2, 2)
    assert torch.equal(data.real(4), data.real(4))


def test_properties():
    data = images(labels=np.array([0, 1, 2, 0, 1, 2]))
    assert (data.shape, data.image_size, data.channels) == ((1, 2, 2), 2, 1)
    assert (data.num_classes, len(data)) == (3, 6)
    points = egan.data.load("swiss_roll")
    assert (points.shape, points.image_size, points.channels) == ((2,), None, None)
    assert points.num_classes == 0


def test_a_draw_is_cheap():
    data, generator = egan.data.load("digits"), seeded()
    data.draw(64, generator)
    start = time.process_time()
    for _ in range(500):
        data.draw(64, generator)
    assert time.process_time() - start < 0.5


def test_mixtures_are_those_of_the_paper():
    eight, grid = egan.data.load("gaussians8").mixture, egan.data.load("gaussians25").mixture
    radii = np.linalg.norm(eight.centres, axis=1)
    np.testing.assert_allclose(radii, 2 / 1.414, rtol=1e-6)
    assert len(eight.centres) == 8
    assert eight.std == pytest.approx(0.02 / 1.414)
    expected = {
        (round(x / 2.828, 4), round(y / 2.828, 4)) for x in range(-4, 5, 2) for y in range(-4, 5, 2)
    }
    assert {tuple(row) for row in grid.centres.astype(float).round(4).tolist()} == expected
    assert grid.std == pytest.approx(0.05 / 2.828)


@pytest.mark.parametrize("name", ["gaussians8", "gaussians25", "ring16"])
def test_mixture_draws_have_its_centres_weights_and_std(name):
    data = egan.data.load(name)
    points = data.draw(20_000, seeded()).numpy()
    distances = np.linalg.norm(points[:, None] - data.mixture.centres, axis=2)
    counts = np.bincount(distances.argmin(axis=1), minlength=len(data.mixture.centres))
    known = data.mixture.weights
    expected = np.full(len(counts), 1 / len(counts)) if known is None else known
    np.testing.assert_allclose(counts, 20_000 * expected, rtol=0.2)
    rms = np.sqrt(np.square(distances.min(axis=1)).mean() / 2)
    assert rms == pytest.approx(data.mixture.std, rel=0.02)
    assert data.samples.shape == (10_000, 2)


def test_swiss_roll_lies_on_its_spiral():
    points = egan.data.load("swiss_roll").draw(2000, seeded()).numpy() * 7.5
    radius = np.linalg.norm(points, axis=1)
    angle = np.arctan2(points[:, 1], points[:, 0])
    turns = (radius - angle) / (2 * np.pi)
    assert np.abs(turns - turns.round()).max() < 0.25
    assert radius.min() == pytest.approx(1.5 * np.pi, abs=0.9)
    assert radius.max() == pytest.approx(4.5 * np.pi, abs=0.9)


def test_digits():
    data = egan.data.load("digits")
    assert data.samples.shape == (1797, 1, 8, 8)
    assert (data.samples.min(), data.samples.max()) == (0, 255)
    assert np.bincount(data.labels).min() > 170
    assert egan.data.load("digits", image_size=16, channels=3).shape == (3, 16, 16)


def test_wrong_arrays_are_refused():
    with pytest.raises(ValueError, match="float64"):
        Dataset("test", np.zeros((2, 2)))
    with pytest.raises(ValueError, match="labels of test"):
        images(labels=np.zeros(5, dtype=np.int64))
    with pytest.raises(ValueError, match="annotation 'mask' of test.* 6 samples, but got 5"):
        images(annotations={"mask": np.zeros((5, 2, 2))})
    assert Mixture(np.zeros((1, 2), dtype=np.float32), 1.0).std == 1.0


@pytest.mark.parametrize("test", [[0, 4], [-1], [], [0.5], [[0]]])
def test_indices_of_the_test_part_are_of_samples(test):
    points = np.zeros((4, 2), dtype=np.float32)
    with pytest.raises(ValueError, match="test of mine must be indices of its 4 samples"):
        Dataset("mine", points, test=np.array(test))


def test_unknown_names_offer_the_near_ones():
    with pytest.raises(ValueError, match="'digits'"):
        egan.data.load("digit")
    with pytest.raises(ValueError, match=r"image-size must be one of 8, 16.*got 12"):
        egan.data.load("digits", image_size=12)
    with pytest.raises(ValueError, match="channels must be 1"):
        egan.data.load("digits", channels=2)


def test_a_setting_without_effect_warns():
    with pytest.warns(UserWarning, match="--data.path=x has no effect on digits"):
        egan.data.load("digits", path="x")
    with pytest.warns(UserWarning, match="image-size"):
        egan.data.load("gaussians8", image_size=8)


def test_names_need_no_heavy_import():
    code = (
        "import sys, egan.data; assert len(egan.data.DESCRIPTIONS) == len(egan.data.NAMES) > 10;"
        "assert not {'torch', 'numpy', 'sklearn', 'PIL'} & set(sys.modules);"
        "egan.data.load('gaussians8'); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
