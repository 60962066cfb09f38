import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from population.strategies import selection

scores = st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=30)


@given(scores, st.integers(1, 10))
def test_truncation_never_chooses_what_is_not_finite(values, count):
    chosen = selection.truncation(values, count)
    finite = [v for v in values if np.isfinite(v)]
    assert len(chosen) == min(count, len(finite))
    assert [values[i] for i in chosen] == sorted(finite, reverse=True)[: len(chosen)]


def test_ties_keep_their_order():
    assert selection.truncation([1.0, 2.0, 2.0, 1.0], 4) == [1, 2, 0, 3]


def test_a_tournament_among_all_is_won_by_the_best():
    rng = np.random.default_rng(0)
    assert selection.tournament([0.1, 0.9, float("inf"), 0.3], 5, size=4, rng=rng) == [1] * 5


def test_larger_tournaments_press_harder():
    values = np.arange(20.0)
    means = [
        np.mean(selection.tournament(values, 2000, size=size, rng=np.random.default_rng(0)))
        for size in (1, 2, 5)
    ]
    assert means == sorted(means)
    assert means[2] - means[0] > 4


def test_pareto_takes_whole_fronts_and_skips_nan():
    rows = [[1, 1], [2, 2], [3, 1], [float("nan"), 9], [1, 3]]
    assert set(selection.pareto(rows, 3)) == {1, 2, 4}
    assert 3 not in selection.pareto(rows, 5)
