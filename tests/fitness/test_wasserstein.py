import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm

from fitness import sliced_wasserstein, wasserstein_1d


def test_equally_many_samples_are_matched_in_order():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=300), rng.normal(1.0, 2.0, size=300)
    expected = np.abs(np.sort(a) - np.sort(b)).mean()
    assert wasserstein_1d(a, b) == pytest.approx(expected, rel=1e-12)
    assert wasserstein_1d(torch.tensor(a)[:, None], b[:, None]) == pytest.approx(expected)
    assert wasserstein_1d(b, a) == pytest.approx(expected)


def test_laws_on_a_grid_are_compared_by_their_distribution_functions():
    grid, rng = np.linspace(-2, 2, 41), np.random.default_rng(1)
    p, q = rng.dirichlet(np.ones(41)), rng.dirichlet(np.ones(41))
    expected = np.abs(np.cumsum(p) - np.cumsum(q))[:-1].sum() * 0.1
    assert wasserstein_1d(grid, grid, a_weights=p, b_weights=5 * q) == pytest.approx(expected)


def test_gaussians_of_known_distance():
    grid = np.linspace(-12, 12, 20001)
    laws = [norm.pdf(grid, 0.0, 1.0), norm.pdf(grid, 0.5, 2.0)]
    expected = quad(lambda u: abs(norm.ppf(u) - norm.ppf(u, 0.5, 2.0)), 1e-9, 1 - 1e-9, limit=200)[
        0
    ]
    found = wasserstein_1d(grid, grid, a_weights=laws[0], b_weights=laws[1])
    assert found == pytest.approx(expected, rel=1e-4)
    shifted = np.random.default_rng(0).normal(size=50)
    assert wasserstein_1d(shifted, shifted + 3.0) == pytest.approx(3.0)


def test_what_is_not_on_a_line_is_refused():
    for bad in (np.zeros((3, 2)), np.zeros(0), np.array([0.0, np.nan])):
        with pytest.raises(ValueError, match="b must be at least one finite number"):
            wasserstein_1d(np.zeros(3), bad)
    for weights in (np.zeros(3), np.ones(2), np.array([1.0, -1.0, 1.0])):
        with pytest.raises(ValueError, match="a_weights must be"):
            wasserstein_1d(np.zeros(3), np.zeros(3), a_weights=weights)


def test_lines_in_many_dimensions():
    """In a plane a shift by m is |m cos| on a line, 2 m / π in the mean; on a line it is W₁."""
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(200, 1)), rng.exponential(size=(200, 1))
    assert sliced_wasserstein(a, b, rng=rng) == pytest.approx(wasserstein_1d(a, b))
    plane = rng.normal(size=(50, 2))
    shifted = sliced_wasserstein(plane, plane + np.array([3.0, 4.0]), rng=rng, directions=20_000)
    assert shifted == pytest.approx(10 / np.pi, rel=0.01)
    assert sliced_wasserstein(torch.tensor(plane), plane[::-1], rng=rng) == 0


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (np.zeros((3, 2)), np.zeros((4, 2)), "as many points"),
        (np.zeros(3), np.zeros(3), "as many points"),
        (np.full((3, 2), np.nan), np.zeros((3, 2)), "finite"),
    ],
)
def test_points_that_are_no_two_samples(a, b, said):
    with pytest.raises(ValueError, match=said):
        sliced_wasserstein(a, b, rng=np.random.default_rng(0))
