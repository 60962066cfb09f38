"""What a pixel sees, and that probabilities of all images add up to one."""

import itertools
import math
from functools import partial

import pytest
import torch

from egan.collection import testing as checks
from egan.collection.pixelcnn import PixelCnnSettings
from egan.collection.pixelcnn import networks as pixel_networks
from egan.collection.pixelcnn.model import PixelCnn
from egan.collection.pixelcnn.networks import (
    Masked,
    PixelNetwork,
    colours,
    lowered,
    skewed,
    straightened,
)
from egan.data.levels import quantised
from population.seeding import preserved_randomness

CELLS = ["plain", "gated", "row", "diagonal"]


def network(cell, *, channels=1, blocks=2, width=6, levels=3, **changed):
    settings = PixelCnnSettings(cell=cell, width=width, blocks=blocks, levels=levels, **changed)
    with preserved_randomness():
        torch.manual_seed(0)
        made = PixelNetwork(channels, settings).double()
        for parameter in made.parameters():
            torch.nn.init.normal_(parameter, std=0.5)
    return made.eval()


def jacobian(made, shape):
    """Return how each number's logits change with each number of an image, (D, D)."""
    size = math.prod(shape)
    image = torch.linspace(-1, 1, size, dtype=torch.float64).sin().view(1, *shape)
    found = torch.autograd.functional.jacobian(made, image)  # (1, C, Q, H, W, 1, C, H, W)
    found = found[0].abs().sum(dim=1)[:, :, :, 0]
    order = [(c, i, j) for i in range(shape[1]) for j in range(shape[2]) for c in range(shape[0])]
    rows = [torch.stack([found[(*one, *other)] for other in order]) for one in order]
    return torch.stack(rows)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_a_number_sees_only_what_comes_before(cell, channels):
    found = jacobian(network(cell, channels=channels, width=12), (channels, 3, 4))
    assert (found.triu() == 0).all()  # exactly
    assert (found.tril(-1) != 0).float().mean() > 0.3


UP_TO_THE_END = {(i, j): [(i - 1, 4)] for i in range(1, 5) for j in range(3)}
TRIANGLE = {(1, 0): [(0, 2), (0, 3), (0, 4)], (1, 1): [(0, 3), (0, 4)], (1, 2): [(0, 4)]}


@pytest.mark.parametrize(
    ("cell", "blind"),
    [("plain", TRIANGLE), ("gated", {}), ("row", TRIANGLE), ("diagonal", UP_TO_THE_END)],
)
def test_what_stays_unseen(cell, blind, monkeypatch):
    monkeypatch.setattr(pixel_networks, "FIRST_KERNEL", 3)
    found = jacobian(network(cell, blocks=4, width=12), (1, 5, 5))
    unseen = {divmod(i, 5): [divmod(j, 5) for j in range(i) if found[i, j] == 0] for i in range(25)}
    first = {at: seen for at, seen in unseen.items() if seen and (at[0] < 2 or cell == "diagonal")}
    assert first == blind


@pytest.mark.parametrize("cell", CELLS)
def test_probabilities_of_all_images_add_up_to_one(cell):
    everything = torch.tensor(list(itertools.product([-1.0, 1.0], repeat=4)), dtype=torch.float64)
    model = built(cell, levels=2, shape=(1, 2, 2))
    model.network.double()
    total = model.log_likelihood(everything.view(16, 1, 2, 2)).exp().sum()
    assert total.item() == pytest.approx(1.0, abs=1e-12)


def built(cell, *, levels=3, shape=(1, 4, 4), width=6):
    settings = PixelCnnSettings(cell=cell, width=width, blocks=1, levels=levels, batch_size=4)
    task = checks.task_of("pixelcnn", checks.random_images(shape))
    return checks.built(partial(PixelCnn, settings=settings, task=task))


@pytest.mark.parametrize("cell", CELLS)
def test_samples_have_the_law_that_is_told(cell):
    model = built(cell, levels=2, shape=(1, 2, 2))
    with preserved_randomness():
        for parameter in model.network.parameters():
            torch.nn.init.normal_(parameter, std=0.6, generator=torch.Generator().manual_seed(1))
    everything = torch.tensor(list(itertools.product([-1.0, 1.0], repeat=4))).view(16, 1, 2, 2)
    with model.judging():
        law = model.log_density(everything, model.rng).exp()
        made = model.sample(6000, torch.Generator().manual_seed(2))
    numbers = quantised(made, 2).flatten(1) @ torch.tensor([8, 4, 2, 1])
    shares = numbers.bincount(minlength=16) / 6000
    torch.testing.assert_close(shares, law, atol=0.025, rtol=0)


def test_a_completion_keeps_its_upper_rows():
    model = built("gated")
    images = model.task.held_out.real(3)
    with model.judging():
        done = model.completed(images, 2, torch.Generator().manual_seed(0))
    assert torch.equal(quantised(done, 3)[:, :, :2], quantised(images, 3)[:, :, :2])
    assert not torch.equal(quantised(done, 3)[:, :, 2:], quantised(images, 3)[:, :, 2:])


@pytest.mark.parametrize("cell", CELLS)
def test_training_lowers_the_bits(cell):
    dataset = checks.random_images((1, 4, 4), count=8)
    settings = PixelCnnSettings(cell=cell, width=8, blocks=1, levels=2, batch_size=8, lr=1e-2)
    task = checks.task_of("pixelcnn", dataset)
    model = checks.built(partial(PixelCnn, settings=settings, task=task, interval=30))
    images = dataset.real(8)
    with torch.no_grad():
        before = model.bits(images)
    with preserved_randomness():
        model.step()
    with model.judging():
        after = model.bits(images)
        scores = model.score()
    assert after < 0.9 * before
    nats = model.log_density(images, model.rng).mean().item()
    assert scores["fitness"] == pytest.approx(nats)
    assert scores["bits_per_dimension"] == pytest.approx(after)


def test_a_mask_a_leaves_the_pixel_out():
    before = colours(3, 3)
    a, b = (Masked(before, before, (3, 3), mask=kind).seen for kind in ("A", "B"))
    assert (a[:, :, 0] == 1).all()
    assert (a[:, :, 1, 0] == 1).all()
    assert a[:, :, 1, 1].tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0]]
    assert b[:, :, 1, 1].tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert (a[:, :, 1, 2:] == 0).all()
    assert (a[:, :, 2] == 0).all()


def test_features_belong_to_colours():
    assert colours(6, 3).tolist() == [0, 0, 1, 1, 2, 2]
    assert colours(8, 3, gates=2).tolist() == [0, 0, 1, 2] * 2


def test_rows_are_moved_there_and_back():
    features = torch.arange(2 * 3 * 4.0).view(1, 2, 3, 4) + 1
    moved = skewed(features)
    assert moved[0, 0].tolist() == [
        [1, 2, 3, 4, 0, 0],
        [0, 5, 6, 7, 8, 0],
        [0, 0, 9, 10, 11, 12],
    ]
    assert torch.equal(straightened(moved, 4), features)
    assert lowered(features)[0, 0].tolist() == [[0] * 4, [1, 2, 3, 4], [5, 6, 7, 8]]


def test_baselines_are_of_the_same_levels():
    model = built("gated", levels=3)
    found = model.task.baselines()
    assert found["each pixel alone"]["bits_per_dimension"] == pytest.approx(math.log2(3), abs=0.5)
    assert set(found["two neighbours"]) == {"nll", "bits_per_dimension"}


def test_wrong_settings_are_named():
    for changed, message in [
        ({"kernel": 4}, "--kernel must be odd"),
        ({"levels": 1}, "--levels must be from 2 to 256"),
        ({"dropout": 1.0}, "--dropout"),
    ]:
        with pytest.raises(ValueError, match=message):
            PixelCnnSettings(**changed).check()
    with pytest.raises(ValueError, match="--width must be at least 3"):
        built("plain", shape=(3, 4, 4), width=2)
