"""Samples by number: what each depends on, and what can be asked of which model."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from egan import collection
from egan.collection.api import build, task_class
from egan.collection.saved import save
from egan.collection.testing import small, task_of
from egan.data import load as load_data
from egan.data.dataset import Dataset
from egan.sampling import order as ordering
from egan.sampling.order import Order, block_size, blocks
from egan.tasks import Translation
from egan.training.model import Model


def makes_samples_of_nothing(name):
    kind = collection.paper(name)
    task_type = getattr(kind.task_type, "func", kind.task_type)
    return kind.sample is not Model.sample and not task_type.asks.inputs


SAMPLING = [name for name in collection.MODELS if makes_samples_of_nothing(name)]


@pytest.fixture(scope="module", autouse=True)
def _quick():
    """Take batch norm's statistics of few samples."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("egan.training.sides.NUM_STATISTICS", 20)
        yield


@pytest.fixture(scope="module")
def digits():
    return load_data("digits")


@pytest.fixture(scope="module")
def model_of(digits, tmp_path_factory):
    """Return what loads a tiny model from the file of one that was saved."""
    folder, files = tmp_path_factory.mktemp("weights"), {}

    def load(name, **changes):
        key = name, *changes.values()
        if key not in files:
            config = dataclasses.replace(small(name), **changes)
            model = build(config, task_of(name, suitable(config, name, digits)))
            model.training(False)
            files[key] = folder / f"{len(files)}.safetensors"
            save(files[key], model, config, steps=0)
        return collection.load(files[key])

    return load


def suitable(config, name, digits):
    """Return digits, or what the preset learns from where those are of no use to it."""
    needs = task_class(name).needs
    fits = not needs.annotations and (not needs.kinds or isinstance(digits.kind, needs.kinds))
    return digits if fits else load_data(config.data.name)


def niches(config, num=2):
    return dataclasses.replace(config.evolution, niches=num)


def made(model, **options):
    return torch.cat([block.samples for block in blocks(model, Order(**options))])


def labels(model, **options):
    return torch.cat([block.labels for block in blocks(model, Order(**options))]).tolist()


@pytest.mark.parametrize("name", SAMPLING)
def test_a_sample_depends_on_seed_and_number_alone(name, model_of, monkeypatch):
    monkeypatch.setattr(ordering, "MOST", 4)
    model = model_of(name)
    whole = made(model, count=10)
    assert whole.shape == (10, *model.shape)
    assert torch.equal(made(model_of(name), count=6), whole[:6])
    assert not torch.equal(made(model, count=6, seed=1), whole[:6])
    assert not torch.equal(whole[:4], whole[4:8])


def test_so_does_a_sample_of_niches(model_of, monkeypatch):
    monkeypatch.setattr(ordering, "MOST", 4)
    changes = {"evolve": "minimax,heuristic", "evolution": niches(small("dcgan"))}
    model = model_of("dcgan", **changes)
    assert len(model.members) == 2
    whole = made(model, count=10)
    assert torch.equal(made(model, count=7), whole[:7])


def test_classes_come_in_turn(model_of, monkeypatch):
    monkeypatch.setattr(ordering, "MOST", 5)
    assert labels(model_of("cgan"), count=12, classes=(7, 3, 5)) == [7, 3, 5] * 4


def test_without_classes_they_are_as_often_as_in_the_data(model_of, digits):
    found = np.bincount(labels(model_of("cgan"), count=2000), minlength=10) / 2000
    assert found == pytest.approx(np.bincount(digits.labels) / len(digits), abs=0.03)


def test_niches_of_classes_make_those_that_are_asked_for(model_of):
    changes = {"evolve": "minimax,heuristic", "evolution": niches(small("biggan"))}
    assert labels(model_of("biggan", **changes), count=4, classes=(5,)) == [5] * 4


def test_truncation_pulls_styles_to_their_mean(model_of):
    model = model_of("stylegan")
    plain, whole = made(model, count=20), made(model, count=20, truncation=1.0)
    assert torch.allclose(plain, whole, atol=1e-6)
    spreads = [made(model, count=20, truncation=psi).std(dim=0).mean() for psi in (0.0, 0.5, 1.0)]
    assert spreads[0] < spreads[1] < spreads[2]
    assert model.truncation is None
    assert torch.equal(made(model, count=20), plain)


def test_truncation_draws_codes_anew(model_of):
    model = model_of("biggan")
    plain = made(model, count=8)
    with model.truncating(0.5):
        codes = model.codes(500, torch.Generator().manual_seed(0))["z"]
    assert codes.abs().max() <= 0.5
    assert not torch.equal(made(model, count=8, truncation=0.5), plain)
    assert torch.equal(made(model, count=8), plain)
    assert made(model, count=8, truncation=math.inf).shape == plain.shape


def test_niches_are_truncated_each(model_of):
    changes = {"evolve": "minimax,heuristic", "evolution": niches(small("stylegan"))}
    model = model_of("stylegan", **changes)
    with model.truncating(0.5):
        assert [game.truncation for game in model.members] == [0.5] * 2
    assert [game.truncation for game in model.members] == [None] * 2


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("dcgan", {"classes": (1,)}, "Dcgan is not told which to make"),
        ("dcgan", {"truncation": 0.5}, "Dcgan has no truncation"),
        ("vae", {"truncation": 0.5}, "Vae has no truncation"),
        ("stylegan", {"truncation": 1.5}, "must be from 0 to 1, but got 1.5"),
        ("biggan", {"truncation": 0.0}, "must be from 0.001 to inf, but got 0"),
        ("biggan", {"truncation": math.nan}, "but got nan"),
        ("vae", {"count": 0}, "--count must be 1 or more, but got 0"),
        ("vae", {"seed": -1}, "--seed must be 0 or more, but got -1"),
        ("capsnet", {}, "CapsNet makes no samples"),
    ],
)
def test_what_a_model_cannot_do_is_refused(name, options, message, model_of):
    with pytest.raises(ValueError, match=message):
        next(blocks(model_of(name), Order(**{"count": 3, **options})))


def test_samples_that_are_not_finite_are_refused(model_of):
    model = model_of("vae")
    for parameter in model.networks["vae"].parameters():
        parameter.fill_(math.nan)
    with pytest.raises(ValueError, match="100 of 100 samples from number 0 on are not finite"):
        next(blocks(model, Order(count=3)))


class Inverter:
    """Turns images into their negatives."""

    shape = (1, 4, 4)
    truncation = None

    def __init__(self, data):
        self.task = Translation(data, data, None)

    def judging(self):
        return torch.no_grad()

    def translate(self, source, rng):
        return -source


def test_a_translation_is_made_of_each_image(monkeypatch):
    monkeypatch.setattr(ordering, "MOST", 2)
    pixels = np.random.default_rng(0).integers(0, 256, (5, 1, 4, 4), np.uint8)
    model = Inverter(Dataset("pairs", pixels, annotations={"target": 255 - pixels}))
    sources = Dataset("mine", pixels)
    assert torch.equal(made(model, count=5, sources=sources), -sources.real(5))
    with pytest.raises(ValueError, match="Inverter turns images into others; give them by --inpu"):
        made(model, count=5)


def test_images_are_no_use_to_a_generator(model_of, digits):
    with pytest.raises(ValueError, match="Dcgan makes nothing out of images; leave out --inputs"):
        made(model_of("dcgan"), count=2, sources=digits)


def test_large_samples_come_in_small_blocks():
    assert block_size((1, 8, 8)) == 100
    assert block_size((3, 256, 256)) == 10
    assert block_size((3, 1024, 1024)) == 1
