"""Crowded scenes: what their label maps say is what is painted."""

import numpy as np
import pytest

from egan.data import load
from egan.data.crowds import REGIONS, SEGMENTATION


@pytest.fixture(scope="module")
def crowds():
    return load("crowds")


def test_every_class_is_there_and_scenes_differ(crowds):
    maps = crowds.annotations[SEGMENTATION]
    assert maps.shape == (2000, 32, 32)
    assert crowds.class_names == REGIONS
    shares = np.bincount(maps.ravel()) / maps.size
    assert len(shares) == len(REGIONS)
    assert shares[0] > 0.5
    assert shares.min() > 0.01
    assert len(np.unique(maps.reshape(2000, -1), axis=0)) == 2000


def test_classes_have_their_colours_on_average_and_noise_hides_them(crowds):
    maps = crowds.annotations[SEGMENTATION]
    colours = crowds.samples.transpose(0, 2, 3, 1)
    inside = [colours[maps == number] for number in range(len(REGIONS))]
    means = np.stack([one.mean(axis=0) for one in inside])
    assert (means.argmax(axis=1)[1:4] == [0, 1, 2]).all(), "red, green, blue"
    assert means[4, :2].min() > means[4, 2] + 40, "yellow"
    assert np.ptp(means[[0, 5]], axis=1).max() < 25, "background and lines are grey"
    assert means[5].mean() > means[0].mean() + 30
    assert min(one.std(axis=0).max() for one in inside) > 50


def test_lines_are_thin_and_shapes_touch(crowds):
    maps = crowds.annotations[SEGMENTATION].astype(int)
    line = maps == len(REGIONS) - 1
    inner = line[:, 1:-1, 1:-1] & line[:, :-2, 1:-1] & line[:, 2:, 1:-1]
    inner &= line[:, 1:-1, :-2] & line[:, 1:-1, 2:]
    assert inner.sum() < 0.05 * line.sum()
    shapes = np.where(line, 0, maps)
    meet = (shapes[:, 1:] != shapes[:, :-1]) & (shapes[:, 1:] > 0) & (shapes[:, :-1] > 0)
    assert meet.any(axis=(1, 2)).mean() > 0.3


def test_other_sizes_and_grey(crowds):
    small = load("crowds", image_size=16, channels=1)
    assert small.samples.shape == (2000, 1, 16, 16)
    share = (crowds.annotations[SEGMENTATION] == 2).mean()
    assert (small.annotations[SEGMENTATION] == 2).mean() == pytest.approx(share, rel=0.2)
