import numpy as np
import pytest

from population.strategies.curves import (
    HOPELESS,
    Overlap,
    best_score_difference,
    binomial_p,
    overlap,
    smoothed,
)

RISING = [0.0, 1.0, 2.0, 3.0, 4.0]


def test_smoothing_takes_the_noise_away():
    times = np.linspace(0, 1, 40)
    truth = np.sin(3 * times)
    noisy = truth + 0.2 * np.random.default_rng(0).normal(size=40)
    assert np.abs(smoothed(noisy) - truth).mean() < 0.7 * np.abs(noisy - truth).mean()


@pytest.mark.parametrize("curve", [[1.0], [1.0, 2.0], [3.0, 3.0, 3.0, 3.0]])
def test_a_curve_without_shape_stays_as_it_is(curve):
    assert list(smoothed(curve)) == curve


def test_smoothing_does_not_depend_on_the_scale():
    np.testing.assert_allclose(
        smoothed([1e6 * value + 5e6 for value in [1.0, 3.0, 2.0, 4.0]]),
        1e6 * np.array(smoothed([1.0, 3.0, 2.0, 4.0])) + 5e6,
        rtol=1e-6,
    )


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (RISING, [2.0, 3.0, 9.0], Overlap(2, 0, 3)),
        ([2.0, 3.0, 9.0], RISING, Overlap(0, 2, 3)),
        (RISING, [0.0, 5.0], Overlap(0, 0, 2)),
        (RISING, [5.0, 6.0], None),
        ([5.0, 6.0], RISING, None),
    ],
)
def test_where_curves_pass_the_same_scores(first, second, expected):
    assert overlap(first, second) == expected


def test_the_faster_curve_gets_higher_from_the_same_score_on():
    fast, slow = [0.0, 2.0, 4.0, 6.0], [0.0, 1.0, 2.0, 3.0]
    assert best_score_difference(fast, slow) > 0 > best_score_difference(slow, fast)
    assert best_score_difference([0.0, 2.0], [0.0, 1.0]) == 1.0  # too short to be smoothed


def test_a_head_start_is_no_faster_rate():
    slow = [10.0, 11.0, 12.0, 13.0]
    fast = [0.0, 4.0, 8.0, 12.0, 16.0, 20.0]
    assert best_score_difference(fast, slow) > 0 > best_score_difference(slow, fast)


def test_a_curve_above_another_one_is_moved_down_to_be_compared():
    assert best_score_difference([10.0, 11.0, 12.0, 13.0, 14.0], [0.0, 0.5, 1.0, 1.5, 2.0]) > 0
    assert best_score_difference([10.0, 10.1], [0.0, 1.0]) == 0
    assert best_score_difference([0.0, 1.0], [10.0, 12.0]) == 0


def test_the_binomial_test_by_hand():
    noise = [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]
    assert binomial_p([n + 0.5 for n in noise], noise) == pytest.approx(0.5**7)
    assert binomial_p(noise, [n + 0.5 for n in noise]) == pytest.approx(1.0)
    assert binomial_p([5.0, 6.0], [0.0, 1.0]) == 0
    assert binomial_p([0.0, 1.0], [5.0, 6.0]) == HOPELESS
