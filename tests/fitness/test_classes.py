"""Scores by classes against scipy, scikit-learn and closed forms."""

import itertools
import math

import numpy as np
import pytest
import scipy.special
import scipy.stats
import sklearn.metrics
import torch
from scipy.spatial.distance import pdist

from fitness import (
    Labelled,
    accuracy,
    class_coverage,
    inception_score,
    intra_class_diversity,
    linear_probe,
    normalized_mutual_information,
)
from fitness import classes as classes_module


def probabilities(n=200, k=7, *, seed=0, sharpness=3.0):
    logits = sharpness * np.random.default_rng(seed).normal(size=(n, k))
    return scipy.special.softmax(logits, axis=1)


def test_inception_score_agrees_with_entropies():
    p = probabilities()
    expected = scipy.stats.entropy(p.mean(axis=0)) - scipy.stats.entropy(p, axis=1).mean()
    assert inception_score(p) == pytest.approx(math.exp(expected), rel=1e-12)
    single = torch.tensor(p, dtype=torch.float32)
    assert inception_score(single) == pytest.approx(math.exp(expected), rel=1e-5)


def test_inception_score_at_its_ends():
    sure = np.tile(np.eye(5), (4, 1))
    assert inception_score(sure) == pytest.approx(5)
    assert inception_score(sure[[0, 0, 1, 1]]) == pytest.approx(2)
    assert inception_score(sure[:1]) == 1
    assert inception_score(np.full((9, 5), 0.2)) == pytest.approx(1)


def test_inception_score_refuses_what_are_no_probabilities():
    for bad in (probabilities() * 1.1, np.array([[1.5, -0.5]])):
        with pytest.raises(ValueError, match="sum to 1 in each row.*softmax"):
            inception_score(bad)


def test_accuracy_agrees_with_scikit_learn():
    scores, labels = probabilities(), np.random.default_rng(1).integers(7, size=200)
    expected = sklearn.metrics.accuracy_score(labels, scores.argmax(axis=1))
    assert accuracy(scores, labels) == pytest.approx(expected)
    assert accuracy(torch.tensor(scores), torch.tensor(labels)) == pytest.approx(expected)
    assert accuracy(scores, np.eye(7)[labels]) == pytest.approx(expected)


def test_accuracy_of_pairs_needs_both():
    scores = probabilities(300, 5)
    pairs = np.array(list(itertools.combinations(range(5), 2)))
    chosen = pairs[np.random.default_rng(2).integers(len(pairs), size=300)]
    wanted = np.zeros((300, 5))
    np.put_along_axis(wanted, chosen, 1, axis=1)
    best = np.sort(np.argsort(scores, axis=1)[:, -2:], axis=1)
    assert accuracy(scores, wanted) == (best == chosen).all(axis=1).mean() > 0
    assert accuracy(wanted, wanted) == 1


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (np.zeros(4), r"labels must be \(3,\).*got \(4,\)"),
        (np.array([0, 1, 2]), "from 0 to 1.*got 0 to 2"),
        (np.full((3, 2), 0.5), "zeros and ones"),
    ],
)
def test_accuracy_names_wrong_labels(labels, text):
    with pytest.raises(ValueError, match=text):
        accuracy(np.zeros((3, 2)), labels)


def test_diversity_within_classes_is_a_mean_of_mean_distances(monkeypatch):
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(60, 4)), rng.integers(3, size=60)
    expected = np.mean([pdist(features[labels == one]).mean() for one in range(3)])
    assert intra_class_diversity(features, labels) == pytest.approx(expected, rel=1e-9)
    assert intra_class_diversity(features + 1e3, labels) == pytest.approx(expected, rel=1e-9)
    small = classes_module.row_blocks
    monkeypatch.setattr(classes_module, "row_blocks", lambda n: small(n, size=7))
    assert intra_class_diversity(features, labels) == pytest.approx(expected, rel=1e-9)


def test_diversity_ignores_distances_between_classes_and_classes_of_one():
    features = np.array([[0.0], [3.0], [100.0], [100.0], [7.0]])
    assert intra_class_diversity(features, np.array([0, 0, 1, 1, 2])) == pytest.approx(1.5)
    with pytest.raises(ValueError, match="5 samples of 5 classes"):
        intra_class_diversity(features, np.arange(5))
    with pytest.raises(ValueError, match=r"labels must be \(5,\)"):
        intra_class_diversity(features, np.arange(4))


def test_mutual_information_agrees_with_its_definition():
    rng = np.random.default_rng(0)
    first = rng.integers(4, size=500)
    second = np.where(rng.random(500) < 0.6, (first + 1) % 4, rng.integers(6, size=500))
    joint = np.histogram2d(first, second, bins=(np.arange(5), np.arange(7)))[0] / 500
    entropies = [scipy.stats.entropy(joint.sum(axis=axis)) for axis in (0, 1)]
    shared = sum(entropies) - scipy.stats.entropy(joint.ravel())
    expected = shared / np.mean(entropies)
    assert normalized_mutual_information(first, second) == pytest.approx(expected, rel=1e-10)
    assert normalized_mutual_information(torch.tensor(first), 9 - first) == pytest.approx(1)
    with pytest.raises(ValueError, match=r"labels must be \(500,\).*got \(3,\)"):
        normalized_mutual_information(first[:3], second)


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ([0, 1, math.nan], "must be whole numbers, but 1 of 3"),
        ([0, 1, 1.5], "such as 1.5"),
        ([0, 1, math.inf], "such as inf"),
        ([0.2, 0.4, 0.6], "3 of 3"),
        ([0, 1, 4], "from 0 to 3"),
        ([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]], "1 of 3 samples have no class"),
        ([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, math.nan, 0]], "zeros and ones"),
    ],
)
def test_accuracy_refuses_labels_that_are_none(labels, text):
    with pytest.raises(ValueError, match=text):
        accuracy(probabilities(3, 4), np.array(labels))
    with pytest.raises(ValueError, match=text):
        accuracy(torch.tensor(probabilities(3, 4)), torch.tensor(labels))


@pytest.mark.parametrize("bad", [math.nan, 0.5, -math.inf])
def test_labels_are_whole_numbers_elsewhere_too(bad):
    labels = np.array([0.0, 0.0, 1.0, bad])
    with pytest.raises(ValueError, match="whole numbers"):
        intra_class_diversity(np.eye(4), labels)
    for pair in ((labels, np.arange(4)), (np.arange(4), labels)):
        with pytest.raises(ValueError, match="whole numbers"):
            normalized_mutual_information(*pair)
    good = Labelled(np.eye(4), np.array([0, 0, 1, 1]))
    for train, test in ((Labelled(np.eye(4), labels), good), (good, Labelled(np.eye(4), labels))):
        with pytest.raises(ValueError, match="whole numbers"):
            linear_probe(train, test)


def test_one_far_sample_leaves_the_others_their_distances():
    near = np.random.default_rng(0).normal(size=(40, 3))
    features = np.concatenate([near, [[1e9, 0, 0], [1e9, 0, 0]]])
    labels = np.array([0] * 40 + [1, 1])
    expected = pdist(near).mean() / 2
    assert intra_class_diversity(features, labels) == pytest.approx(expected, rel=1e-6)
    assert intra_class_diversity(1e200 * near, labels[:40]) == pytest.approx(
        1e200 * 2 * expected, rel=1e-9
    )


def test_coverage_of_classes_is_a_count_and_an_entropy():
    classes = np.repeat([0, 2, 3], [2, 4, 2])
    found = class_coverage(classes, 8)
    assert found.modes == 3
    assert found.kl == pytest.approx(scipy.stats.entropy([2, 4, 2], base=None) * -1 + math.log(8))
    assert class_coverage(np.arange(8), 8) == (8, pytest.approx(0, abs=1e-12))
    assert class_coverage([5, 5], 8) == (1, pytest.approx(math.log(8)))


@pytest.mark.parametrize("classes", [[], [0, 8], [-1], [0.5], [[0, 1]]])
def test_classes_that_do_not_exist_are_told(classes):
    with pytest.raises(ValueError, match=r"classes must be"):
        class_coverage(np.array(classes), 8)
