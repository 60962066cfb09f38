import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import kstest

from egan.data import load
from egan.data.line import BIMODAL, FIVE_MODES, LineMixture


def test_density_and_distribution_agree():
    assert quad(BIMODAL.density, -9, 9)[0] == pytest.approx(1)
    for x in (-1.2, 0.1, 2.0):
        assert quad(BIMODAL.density, -9, x)[0] == pytest.approx(float(BIMODAL.cumulative(x)))
    one = LineMixture(weights=(1.0,), means=(2.0,), stds=(3.0,))
    assert one.density(np.array([[2.0]])) == pytest.approx(1 / (3 * np.sqrt(2 * np.pi)))
    assert one.density(np.zeros((2, 3))).shape == (2, 3)


def test_points_follow_the_distribution():
    points = load("bimodal").samples
    assert points.shape == (10_000, 1)
    assert kstest(points[:, 0], BIMODAL.cumulative).pvalue > 0.01
    drawn = BIMODAL.points(4000, np.random.default_rng(3))
    assert kstest(drawn[:, 0], BIMODAL.cumulative).pvalue > 0.01


def test_five_modes_are_the_published_ones_moved_and_scaled():
    means, stds = (np.array(one) * 25 for one in (FIVE_MODES.means, FIVE_MODES.stds))
    np.testing.assert_allclose(means + 60, [10, 20, 60, 80, 110])
    np.testing.assert_allclose(stds, [3, 3, 2, 2, 1])
    points = load("five_modes").samples
    assert points.shape == (10_000, 1)
    assert kstest(points[:, 0], FIVE_MODES.cumulative).pvalue > 0.01


@pytest.mark.parametrize(
    ("weights", "means", "stds", "text"),
    [
        ((0.5, 0.5), (0.0,), (1.0, 1.0), "as many weights"),
        ((0.5, 0.6), (0.0, 1.0), (1.0, 1.0), "sum to 1"),
        ((1.0,), (0.0,), (0.0,), "stds must be above 0"),
        ((), (), (), "sum to 1"),
    ],
)
def test_what_is_no_mixture_is_refused(weights, means, stds, text):
    with pytest.raises(ValueError, match=text):
        LineMixture(weights=weights, means=means, stds=stds)
