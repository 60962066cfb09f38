import json

from population.strategies.ladder import Ladder

NAN = float("nan")


def climb(ladder, arrivals, generation, *, stopped=False):
    return [ladder.passes(slot, generation, score, stopped=stopped) for slot, score in arrivals]


def test_the_best_third_of_those_so_far_passes():
    ladder = Ladder(9, 3, 1)
    assert climb(ladder, [(0, 0.1), (1, 0.9), (2, 0.5)], 1) == [False, False, False]
    assert ladder.passes(1, 1, 0.9, stopped=False)
    assert climb(ladder, [(3, 0.2), (4, 0.3), (5, 0.8)], 1) == [False, False, True]
    assert not ladder.passes(0, 1, 0.1, stopped=False)


def test_who_has_passed_is_never_called_back_and_goes_on_between_rungs():
    ladder = Ladder(6, 3, 1)
    climb(ladder, [(0, 0.1), (1, 0.2), (2, 0.3)], 1)
    climb(ladder, [(3, 0.7), (4, 0.8), (5, 0.9)], 1)
    assert ladder.passed[1] == {2, 3, 4, 5}
    assert ladder.passes(2, 2, 0.0, stopped=False)


def test_rungs_start_late():
    ladder = Ladder(9, 3, 2)
    assert [ladder.rung_below(g) for g in (1, 2, 5, 6, 17, 18)] == [None, 2, 2, 6, 6, 18]
    assert [ladder.rung_above(g) for g in (1, 2, 5, 6, 17, 18)] == [2, 2, 6, 6, 18, 18]
    assert ladder.passes(0, 1, NAN, stopped=False)


def test_the_best_of_a_rung_passes_when_the_last_one_is_there():
    ladder = Ladder(2, 3, 1)
    assert climb(ladder, [(0, 0.1), (1, 0.9)], 1) == [False, True]
    assert ladder.passes(1, 3, 0.0, stopped=False), "it is the only one that can reach the rung"
    assert ladder.passes(1, 9, NAN, stopped=False) is False


def test_a_failed_one_is_not_waited_for():
    ladder = Ladder(2, 3, 2)
    assert ladder.passes(0, 1, NAN, stopped=True) is False
    assert ladder.passes(1, 2, -5.0, stopped=False)


def test_a_rung_is_settled_when_one_below_it_is():
    ladder = Ladder(4, 3, 1)
    climb(ladder, [(0, 0.1), (1, 0.2), (2, 0.3)], 1)
    assert not ladder.passes(2, 3, 0.3, stopped=False), "slot 3 may still come"
    assert not ladder.passes(3, 1, NAN, stopped=True)
    assert ladder.passes(2, 3, 0.3, stopped=False)


def test_the_state_goes_through_json():
    ladder, other = Ladder(4, 2, 1), Ladder(4, 2, 1)
    climb(ladder, [(2, 0.1), (0, NAN), (1, 0.5)], 1)
    other.load_state_dict(json.loads(json.dumps(ladder.state_dict())))
    assert other.passed == ladder.passed
    assert list(other.arrived[1]) == [2, 0, 1]
    assert climb(other, [(3, 0.9)], 1) == climb(ladder, [(3, 0.9)], 1) == [True]
