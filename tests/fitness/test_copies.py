import numpy as np
import pytest
from scipy.spatial.distance import cdist

from fitness import memorisation


def normal(n, *, seed=0, f=5):
    return np.random.default_rng(seed).normal(size=(n, f))


def test_nearest_ones_are_those_of_all_pairs():
    real, fake = normal(40), normal(30, seed=1) + 0.3
    found, pairs, own = memorisation(real, fake), cdist(fake, real), cdist(real, real)
    np.fill_diagonal(own, np.inf)
    assert np.array_equal(found.nearest, pairs.argmin(axis=1))
    assert found.distances == pytest.approx(pairs.min(axis=1))
    assert found.among_real == pytest.approx(own.min(axis=1))
    nearer = pairs.min(axis=1) < own.min(axis=1)[pairs.argmin(axis=1)]
    assert found.share == nearer.mean()


def test_copies_are_told_even_of_samples_that_come_twice():
    real = normal(50)
    assert memorisation(real, real[:20]).share == 1.0
    assert memorisation(real, real[:20] + 1e-9).share == 1.0
    twice = np.concatenate([real, real])
    assert memorisation(twice, real[:20]).share == 1.0
    assert memorisation(real, real[:20]).distances.max() == 0.0


def test_new_samples_are_nearer_about_every_second_time():
    assert memorisation(normal(2000), normal(2000, seed=1)).share == pytest.approx(0.5, abs=0.06)


def test_far_samples_are_never_nearer():
    assert memorisation(normal(50), normal(50, seed=1) + 100).share == 0.0


def test_blocks_of_rows_change_nothing(monkeypatch):
    real, fake = normal(40), normal(30, seed=1)
    before = memorisation(real, fake)
    blocks = [slice(0, 7), slice(7, 30), slice(30, 40)]
    monkeypatch.setattr("fitness.copies.row_blocks", lambda n: [b for b in blocks if b.start < n])
    assert np.array_equal(memorisation(real, fake).nearest, before.nearest)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="real must hold 2 samples or more"):
        memorisation(normal(1), normal(3))
    with pytest.raises(ValueError, match="equally many features"):
        memorisation(normal(4), normal(3, f=2))
