"""Translation, with a toy model, by the interface of tasks alone: nothing else knows of it."""

import dataclasses
import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from egan.config import Settings
from egan.data import load
from egan.data.dataset import Dataset
from egan.tasks import Needs, Translation
from egan.training.model import Model
from population import PopulationBasedTraining, Search
from population.spaces import LogUniform
from population.testing import check_member

COUNT = 60


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def pairs(count=COUNT, *, seed=0, colours=1):
    """Return sources of noise, each with its negative for a target."""
    source = np.random.default_rng(seed).integers(0, 256, (count, 1, 8, 8), np.uint8)
    target = np.repeat(255 - source, colours, axis=1)
    return Dataset("pairs", source, annotations={"target": target})


def features():
    from egan.judging.features import Features

    return Features(lambda samples: samples.flatten(1)[:, :6])


def task_of(data=None, held_out=None, **options):
    data = data or pairs()
    task = Translation(data, held_out or pairs(seed=1), features(), **options)
    task.num_judged = 40
    return task


@dataclass(frozen=True, kw_only=True)
class ToySettings(Settings):
    """Settings of a toy."""

    batch_size: int = 16
    lr: float = 0.05


class Toy(Model):
    """Scales and shifts every pixel; trained on pairs it turns sources into their negatives."""

    task_type: ClassVar = Translation
    learning: ClassVar = {"network": "lr"}

    def build(self):
        network = nn.Conv2d(1, 1, 1)
        return {"network": network}

    def update(self):
        batch = self.draw()
        made = self.networks["network"](batch.samples)
        self.descend((made - batch.codes["target"]).abs().mean(), "network")

    def translate(self, source, rng):
        return self.networks["network"](source)


@pytest.fixture
def toy():
    torch.manual_seed(0)
    return Toy({}, settings=ToySettings(), task=task_of(), interval=60)


class Negative:
    """A perfect model."""

    def translate(self, source, rng):
        return -source


class Brush:
    """One that uses its random numbers."""

    def translate(self, source, rng):
        return source + torch.randn(source.shape, generator=rng)


def test_a_batch_has_the_target_of_each_source():
    batch = task_of().draw(12, rng())
    assert batch.samples.shape == batch.codes["target"].shape == (12, 1, 8, 8)
    torch.testing.assert_close(batch.codes["target"], -batch.samples)
    again = task_of().draw(12, rng())
    assert torch.equal(batch.samples, again.samples)


def test_a_perfect_translation_has_no_difference():
    scores = task_of().score(Negative(), rng())
    assert scores["l1"] == pytest.approx(0.0, abs=1e-6)
    assert scores["fitness"] == pytest.approx(-scores["frechet"] - scores["l1"])


def test_the_difference_counts_as_it_is_weighed():
    held_out = pairs(seed=1)
    plain, heavy = (task_of(held_out=held_out, l1_weight=w) for w in (1.0, 10.0))
    source = held_out.real(40)
    scores, others = (task.compare(source, -source) for task in (plain, heavy))
    assert scores["l1"] == pytest.approx(float((2 * source).abs().mean()))
    assert scores["fitness"] - others["fitness"] == pytest.approx(9 * scores["l1"])


def test_what_is_compared_with_is_the_targets():
    data = pairs(colours=3)
    compared = Translation.compared(data)
    assert compared.shape == (3, 8, 8)
    assert np.array_equal(compared.samples, data.annotations["target"])
    assert compared.name == "pairs, targets"


def test_random_numbers_reach_the_model():
    scores = [task_of().score(Brush(), rng(seed)) for seed in (1, 1, 2)]
    assert scores[0] == scores[1] != scores[2]


def test_pictures_are_rows_of_sources_translations_and_truth():
    task = task_of()
    [(name, draw)] = task.pictures(Negative()).items()
    assert name == "translations"
    picture = draw(rng())
    assert isinstance(picture, Image.Image)
    assert picture.width > picture.height, "ten in a row, three rows"
    assert np.array_equal(np.asarray(picture), np.asarray(draw(rng())))
    assert not np.array_equal(np.asarray(picture), np.asarray(task.pictures(Brush())[name](rng())))
    assert isinstance(task.show_real(), Image.Image)


def test_pictures_of_grey_sources_and_coloured_targets():
    task = task_of(pairs(colours=3), pairs(seed=1, colours=3))

    class Coloured:
        def translate(self, source, rng):
            return -source.expand(-1, 3, -1, -1)

    assert task.score(Coloured(), rng())["l1"] == pytest.approx(0.0, abs=1e-6)
    assert task.pictures(Coloured())["translations"](rng()).mode == "RGB"
    assert "source as it is" not in task.baselines()


def test_baselines_are_the_source_and_the_mean_colour():
    task = task_of()
    found = task.baselines()
    assert set(found) == {"mean colour", "source as it is"}
    source, target = task.held_out.real(40), -task.held_out.real(40)
    colour = float(-task.data.tensor(np.arange(COUNT)).mean())
    expected = float((colour - target).abs().mean())
    assert found["mean colour"]["l1"] == pytest.approx(expected, rel=1e-5)
    assert found["source as it is"]["l1"] == pytest.approx(float((2 * source).abs().mean()))
    assert task.score(Negative(), rng())["fitness"] > max(
        scores["fitness"] for scores in found.values()
    )


def test_a_model_keeps_its_promises_without_a_line_elsewhere():
    task = task_of()
    check_member(
        lambda h: Toy(h, settings=ToySettings(), task=task, interval=2),
        {},
        changed={"lr": 0.5},
    )


def test_a_model_learns_to_translate(toy):
    from population.seeding import Seeds

    toy.seeds = Seeds(0, 1, 0)
    before = toy.evaluate()
    toy.step()
    after = toy.evaluate()
    assert after["l1"] < 0.1 < before["l1"]
    baselines = toy.task.baselines().values()
    assert after["fitness"] > max(scores["fitness"] for scores in baselines)
    toy.rng = rng()
    with toy.judging():
        assert set(toy.look()) == set(after) == {"fitness", "frechet", "l1"}
        assert isinstance(toy.pictures()["translations"](rng()), Image.Image)


def test_a_model_is_tuned():
    task = task_of()
    strategy = PopulationBasedTraining({"lr": LogUniform(1e-3, 0.1)}, 3)
    search = Search(
        lambda h: Toy(h, settings=ToySettings(), task=task, interval=5), strategy, seed=0
    )
    history = search.run(3).history
    assert not history["error"].any()
    assert {"frechet", "l1", "lr"} <= set(history)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (load("digits"), "Toy needs data with 'target' for each sample, but digits has no"),
        (load("gaussians8"), "Toy needs images, but gaussians8 has samples of shape (2,) (points)"),
    ],
    ids=["no targets", "points"],
)
def test_data_that_will_not_do(data, message):
    task = task_of()
    task.data = data
    with pytest.raises(ValueError, match=re.escape(message)):
        Toy({}, settings=ToySettings(), task=task)


def test_it_says_what_it_needs_and_what_leads():
    assert Translation.needs.annotations == ("target",)
    assert Translation.leading[0] == "l1"
    assert dataclasses.asdict(Needs()) == {
        "labels": False,
        "kinds": (),
        "annotations": (),
        "either": (),
        "mend": "",
    }
