"""A verdict on samples: what it measures, how sure it is, and what is a copy."""

import dataclasses
import math

import numpy as np
import pytest

from egan.data import load
from egan.data.dataset import Dataset
from egan.judging import classifier
from egan.judging.alike import at_most, comparable
from egan.judging.verdict import verdict


def pixels(samples):
    return samples.flatten(1)[:, ::5]


def noise(count=60, *, size=8, channels=1, seed=0, labels=None, **options):
    stored = np.random.default_rng(seed).integers(0, 256, (count, channels, size, size), np.uint8)
    return Dataset("noise", stored, labels, **options)


def stripes(count=60, *, seed=0, labelled=True):
    """Return images with bright rows (class 0) or bright columns (class 1), and noise."""
    stored = np.random.default_rng(seed).integers(0, 60, (count, 1, 8, 8), np.uint8)
    stored[::2, :, ::2] += 150
    stored[1::2, :, :, ::2] += 150
    return Dataset("stripes", stored, np.arange(count) % 2 if labelled else None)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(classifier, "MIN_STEPS", 40)
    monkeypatch.setattr(classifier, "MAX_STEPS", 40)


def test_samples_of_the_same_law_are_as_good_as_real_ones():
    found = verdict(noise(200), noise(200, seed=1), spec=pixels, num_parts=20)
    for name in ("precision", "recall", "coverage", "memorised", "density"):
        one = found.measures[name]
        assert one.low <= one.value <= one.high
        assert one.low - 0.15 <= one.floor <= one.high + 0.15, name
    assert found.measures["mmd"].low < 0.1
    assert 0.3 < found.measures["memorised"].value < 0.7


def test_copies_are_told():
    real = noise(100)
    found = verdict(real, dataclasses.replace(real, samples=real.samples[:40]), spec=pixels)
    assert found.memorisation.nearest.tolist() == list(range(40))
    assert found.measures["memorised"].value == 1.0
    assert found.measures["memorised"].floor < 0.8


def test_the_same_seed_gives_the_same_verdict():
    sets = noise(60), noise(60, seed=1)
    one, two, other = (
        verdict(*sets, spec=pixels, num_parts=5, seed=seed).measures for seed in (0, 0, 1)
    )
    assert one == two
    assert one["frechet"].value == other["frechet"].value
    assert one["frechet"].high != other["frechet"].high


def test_a_distance_has_an_interval_by_factors():
    one = verdict(noise(60), noise(60, seed=1), spec=pixels, num_parts=10).measures["frechet"]
    assert 0 < one.low < one.value < one.high
    assert one.value / one.low == pytest.approx(one.high / one.value)


def test_classes_are_seen_and_learned_from(quick, tmp_path):
    found = verdict(stripes(200), stripes(100, seed=1), cache=tmp_path, num_parts=5).measures
    assert found["classes"].value == 2.0
    assert found["accuracy"].value > 0.9
    assert found["classification_score"].value > 0.9
    assert found["classification_score"].floor > 0.9
    assert found["classification_score"].high <= 1.0


def test_labels_that_lie_are_told(quick, tmp_path):
    made = stripes(100, seed=1)
    liar = dataclasses.replace(made, labels=1 - made.labels)
    found = verdict(stripes(200), liar, cache=tmp_path, num_parts=5).measures
    assert found["accuracy"].value < 0.1
    assert found["classification_score"].value < 0.1


def test_without_labels_there_is_no_classification_score(quick, tmp_path):
    found = verdict(stripes(200), stripes(labelled=False), cache=tmp_path, num_parts=5)
    assert "classification_score" not in found.measures
    assert found.notes == ("no classification score: the generated images have no labels",)


def test_a_class_that_lacks_is_told(quick, tmp_path):
    made = stripes(60)
    made = dataclasses.replace(made, labels=np.zeros(60, np.int64))
    found = verdict(stripes(200), made, cache=tmp_path, num_parts=5)
    assert "1 of 2 classes have no generated image" in found.notes[0]


def test_weak_features_are_told(quick, tmp_path):
    assert "in weak features" in verdict(noise(60), noise(60), cache=tmp_path, num_parts=2).caveat


def test_points_have_modes():
    real = load("gaussians8")
    made = Dataset("mine", real.samples[:300])
    found = verdict(at_most(real, 500), made, num_parts=3).measures
    assert found["modes"].value == 8.0
    assert found["high_quality"].value > 0.9
    assert math.isfinite(found["jsd"].high)


def test_few_samples_are_refused():
    with pytest.raises(ValueError, match="20 generated samples or more; got 7"):
        verdict(noise(60), noise(7), spec=pixels)


def test_grey_is_compared_with_colour_in_colour():
    real, made, _ = comparable(noise(20), noise(20, channels=3))
    assert real.shape == made.shape == (3, 8, 8)


def test_unlike_sets_are_refused():
    with pytest.raises(ValueError, match="must be alike, but got images of"):
        comparable(noise(20), noise(20, size=9))
    with pytest.raises(ValueError, match="points of"):
        comparable(noise(20), load("gaussians8"))


def test_classes_are_matched_by_name():
    real = noise(20, labels=np.arange(20) % 3, class_names=("cat", "dog", "eel"))
    made = noise(20, labels=np.arange(20) % 2, class_names=("eel", "dog"))
    _, found, notes = comparable(real, made)
    assert found.labels[:4].tolist() == [2, 1, 2, 1]
    assert found.class_names == real.class_names
    assert notes == []


def test_folders_that_are_no_classes_of_the_real_ones_are_left_out():
    real = noise(20, labels=np.arange(20) % 2)
    made = noise(20, labels=np.arange(20) % 2, class_names=("part1", "part2"))
    _, found, notes = comparable(real, made)
    assert found.labels is None
    assert "no real image is of part1, part2" in notes[0]
