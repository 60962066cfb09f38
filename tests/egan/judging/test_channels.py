"""Stacked images judged by a classifier of single ones."""

import numpy as np
import pytest
import torch

from egan.data.dataset import Dataset
from egan.data.stacked_mnist import stacked
from egan.judging import features
from egan.judging.channels import PerChannel
from egan.judging.classifier import Recipe
from egan.judging.features import extractor
from egan.judging.judge import COUNTED, DISTANCES, SAMPLES_A_MODE, columns, judge
from egan.tasks import Generation

NUM_CLASSES, SIZE = 3, 8


@pytest.fixture(scope="module")
def data():
    """Images of three channels, each a bar of one of three heights, with some noise."""
    rng = np.random.default_rng(0)
    labels = np.arange(300) % NUM_CLASSES
    bars = rng.integers(0, 60, (300, 1, SIZE, SIZE), dtype=np.uint8)
    for image, label in zip(bars, labels, strict=True):
        image[0, : 2 + 2 * label] += 190
    single = Dataset("bars", bars, labels, test=np.arange(60))
    return stacked("stacked", single)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def judged(data, cache):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features.classifier, "MIN_STEPS", 100)
        return extractor(data, cache=cache)


def test_modes_are_numbers_whose_digits_are_the_channels_classes(data, judged):
    assert judged.num_modes == NUM_CLASSES**3
    assert judged.accuracy > 0.99
    expected = data.annotations["digits"] @ [9, 3, 1]
    assert np.array_equal(judged.modes(data.tensor(np.arange(100))), expected[:100])
    assert not judged.classifies


def test_features_are_those_of_the_channels_side_by_side(data):
    with torch.no_grad():
        network = features.classifier.build(data.singles)
        images = data.tensor([0, 1])
        found = PerChannel(network).embed(images)
        expected = [network.embed(images[:, i : i + 1]) for i in range(3)]
    torch.testing.assert_close(found, torch.cat(expected, dim=1))


def test_real_images_have_all_modes_and_one_channel_alone_has_few(data, judged):
    task = Generation(data, data, judged)
    assert task.num_looked_at == SAMPLES_A_MODE * 27
    real = data.real(task.num_looked_at)
    scores = judge(data, judged, real)
    assert tuple(scores) == columns(data, judged) == DISTANCES + COUNTED
    assert scores["modes"] == 27
    assert scores["kl_modes"] < 0.1
    same = judge(data, judged, real[:, :1].repeat(1, 3, 1, 1))
    assert same["modes"] == NUM_CLASSES
    assert same["kl_modes"] == pytest.approx(np.log(9), abs=0.1)


def test_the_classifier_learns_from_single_images_and_from_no_other(data, monkeypatch, tmp_path):
    given = []

    def train(known, *, test, recipe):
        given.append((known, test, recipe))
        return features.classifier.build(known), 0.5

    monkeypatch.setattr(features.classifier, "train", train)
    assert extractor(data, cache=tmp_path).accuracy == 0.5
    [(known, test, recipe)] = given
    assert (len(known), len(test), known.shape) == (240, 60, (1, SIZE, SIZE))
    assert isinstance(recipe, Recipe)


def test_features_of_one_s_own_leave_the_counting_as_it_is(data, judged, cache):
    own = extractor(data, cache=cache, spec=lambda images: images.flatten(1)[:, :5])
    assert own.features(data.real(4)).shape == (4, 5)
    assert own.num_modes == 27
