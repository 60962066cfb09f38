"""The weights of a mixture against every face of the simplex, and against scipy's own solver."""

from itertools import combinations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.spatial.distance import cdist

from fitness import mixture_weights, removal_costs

BANDWIDTH = 0.7


def normal(n, *, at=0.0, scale=1.0, seed=0, f=3):
    return at + scale * np.random.default_rng(seed).normal(size=(n, f))


def problem(members, real):
    """Return K and b, written out."""

    def mean(x, y):
        return np.exp(-cdist(x, y, "sqeuclidean") / (2 * BANDWIDTH**2)).mean()

    k = np.array([[mean(x, y) for y in members] for x in members])
    return k, np.array([mean(x, real) for x in members])


def on_every_face(k, b):
    """Return the best of the stationary points in the inside of each face of the simplex."""
    num, best, found = len(b), np.inf, None
    for size in range(1, num + 1):
        for face in map(list, combinations(range(num), size)):
            system = np.ones((size + 1, size + 1))
            system[:size, :size], system[size, size] = 2 * k[np.ix_(face, face)], 0
            solved = np.linalg.lstsq(system, np.append(2 * b[face], 1), rcond=None)[0][:size]
            w = np.zeros(num)
            w[face] = solved
            if solved.min() >= -1e-12 and (value := w @ k @ w - 2 * b @ w) < best:
                best, found = value, w
    return found


@pytest.mark.parametrize("num", [1, 2, 3, 5, 7])
@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_minimum_of_the_closed_form(num, seed):
    rng = np.random.default_rng(seed)
    members = [
        normal(40, at=rng.normal(size=3), scale=rng.uniform(0.2, 1), seed=100 * seed + i)
        for i in range(num)
    ]
    real = normal(60, seed=77)
    found = mixture_weights(members, real, kernel="gaussian", bandwidth=BANDWIDTH)
    k, b = problem(members, real)
    assert found.sum() == pytest.approx(1, abs=1e-12)
    assert found.min() >= 0
    np.testing.assert_allclose(found, on_every_face(k, b), atol=1e-6)
    by_scipy = minimize(
        lambda w: w @ k @ w - 2 * b @ w,
        np.full(num, 1 / num),
        bounds=[(0, 1)] * num,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-14, "maxiter": 500},
    )
    np.testing.assert_allclose(found, by_scipy.x, atol=1e-3)


def test_shares_of_the_data_are_found():
    """Two members have a mode each, one in four samples is of the first; a third one is astray."""
    members = [normal(400, at=at, scale=0.1, seed=i) for i, at in enumerate((-1.0, 1.0, 5.0))]
    real = np.concatenate(
        [normal(100, at=-1.0, scale=0.1, seed=8), normal(300, at=1.0, scale=0.1, seed=9)]
    )
    for options in ({"kernel": "gaussian"}, {"kernel": "polynomial"}):
        found = mixture_weights(members, real, **options)
        np.testing.assert_allclose(found, [0.25, 0.75, 0], atol=0.02)


def test_members_that_are_alike_share_alike():
    one = normal(50, seed=1)
    found = mixture_weights([one] * 4, normal(50, seed=2))
    np.testing.assert_allclose(found, [0.25] * 4, atol=1e-6)
    same = np.zeros((5, 2))
    np.testing.assert_allclose(mixture_weights([same, same], same), [0.5, 0.5])


def test_tensors_are_taken_and_far_samples_too():
    members = [torch.from_numpy(normal(30, seed=i)) for i in range(2)]
    plain = mixture_weights(members, normal(30, seed=5), kernel="gaussian")
    far = [one * 1e150 for one in members]
    moved = mixture_weights(far, normal(30, seed=5) * 1e150, kernel="gaussian")
    np.testing.assert_allclose(plain, moved, atol=1e-9)
    with pytest.raises(ValueError, match="no float64 holds"):
        mixture_weights(far, normal(30, seed=5) * 1e150)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="at least one generator"):
        mixture_weights([], normal(3))
    with pytest.raises(ValueError, match="equally many features, but got 3 and 2"):
        mixture_weights([normal(3)], normal(3, f=2))
    with pytest.raises(ValueError, match="must be finite"):
        mixture_weights([normal(3) * np.nan], normal(3))


def test_removal_costs_are_differences_of_distances():
    members = [normal(30, seed=seed, at=seed) for seed in range(3)]
    real = normal(40, seed=9)
    weights = np.array([0.5, 0.3, 0.2])
    k, b = problem(members, real)

    def distance(w):
        return w @ k @ w - 2 * b @ w  # but for what the data are apart from themselves

    found = removal_costs(members, real, weights, kernel="gaussian", bandwidth=BANDWIDTH)
    for i in range(3):
        others = np.where(np.arange(3) == i, 0, weights)
        expected = distance(others / others.sum()) - distance(weights)
        assert found[i] == pytest.approx(expected, abs=1e-9)
    assert found.argmax() == 0, "the only one that is where the data are"


def test_twins_cost_nothing_and_harm_less_than_nothing():
    real = normal(200, seed=1)
    good, bad = normal(200, seed=2), normal(200, seed=3, at=5)
    costs = removal_costs([good, good, bad], real, [1 / 3] * 3)
    assert costs[2] < 0 < costs[0]


@pytest.mark.parametrize(("num", "weights"), [(1, [1.0]), (2, [1.0, 0.0]), (2, [0.5])])
def test_costs_need_two_members_with_weights(num, weights):
    with pytest.raises(ValueError, match="members must be two or more"):
        removal_costs([normal(5, seed=i) for i in range(num)], normal(5, seed=9), weights)
