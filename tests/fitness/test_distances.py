"""The sample distances against oracles: matrix roots, `prdc`, sums written out."""

import itertools
import math

import numpy as np
import prdc
import pytest
import scipy.linalg
import torch

from fitness import frechet as frechet_module
from fitness import frechet_distance, precision_recall_density_coverage, squared_mmd
from fitness import neighbours as neighbours_module


def normal(n, f, *, seed=0, shift=0.0, scale=1.0):
    return shift + scale * np.random.default_rng(seed).normal(size=(n, f))


def neighbours(real, fake):
    return precision_recall_density_coverage(real, fake, k=2)


DISTANCES = [
    frechet_distance,
    neighbours,
    squared_mmd,
    lambda a, b: squared_mmd(a, b, kernel="gaussian"),
]


@pytest.mark.parametrize("distance", DISTANCES)
class TestAnyDistance:
    def test_refuses_other_shapes(self, distance):
        good = normal(6, 3)
        for bad in (np.zeros(6), np.zeros((6, 3, 1)), np.zeros((6, 0))):
            with pytest.raises(ValueError, match=r"must have shape \(N, F\)"):
                distance(good, bad)
            with pytest.raises(ValueError, match=r"must have shape \(N, F\)"):
                distance(bad, good)

    def test_refuses_different_features(self, distance):
        with pytest.raises(ValueError, match="equally many features, but got 3 and 2"):
            distance(normal(6, 3), normal(6, 2))

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_refuses_values_that_are_not_finite(self, distance, value):
        bad = normal(6, 3)
        bad[2] = value
        with pytest.raises(ValueError, match="must be finite, but 1 of 6 samples"):
            distance(normal(6, 3), bad)

    def test_refuses_too_few_samples(self, distance):
        for few in (normal(1, 3), normal(0, 3)):
            with pytest.raises(ValueError, match=f"but got {len(few)}"):
                distance(normal(6, 3), few)
            with pytest.raises(ValueError, match=f"but got {len(few)}"):
                distance(few, normal(6, 3))

    def test_tensors_and_arrays_are_the_same(self, distance):
        a, b = normal(12, 3).astype(np.float32), normal(10, 3, seed=1).astype(np.float32)
        tensors = (torch.tensor(a, requires_grad=True), torch.tensor(b))
        assert distance(*tensors) == distance(a, b)

    def test_samples_are_left_as_they_were(self, distance):
        a, b = normal(12, 3), normal(10, 3, seed=1)
        a_before, b_before = a.copy(), b.copy()
        distance(a, b)
        assert np.array_equal(a, a_before)
        assert np.array_equal(b, b_before)


@pytest.mark.parametrize(("n", "m", "f"), [(200, 150, 5), (40, 60, 1), (500, 300, 24)])
def test_frechet_agrees_with_a_general_matrix_root(n, m, f):
    mixing = normal(f, f, seed=9)
    a, b = normal(n, f) @ mixing, normal(m, f, seed=1, shift=0.4, scale=1.3)
    cov_a, cov_b = np.atleast_2d(np.cov(a.T)), np.atleast_2d(np.cov(b.T))
    root = scipy.linalg.sqrtm(cov_a @ cov_b).real
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(cov_a + cov_b - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-8)
    assert frechet_distance(b, a) == pytest.approx(expected, rel=1e-8)


def test_frechet_of_known_gaussians():
    a = normal(30, 4)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(a, a + 2.0) == pytest.approx(16, rel=1e-6)
    # commuting covariances: the sum of (sd_a - sd_b)^2
    spread = np.trace(np.cov(a.T))
    assert frechet_distance(a - a.mean(0), 3 * (a - a.mean(0))) == pytest.approx(4 * spread)


def test_frechet_with_fewer_samples_than_features_and_with_collapsed_samples():
    few, collapsed = normal(5, 20), np.ones((5, 20))
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-5)
    expected = ((few.mean(0) - 1) ** 2).sum() + np.trace(np.cov(few.T))
    assert frechet_distance(few, collapsed) == pytest.approx(expected)
    assert frechet_distance(collapsed, collapsed) == 0


@pytest.mark.parametrize(("n", "m"), [(30, 20), (12, 39)])
def test_frechet_of_few_samples_is_that_of_matrices_of_features(n, m):
    mixing = normal(40, 40, seed=9)
    a, b = normal(n, 40) @ mixing, normal(m, 40, seed=1, shift=0.4, scale=1.3)
    traces, root = frechet_module._traces(a, b)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + traces - 2 * root
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (1.0, 0.5), (0.3, 1.6), (6.0, 1.0)])
def test_neighbours_agree_with_prdc(k, shift, scale, capsys):
    real, fake = normal(90, 3), normal(70, 3, seed=1, shift=shift, scale=scale)
    expected = prdc.compute_prdc(real, fake, nearest_k=k)
    scores = precision_recall_density_coverage(real, fake, k=k)._asdict()
    assert scores == pytest.approx(expected, abs=1e-12)
    assert "Num real" in capsys.readouterr().out  # prdc's, not ours


def test_neighbours_are_the_same_in_blocks_far_from_the_origin(monkeypatch):
    real, fake = normal(50, 3), normal(40, 3, seed=1, shift=0.5)
    whole = precision_recall_density_coverage(real, fake)
    small = neighbours_module.row_blocks
    monkeypatch.setattr(neighbours_module, "row_blocks", lambda n: small(n, size=7))
    assert precision_recall_density_coverage(real, fake) == whole
    assert precision_recall_density_coverage(real + 1e4, fake + 1e4) == whole


def test_neighbours_of_equal_collapsed_and_distant_samples():
    real = normal(60, 2)
    same = precision_recall_density_coverage(real, real)
    assert same[:2] == (1, 1)
    assert same.coverage == 1
    collapsed = precision_recall_density_coverage(real, np.tile(real[:1], (60, 1)))
    assert collapsed.precision == 1
    assert collapsed.recall <= 1 / 60
    assert collapsed.coverage < 0.3
    assert precision_recall_density_coverage(real, real + 1e3) == (0, 0, 0, 0)


def test_neighbours_need_more_than_k_samples():
    with pytest.raises(ValueError, match=r"fake must hold more than k=5 samples.*but got 5"):
        precision_recall_density_coverage(normal(6, 2), normal(5, 2))
    with pytest.raises(ValueError, match=r"real must hold more than k=5 samples.*but got 5"):
        precision_recall_density_coverage(normal(5, 2), normal(6, 2))
    with pytest.raises(ValueError, match="k must be at least 1"):
        precision_recall_density_coverage(normal(6, 2), normal(6, 2), k=0)


def mmd_by_sums(a, b, kernel):
    within = [
        np.mean([kernel(x, y) for x, y in itertools.permutations(samples, 2)]) for samples in (a, b)
    ]
    return sum(within) - 2 * np.mean([kernel(x, y) for x in a for y in b])


def test_mmd_agrees_with_sums_over_pairs():
    a, b = normal(9, 3), normal(7, 3, seed=1, shift=0.5)

    def polynomial(x, y):
        return (x @ y / 3 + 1) ** 3

    def gaussian(x, y, *, sigma=0.8):
        return math.exp(-((x - y) ** 2).sum() / (2 * sigma**2))

    assert squared_mmd(a, b) == pytest.approx(mmd_by_sums(a, b, polynomial), rel=1e-10)
    result = squared_mmd(a, b, kernel="gaussian", bandwidth=0.8)
    assert result == pytest.approx(mmd_by_sums(a, b, gaussian), rel=1e-10)
    distances = [math.dist(x, y) for x, y in itertools.combinations([*a, *b], 2)]
    default = squared_mmd(a, b, kernel="gaussian")
    # 120 distances: the median of the squares lies between the two middle ones
    assert default == pytest.approx(
        squared_mmd(a, b, kernel="gaussian", bandwidth=float(np.median(distances))), rel=1e-2
    )


@pytest.mark.parametrize("kernel", ["polynomial", "gaussian"])
def test_mmd_is_unbiased_and_grows_with_the_distance(kernel):
    pairs = [(normal(20, 2, seed=2 * s), normal(20, 2, seed=2 * s + 1)) for s in range(200)]
    values = np.array([squared_mmd(a, b, kernel=kernel) for a, b in pairs])
    assert abs(values.mean()) < 3 * values.std() / math.sqrt(len(values))
    assert values.min() < 0
    a, b = pairs[0]
    moved = [squared_mmd(a, b + shift, kernel=kernel) for shift in (0.5, 1.0, 1.5)]
    assert moved == sorted(moved)
    assert squared_mmd(a, b + 1, kernel=kernel) == pytest.approx(
        squared_mmd(b + 1, a, kernel=kernel)
    )


def test_mmd_in_blocks_and_of_collapsed_samples():
    a, b = normal(1030, 2), normal(1100, 2, seed=1)
    gram = (np.concatenate([a, b]) @ np.concatenate([a, b]).T / 2 + 1) ** 3
    np.fill_diagonal(gram, 0)
    expected = gram[:1030, :1030].sum() / (1030 * 1029) + gram[1030:, 1030:].sum() / (1100 * 1099)
    across = (a @ b.T / 2 + 1) ** 3
    assert squared_mmd(a, b) == pytest.approx(expected - 2 * across.mean(), rel=1e-9, abs=1e-9)
    point = np.full((6, 2), 0.3)
    assert squared_mmd(point, point, kernel="gaussian") == pytest.approx(0, abs=1e-12)
    assert squared_mmd(point, normal(6, 2), kernel="gaussian") > 0.1


def test_mmd_refuses_bad_options():
    a = normal(4, 2)
    with pytest.raises(ValueError, match="unknown kernel='rbf'"):
        squared_mmd(a, a, kernel="rbf")
    with pytest.raises(ValueError, match=r"bandwidth=2\.0 has no effect on kernel='polynomial'"):
        squared_mmd(a, a, bandwidth=2.0)
    with pytest.raises(ValueError, match=r"finite and above 0, but got bandwidth=0\.0"):
        squared_mmd(a, a, kernel="gaussian", bandwidth=0.0)


HUGE = (1e-170, 1e30, 1e60, 1e120, 1e155, 1e300)


@pytest.mark.parametrize("size", HUGE)
def test_scores_that_know_no_unit_are_the_same_at_any_size(size):
    real, fake = normal(60, 3), normal(50, 3, seed=1, shift=0.5)
    size = 2.0 ** round(math.log2(size))  # so that no bit is lost
    expected = precision_recall_density_coverage(real, fake)
    assert precision_recall_density_coverage(size * real, size * fake) == expected
    assert squared_mmd(size * real, size * fake, kernel="gaussian") == squared_mmd(
        real, fake, kernel="gaussian"
    )


@pytest.mark.parametrize("size", HUGE)
def test_distances_at_huge_values_are_right_or_refused(size):
    real, fake = normal(60, 3), normal(50, 3, seed=1, shift=0.5)
    expected = frechet_distance(real, fake) * size * size
    if math.isfinite(expected):
        assert frechet_distance(size * real, size * fake) == pytest.approx(expected)
    else:
        with pytest.raises(ValueError, match="no float64 holds"):
            frechet_distance(size * real, size * fake)
    if size > 1e51:
        with pytest.raises(ValueError, match="no float64 holds"):
            squared_mmd(size * real, size * fake)
    else:
        assert math.isfinite(squared_mmd(size * real, size * fake))


@pytest.mark.parametrize("far", [1e5, 1e8, 1e14, 1e100, 1e140])
def test_one_far_sample_moves_no_other(far):
    a, b = normal(80, 2), normal(70, 2, seed=1, shift=0.5)
    with_far = np.concatenate([b, [[far, far]]])
    expected = squared_mmd(a, b, kernel="gaussian")
    assert squared_mmd(a, with_far, kernel="gaussian") == pytest.approx(expected, abs=0.05)
    assert squared_mmd(with_far, a, kernel="gaussian") == pytest.approx(expected, abs=0.05)
    near = precision_recall_density_coverage(a, b)
    found = precision_recall_density_coverage(a, with_far)
    assert found.coverage == near.coverage
    assert found.precision == pytest.approx(near.precision * 70 / 71)


@pytest.mark.parametrize("bandwidth", [None, 1.0])
def test_mmd_says_where_no_float_holds_the_distances(bandwidth):
    a, b = normal(20, 2), normal(20, 2)
    near = squared_mmd(a, b, kernel="gaussian", bandwidth=bandwidth)
    far = b.copy()
    far[0] = 1e100
    assert squared_mmd(a, far, kernel="gaussian", bandwidth=bandwidth) == pytest.approx(
        near, abs=0.1
    )
    far[0] = 1e300
    with pytest.raises(ValueError, match="up to 1e\\+300 together have distances that no float64"):
        squared_mmd(a, far, kernel="gaussian", bandwidth=bandwidth)
    huge = squared_mmd(a * 1e300, b * 1e300, kernel="gaussian", bandwidth=bandwidth and 1e300)
    assert huge == pytest.approx(near, rel=1e-9)


def test_a_sample_on_the_edge_of_a_ball_is_outside():
    """Radii of 2, and neighbours that are 2 away: strictly nearer, as `prdc` counts them."""
    line, ends = np.array([[-3.0], [-1], [1], [3]]), np.array([[-5.0], [5]])
    assert precision_recall_density_coverage(line, ends, k=1) == (0, 1, 0, 0)
    assert precision_recall_density_coverage(ends, line, k=1) == (1, 0, 2, 1)
    nearer = precision_recall_density_coverage(line, ends * 0.99, k=1)
    assert nearer == (1, 1, 1, 0.5)
