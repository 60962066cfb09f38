"""Segmentation as a task: scores, baselines, pictures, and label maps that are made for others."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from egan.collection.testing import features_of
from egan.data import load
from egan.data.crowds import SEGMENTATION
from egan.data.dataset import Dataset
from egan.tasks import Segmentation
from egan.tasks.segmentation import IGNORED


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def data(count=12, names=("0", "1", "2"), **changed):
    draws = np.random.default_rng(0)
    maps = draws.integers(3, size=(count, 4, 4)).repeat(2, 1).repeat(2, 2).astype(np.uint8)
    samples = np.repeat(100 * maps[:, None], 3, axis=1)
    given = {"annotations": {SEGMENTATION: maps}, "class_names": names, **changed}
    return Dataset("few", samples.astype(np.uint8), **given)


def task(dataset=None):
    dataset = dataset or data()
    return Segmentation(dataset, dataset, features_of(dataset))


class Knows:
    """Segments rightly what is as bright as its class, all but `wrong` of the images."""

    def __init__(self, wrong=0, value=1.0):
        self.wrong, self.value = wrong, value

    def segment(self, images, rng):
        maps = ((images[:, 0] + 1) * 127.5 / 100).round().long()
        maps[: self.wrong] = 0
        return self.value * torch.nn.functional.one_hot(maps, 3).permute(0, 3, 1, 2).float()


def test_all_right_scores_best_and_less_right_less():
    best = task().score(Knows(), rng())
    assert best == {"fitness": 2.0, "iou": 1.0, "boundary_f": 1.0, "component_error": 0.0}
    worse = task().score(Knows(wrong=6), rng())
    assert worse["iou"] < 0.8
    assert worse["boundary_f"] == pytest.approx(0.5)
    assert worse["component_error"] > 1
    assert worse["fitness"] == worse["iou"] + worse["boundary_f"]


def test_what_is_not_finite_has_no_scores():
    assert all(math.isnan(value) for value in task().score(Knows(value=math.nan), rng()).values())


def test_a_draw_has_each_image_with_its_map():
    batch = task().draw(20, rng())
    assert batch.samples.shape == (20, 3, 8, 8)
    brightness = ((batch.samples[:, 0] + 1) * 127.5 / 100).round().long()
    assert torch.equal(brightness, batch.codes[SEGMENTATION])
    assert task().shape == (3, 8, 8)


def test_baselines_are_the_most_frequent_class_and_colours():
    found = task().baselines()
    assert found["nearest mean colour"]["iou"] == 1
    assert found["most frequent class"]["boundary_f"] == 0
    lonely = data(names=("0", "1", "2", "never"))
    assert task(lonely).baselines()["nearest mean colour"]["iou"] == 1


def test_label_maps_are_made_as_images_of_their_numbers():
    its = task()
    source = its.data.real(5)
    made = its.make(Knows(), 5, rng(), given={"source": source})
    written = its.data.kind.encode(made.samples)
    assert np.array_equal(written[:, 0], its.data.annotations[SEGMENTATION][its.data.spread(5)])
    lost = its.make(Knows(value=math.nan), 5, rng(), given={"source": source})
    assert not torch.isfinite(lost.samples).any()


def test_pictures_have_the_masks_own_colours():
    its = task(data(names=("#000000", "#ff0000", "#00ff00")))
    its.data.annotations[SEGMENTATION].flags.writeable = False
    maps = torch.tensor([[[0, 1], [2, IGNORED]]])
    coloured = (its.coloured(maps)[0].permute(1, 2, 0) + 1) / 2
    assert coloured.reshape(4, 3).tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 1]]
    plain = (task().coloured(maps)[0] + 1) / 2
    assert len(torch.unique(plain.reshape(3, 4), dim=1).T) == 4
    assert isinstance(its.pictures(Knows())["segmentations"](rng()), Image.Image)
    assert isinstance(its.show_real(), Image.Image)


def test_data_without_maps_or_names_are_refused():
    with pytest.raises(ValueError, match="'segmentation' for each sample, but digits has"):
        task(load("digits"))
    with pytest.raises(ValueError, match="are named, but those of few are not"):
        task(data(names=()))
    with pytest.raises(ValueError, match="are named, but those of few are not"):
        task(data(labels=np.arange(12) % 3))
