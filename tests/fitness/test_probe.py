import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from fitness import Labelled, linear_probe


def clouds(n, *, seed, gap=1.5):
    rng = np.random.default_rng(seed)
    labels = rng.integers(3, size=n)
    centres = gap * np.eye(3)[:, :2]
    return Labelled(centres[labels] + rng.normal(size=(n, 2)) * 0.5, labels)


def test_about_as_good_as_the_best_linear_rule():
    train, test = clouds(400, seed=0), clouds(1000, seed=1)
    best = LinearDiscriminantAnalysis().fit(*train).score(*test)
    found = linear_probe(train, test)
    assert found == pytest.approx(best, abs=0.03)
    assert found == linear_probe(Labelled(*map(torch.tensor, train)), test)
    assert linear_probe(train, clouds(1000, seed=1)) == found


def test_separable_classes_are_told_apart_whatever_the_scale_and_others_are_not():
    train, test = clouds(90, seed=0, gap=20.0), clouds(90, seed=1, gap=20.0)
    scale = np.array([1e-4, 1e3])
    scaled = [Labelled(part.features * scale, part.labels) for part in (train, test)]
    assert linear_probe(train, test) == linear_probe(*scaled) == 1
    noise = Labelled(np.random.default_rng(0).normal(size=(90, 2)), train.labels)
    assert linear_probe(noise, noise) < 0.6


def test_wrong_labels_are_named():
    train = clouds(9, seed=0)
    with pytest.raises(ValueError, match=r"test.labels must be \(9,\), but got \(8,\)"):
        linear_probe(train, Labelled(train.features, train.labels[:8]))
    with pytest.raises(ValueError, match="two classes to tell apart"):
        linear_probe(Labelled(train.features, np.zeros(9)), train)
    with pytest.raises(ValueError, match="equally many features"):
        linear_probe(train, Labelled(train.features[:, :1], train.labels))
