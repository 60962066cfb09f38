"""Translation where nobody knows what belongs together: of domains, and of pairs drawn apart."""

import numpy as np
import pytest
import torch
from PIL import Image

from egan.data.dataset import Dataset
from egan.judging.features import Features
from egan.tasks import Translation, UnpairedTranslation

DARK, LIGHT = 7, 11


class Negative:
    """Turns images into their negatives."""

    def translate(self, source, rng):
        return -source


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def images(count, low, high, seed=0):
    return np.random.default_rng(seed).integers(low, high, (count, 1, 8, 8), np.uint8)


def pairs(seed=0):
    source = images(40, 0, 256, seed)
    return Dataset("pairs", source, annotations={"target": 255 - source})


def domains(dark=DARK, light=LIGHT, seed=0):
    """Return dark images and light ones, between each other."""
    samples = np.concatenate([images(dark, 0, 100, seed), images(light, 156, 256, seed + 1)])
    kinds = np.repeat([0, 1], [dark, light])
    order = np.random.default_rng(2).permutation(len(kinds))
    return Dataset("domains", samples[order], annotations={"domain": kinds[order]})


def task_of(data, held_out=None):
    features = Features(lambda samples: samples.flatten(1)[:, :3])
    task = UnpairedTranslation(data, held_out or data, features)
    task.num_judged = 40
    return task


def test_targets_of_pairs_are_drawn_apart():
    data = pairs()
    batch = task_of(data).draw(200, rng())
    paired = Translation(data, data, Features(lambda samples: samples.flatten(1)[:, :3]))
    assert torch.equal(batch.samples, paired.draw(200, rng()).samples)
    own = (batch.codes["target"] + batch.samples).abs().flatten(1).amax(dim=1) < 1e-5
    assert own.float().mean() < 0.1
    known = {image.tobytes() for image in data.annotations["target"]}
    stored = ((batch.codes["target"] + 1) * 127.5).round().to(torch.uint8).numpy()
    assert {image.tobytes() for image in stored} <= known


def test_sources_and_targets_are_those_of_their_domains():
    task = task_of(domains())
    batch = task.draw(60, rng())
    assert (batch.samples < 0).all()
    assert (batch.codes["target"] > 0).all()
    assert len({image.numpy().tobytes() for image in batch.samples}) == DARK
    assert len({image.numpy().tobytes() for image in batch.codes["target"]}) == LIGHT
    assert UnpairedTranslation.compared(task.data).samples.min() >= 156


def test_of_domains_there_is_no_truth_to_differ_from():
    task = task_of(domains(30, 40), domains(20, 12, seed=5))
    scores = task.score(Negative(), rng())
    assert set(scores) == {"fitness", "frechet"}
    assert scores["fitness"] == -scores["frechet"]
    found = task.baselines()
    assert set(found) == {"mean colour", "source as it is"}
    assert scores["frechet"] < found["source as it is"]["frechet"]
    assert task.row_names == ("source", "output", "targets")


def test_of_pairs_the_truth_is_scored_beside_and_counts_for_nothing():
    task = task_of(pairs(), pairs(1))
    scores = task.score(Negative(), rng())
    assert scores["l1"] == pytest.approx(0.0, abs=1e-6)
    other = task.compare(torch.zeros(40, 1, 8, 8), -task.held_out.real(40))
    assert other["l1"] > 0.1
    assert other["fitness"] == -other["frechet"]
    assert task.row_names[-1] == "truth"


def test_pictures_have_as_many_of_both():
    task = task_of(domains(3, 20))
    source, target = task.pairs_held_out(10)
    assert (len(source), len(target)) == (3, 10)
    for picture in (task.show_real(), task.show_rows(Negative(), rng())):
        assert isinstance(picture, Image.Image)


def test_too_few_sources_to_judge_by():
    with pytest.raises(ValueError, match="keeps 1 of 7 sources to judge translations by"):
        task_of(domains(), domains(1, 5))


@pytest.mark.parametrize("kind", [UnpairedTranslation, Translation])
def test_data_that_will_not_do_are_told_of_with_such_that_will(kind):
    plain = Dataset("digits", images(4, 0, 255))
    with pytest.raises(ValueError, match="has no annotations. Give two folders"):
        kind.compared(plain)
    if kind is Translation:
        with pytest.raises(ValueError, match="needs data with 'target' .* has domain"):
            kind.compared(domains())
