import json

import pytest

from population.strategies.stagnation import SLOW_AFTER, Stagnation


def when(scores, **options):
    """Return after which scores, counted from 1, it has come."""
    stagnation = Stagnation(**options)
    return [i for i, score in enumerate(scores, start=1) if stagnation.has_come(score)]


def test_rising_scores_are_no_stagnation():
    assert when([float(i) for i in range(12)]) == []


def test_it_comes_after_as_many_failures_in_a_row_as_there_is_patience_for():
    falling = [1.0, 2.0, 3.0, 2.0, 1.0, 0.0]
    assert when(falling, patience=1)[0] == 4
    assert when(falling, patience=3)[0] == 6


def test_a_level_line_does_not_rise():
    assert when([1.0] * 5, patience=2) == [3, 4, 5]


def test_a_rise_forgives_what_was_before():
    stagnation = Stagnation(patience=2)
    for score in (1.0, 0.0, 5.0):
        assert not stagnation.has_come(score)
    assert stagnation.failures == 0


def test_slow_progress_is_stagnation_too():
    scores = [0.0, 10.0] + [10.0 + 0.01 * i for i in range(SLOW_AFTER)]
    assert when(scores, patience=100)[0] >= SLOW_AFTER


def test_it_begins_anew_and_goes_on_from_its_state():
    stagnation = Stagnation(patience=2)
    stagnation.has_come(1.0)
    stagnation.has_come(0.0)
    twin = Stagnation(patience=2)
    twin.load_state_dict(json.loads(json.dumps(stagnation.state_dict())))
    assert twin.has_come(-1.0)
    stagnation.reset()
    assert not stagnation.has_come(-1.0)


def test_patience_out_of_range():
    with pytest.raises(ValueError, match="patience=0: expected an integer of at least 1"):
        Stagnation(patience=0)
