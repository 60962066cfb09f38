import moocore
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from fitness.pareto import crowded_order, crowding_distance, fronts

SCORES = npst.arrays(
    np.float64,
    st.tuples(st.integers(1, 20), st.integers(1, 4)),
    elements=st.integers(-4, 4).map(float),  # few values, so that ties and equal rows are common
)

REPEATABLE = settings(derandomize=True, database=None, deadline=None)


def as_lists(scores):
    return [front.tolist() for front in fronts(scores)]


def ranks(scores):
    result = np.empty(len(scores), dtype=int)
    for rank, front in enumerate(fronts(scores)):
        result[front] = rank
    return result


@REPEATABLE
@given(scores=SCORES)
def test_fronts_agree_with_moocore(scores):
    assert ranks(scores).tolist() == moocore.pareto_rank(scores, maximise=True).tolist()


@REPEATABLE
@given(scores=SCORES)
def test_fronts_hold_every_row_once(scores):
    assert sorted(np.concatenate(fronts(scores)).tolist()) == list(range(len(scores)))
    assert all(front.tolist() == sorted(front.tolist()) for front in fronts(scores))


def test_higher_is_better():
    assert as_lists([[1.0, 1.0], [2.0, 2.0], [3.0, 0.0]]) == [[1, 2], [0]]
    assert as_lists([[1.0], [3.0], [2.0], [3.0]]) == [[1, 3], [2], [0]]


def test_rows_that_are_not_finite_come_last():
    scores = [[np.nan, 9.0], [0.0, 0.0], [np.inf, 9.0], [1.0, 1.0], [-np.inf, 9.0]]
    assert as_lists(scores) == [[3], [1], [0, 2, 4]]
    assert as_lists(scores[:1]) == [[0]]
    assert crowded_order(scores).tolist() == [3, 1, 0, 2, 4]


def test_nothing_to_rank():
    empty = np.empty((0, 2))
    assert fronts(empty) == []
    assert crowding_distance(empty).shape == (0,)
    assert crowded_order(empty).shape == (0,)


def test_crowding_by_hand():
    # sorted by the first score: 0, 1, 4, 10; by the second in reverse: 8, 6, 2, 0
    front = [[4.0, 2.0], [0.0, 8.0], [10.0, 0.0], [1.0, 6.0]]
    inner = [(10 - 1) / 10 + (6 - 0) / 8, (4 - 0) / 10 + (8 - 2) / 8]
    expected = [inner[0], np.inf, np.inf, inner[1]]
    assert crowding_distance(front) == pytest.approx(expected)
    assert crowded_order(front).tolist() == [1, 2, 0, 3]


def crowding_by_definition(scores):
    """Deb's loop, one member and one score at a time."""
    total = [0.0] * len(scores)
    for column in scores.T.tolist():
        order = sorted(range(len(column)), key=column.__getitem__)
        total[order[0]] = total[order[-1]] = np.inf
        for before, here, after in zip(order, order[1:], order[2:], strict=False):
            total[here] += (column[after] - column[before]) / (max(column) - min(column))
    return total


@pytest.mark.parametrize("num_scores", [1, 2, 3])
def test_crowding_agrees_with_its_definition(num_scores):
    scores = np.random.default_rng(2).normal(size=(12, num_scores))
    assert crowding_distance(scores) == pytest.approx(crowding_by_definition(scores))


def test_crowding_does_not_depend_on_scale_or_order():
    scores = np.random.default_rng(3).normal(size=(9, 2))
    shuffle = np.random.default_rng(4).permutation(9)
    expected = crowding_distance(scores)
    assert crowding_distance(scores * [5, 0.1] + 7) == pytest.approx(expected)
    assert crowding_distance(scores[shuffle]).tolist() == expected[shuffle].tolist()


def test_crowding_of_few_equal_and_broken_rows():
    assert crowding_distance([[1.0, 2.0]]).tolist() == [np.inf]
    assert crowding_distance([[1.0, 2.0], [2.0, 1.0]]).tolist() == [np.inf, np.inf]
    assert crowding_distance([[1.0, 2.0]] * 4).tolist() == [0, 0, 0, 0]
    broken = [[0.0, 3.0], [np.nan, 1.0], [1.0, 1.0], [3.0, 0.0]]
    assert crowding_distance(broken).tolist() == [np.inf, 0, pytest.approx(2.0), np.inf]


def test_order_goes_by_front_then_crowding_then_index():
    scores = np.array([[0, 0], [5, 5], [0, 10], [10, 0], [4, 6], [1, 1]], dtype=float)
    assert as_lists(scores) == [[1, 2, 3, 4], [5], [0]]
    # row 1 has the wider gaps of the two inner ones: (10 - 4 + 6 - 0) against (5 - 0 + 10 - 5)
    assert crowded_order(scores).tolist() == [2, 3, 1, 4, 5, 0]


@pytest.mark.parametrize("function", [fronts, crowding_distance, crowded_order])
@pytest.mark.parametrize("shape", [(3,), (3, 0), (2, 2, 2)])
def test_refuses_other_shapes(function, shape):
    with pytest.raises(ValueError, match=r"scores must have shape \(N, M\)"):
        function(np.zeros(shape))
