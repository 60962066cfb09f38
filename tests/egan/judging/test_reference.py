import math
import pickle

import numpy as np
import pytest
import torch
from scipy.stats import entropy

import fitness
from egan.data import load
from egan.data.dataset import Dataset
from egan.data.splits import split
from egan.judging import classifier
from egan.judging.judge import DISTANCES
from egan.judging.reference import naive_samples, prepare, uniform_noise


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def digits(cache):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifier, "MIN_STEPS", 150)  # enough for these digits
        patch.setattr(classifier, "MAX_STEPS", 150)
        return prepare(load("digits", split="train"), load("digits", split="test"), cache=cache)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(classifier, "MIN_STEPS", 12)
    monkeypatch.setattr(classifier, "MAX_STEPS", 12)


def seeded():
    return torch.Generator().manual_seed(0)


def stripes(labelled=True):
    """Make images with bright rows (class 0) or bright columns (class 1)."""
    samples = np.random.default_rng(0).integers(0, 60, size=(80, 1, 8, 8)).astype(np.uint8)
    samples[::2, :, ::2] += 150
    samples[1::2, :, :, ::2] += 150
    data = Dataset("stripes", samples, np.arange(80) % 2 if labelled else None)
    return split(data, "train"), split(data, "test")


def test_both_classifiers_tell_test_digits_and_are_independent(digits):
    assert min(digits.features.accuracy, digits.second.accuracy) >= 0.97
    images = digits.test.real(500)
    assert digits.conditional_accuracy(images, digits.test.labels) == digits.second.accuracy
    first, second = digits.features.features(images), digits.second.features(images)
    assert np.abs(first - second).mean() > 0.3  # of a mean square of 1


def test_the_floor_is_far_below_the_naive_model_and_that_below_noise(digits):
    rows = digits.calibration
    assert list(rows) == ["floor", "gaussian", "noise"]
    assert 20 * rows["floor"]["frechet"] < rows["gaussian"]["frechet"] < rows["noise"]["frechet"]
    assert rows["floor"]["precision"] > 0.9
    assert rows["gaussian"]["precision"] < 0.6
    assert rows["floor"]["inception_score"] > 9
    assert rows["gaussian"]["inception_score"] < 6
    assert rows["floor"]["conditional_accuracy"] == digits.second.accuracy
    for name in ("gaussian", "noise"):  # labels mean nothing to them
        assert rows[name]["conditional_accuracy"] == pytest.approx(0.1, abs=0.04)
    assert digits.calibration is rows


def test_the_distance_is_that_to_the_training_examples(digits):
    samples = naive_samples(digits.train, 1000, seeded())
    judged = digits.judge(samples)
    assert judged["frechet"] == digits.frechet(samples)
    features = digits.features.features
    expected = fitness.frechet_distance(features(digits.train.real(1000)), features(samples))
    assert digits.frechet(samples) == expected
    assert digits.frechet(digits.train.real(1000)) == pytest.approx(0, abs=1e-6)


def test_scores_of_classes(digits):
    samples = digits.test.real(300)
    labels = digits.test.labels[digits.test.spread(300)]
    scores = digits.judge(samples, labels=labels)
    p = digits.features.probabilities(samples)
    assert p.sum(axis=1) == pytest.approx(np.ones(300))
    assert np.array_equal(p.argmax(axis=1), digits.features.classes(samples))
    expected = math.exp(entropy(p.mean(axis=0)) - entropy(p, axis=1).mean())
    assert scores["inception_score"] == pytest.approx(expected)
    assert scores["confidence"] == pytest.approx(p.max(axis=1).mean())
    collapsed = samples[:1].repeat(50, 1, 1, 1)
    assert digits.judge(collapsed)["intra_class_diversity"] == pytest.approx(0, abs=1e-5)
    assert "conditional_accuracy" not in digits.judge(samples)
    wrong = digits.judge(samples, labels=(labels + 1) % 10)
    assert scores["conditional_accuracy"] > 0.95
    assert wrong["conditional_accuracy"] < 0.05


def test_samples_that_are_not_finite_score_nan(digits):
    samples = digits.test.real(20).clone()
    samples[3, 0, 0, 0] = math.inf
    scores = digits.judge(samples, labels=digits.test.labels[:20])
    assert list(scores) == list(digits.judge(digits.test.real(20), labels=digits.test.labels[:20]))
    assert all(math.isnan(score) for score in scores.values())
    assert math.isnan(digits.frechet(samples))


def test_a_value_is_told_beside_its_calibration(digits):
    line = digits.beside("frechet", 1.25)
    assert line.startswith("frechet 1.25 (floor 0.1")
    assert "gaussian 9." in line


def test_it_is_the_same_from_the_cache_and_in_another_process(digits, cache):
    files = sorted(cache.iterdir())
    assert len(files) == 2
    again = prepare(digits.train, digits.test, cache=cache)
    copy = pickle.loads(pickle.dumps(again))
    samples = digits.test.real(100)
    assert digits.frechet(samples) == again.frechet(samples) == copy.frechet(samples)
    assert digits.calibration == copy.calibration
    assert sorted(cache.iterdir()) == files


def test_the_training_split_is_learnt_whole_and_the_test_split_not(monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr(
        classifier, "_fit", lambda n, data, indices, g, **_: seen.append((data, sorted(indices)))
    )
    train, test = stripes()
    prepare(train, test, cache=tmp_path)
    assert [data is train for data, _ in seen] == [True, True]
    assert all(indices == list(range(len(train))) for _, indices in seen)


def test_the_recipe_says_how_long():
    recipe = classifier.Recipe(examples_per_step=4)
    assert [recipe.num_steps(n) for n in (100, 4000, 60_000)] == [400, 1000, 3000]


def test_without_labels_there_are_distances_only(quick, tmp_path):
    reference = prepare(*stripes(labelled=False), cache=tmp_path)
    assert tuple(reference.judge(reference.test.real(16))) == DISTANCES
    with pytest.raises(ValueError, match="stripes has no classes to be right or wrong about"):
        reference.conditional_accuracy(reference.test.real(16), np.zeros(16))


@pytest.mark.parametrize("name", ["bimodal", "gaussians8"])
def test_points_are_judged_too(name, tmp_path):
    data = load(name)
    reference = prepare(split(data, "train"), split(data, "test"), cache=tmp_path)
    rows = reference.calibration
    assert rows["floor"]["mmd"] < rows["gaussian"]["mmd"] < rows["noise"]["mmd"]
    assert not list(tmp_path.iterdir())


def test_baselines_have_the_moments_and_the_range_of_the_data():
    data = load("digits", split="train")
    naive = naive_samples(data, 2000, seeded())
    real = data.tensor(np.arange(len(data)))
    spread = [samples[:, 0, 1, 3].std() for samples in (naive, real)]
    assert naive.min() >= -1
    assert naive.max() <= 1
    assert (naive.mean(0) - real.mean(0)).abs().max() < 0.2
    assert float(spread[0]) == pytest.approx(float(spread[1]), rel=0.15)
    noise = uniform_noise(data, 2000, seeded())
    assert noise.mean() == pytest.approx(0, abs=0.01)
    assert (noise.min(), noise.max()) == (pytest.approx(-1, abs=1e-3), pytest.approx(1, abs=1e-3))
    line = load("bimodal")
    points = uniform_noise(line, 500, seeded())
    assert line.samples.min() <= points.min() < points.max() <= line.samples.max()
