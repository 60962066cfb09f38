import numpy as np
import pytest

from population import FirePBT, IntUniform, LogUniform
from population.strategies.evaluators import Evaluator, rates
from population.testing import Rehearsal

SPACE = {"lr": LogUniform(1e-5, 1e-1), "width": IntUniform(1, 10**6, structural=True)}
NAN = float("nan")


def play(strategy, *rounds, seed=0):
    """Play rounds of given scores, member by member, then evaluator by evaluator."""
    rehearsal = Rehearsal(strategy, seed=seed)
    for scores in rounds:
        assert len(rehearsal.ask()) == len(scores)
        rehearsal.tell(lambda place, score, scores=scores: scores[place])
    return rehearsal


def parents(rehearsal):
    return [one.parent for one in rehearsal.ask()]


def test_the_slots_are_greedy_patient_and_evaluators():
    strategy = FirePBT(SPACE, 8)
    assert (strategy.greedy, strategy.patient) == ((0, 1, 2), (3, 4, 5))
    assert strategy.num_evaluators == 2
    assert len(Rehearsal(strategy).population) == 6


def test_evaluators_begin_after_the_first_decision():
    rehearsal = play(FirePBT(SPACE, 8, ready_every=2), range(6))
    assert parents(rehearsal) == [0, 1, 2, 3, 4, 5]
    rehearsal.tell(lambda place, score: [3.0, 2.0, 1.0, 0.0, 0.0, 0.0][place])
    before = rehearsal.population
    asked = rehearsal.ask()
    assert [one.parent for one in asked] == [0, 1, 0, 3, 4, 5, 3, 4]
    for one, parent in zip(asked[6:], (3, 4), strict=True):
        expected = {"lr": before[0].hyperparameters["lr"]}
        assert one.hyperparameters == {**before[parent].hyperparameters, **expected}


def test_greedy_members_copy_by_score_and_patient_ones_do_not():
    rehearsal = play(FirePBT(SPACE, 8, ready_every=1), [1.0, 5.0, 3.0, 0.0, 9.0, 4.0])
    assert parents(rehearsal)[:6] == [1, 1, 2, 3, 4, 5]


def test_those_that_waited_longest_are_evaluated():
    strategy = FirePBT(SPACE, 8, ready_every=1, max_evaluation=1)
    rehearsal = play(strategy, [9.0, 8.0, 7.0, 1.0, 1.0, 1.0])
    assert [one.parent for one in strategy.evaluators] == [3, 4]
    rehearsal.ask()
    rehearsal.tell(lambda place, score: [9.0, 8.0, 7.0, 1.0, 1.0, 1.0, 0.0, 0.0][place])
    assert [one.parent for one in strategy.evaluators] == [5, 3]


def test_the_fitness_of_a_patient_member_is_its_evaluators_rate():
    curves = {3: [0.0, 2.0], 4: [0.0, 1.0], 5: [0.0, 4.0]}
    evaluators = [Evaluator(parent=k, child=0, curve=v) for k, v in curves.items()]
    assert rates(evaluators) == {3: 1.0 - 2.0, 4: -1.0 - 3.0, 5: 2.0 + 3.0}


def test_the_slowest_patient_member_copies_the_fastest():
    strategy = FirePBT(SPACE, 8, ready_every=2, max_evaluation=50)
    flat = [9.0, 9.0, 9.0, 5.0, 6.0, 7.0]
    rehearsal = play(strategy, flat, flat, [*flat, 0.0, 0.0], [*flat, 1.0, 3.0])
    assert strategy.moves[3] == [4]
    assert parents(rehearsal)[3:6] == [4, 4, 5]
    assert 3 not in {one.parent for one in strategy.evaluators}


def test_an_evaluator_that_wins_hands_its_weights_to_the_child():
    strategy = FirePBT(SPACE, 8, ready_every=1)
    rehearsal = play(strategy, [3.0, 2.0, 1.0, 0.0, 0.0, 0.0])
    strategy.curves[0] = [3.0] * 14
    strategy.evaluators[0].curve = faster = [2.0 + i / 4 for i in range(16)]
    rehearsal.ask()
    rehearsal.tell(lambda place, score: [3.0, 2.0, 1.0, 0.0, 0.0, 0.0, 6.0, 0.0][place])
    assert strategy.heirs == {0: 6}
    assert strategy.curves[0] == faster
    assert faster[-1] == 6.0
    before = rehearsal.population
    first = rehearsal.ask()[0]
    assert first.parent == 6
    assert first.hyperparameters["lr"] == before[0].hyperparameters["lr"]
    assert first.hyperparameters["width"] == before[6].hyperparameters["width"]


def test_an_evaluator_ends_when_its_time_is_up_or_it_will_lose():
    behind = Evaluator(parent=3, child=0, curve=[0.0, 0.1])
    assert not behind.is_over([9.0, 9.0], longest=3)
    assert behind.is_over([9.0, 9.0], longest=2)
    losing = Evaluator(parent=3, child=0, curve=[0.1 * i for i in range(10)])
    rival = [2 * value for value in losing.curve]
    assert losing.is_over(rival, longest=20)
    assert not losing.has_won(rival)
    assert not Evaluator(parent=3, child=0, curve=rival).is_over(losing.curve, longest=20)


def test_an_evaluator_ends_with_its_child_and_its_parent():
    strategy = FirePBT(SPACE, 8, ready_every=3)
    strategy.evaluators = [
        Evaluator(parent=3, child=0, curve=[1.0]),
        Evaluator(parent=4, child=1, curve=[1.0]),
    ]
    strategy.round = 3
    rehearsal = Rehearsal(strategy)
    rehearsal.ask()
    rehearsal.tell(lambda place, score: [1.0, NAN, 1.0, NAN, 1.0, 1.0, 1.0, 1.0][place])
    assert strategy.evaluators == []
    assert strategy.moves == {1: [0], 3: [4]}


def test_a_lost_sub_population_goes_on_from_anybody():
    strategy = FirePBT(SPACE, 8)
    play(strategy, [NAN, NAN, NAN, 1.0, 3.0, 2.0])
    assert strategy.moves == {0: [4], 1: [4], 2: [4]}


def test_all_is_decided_when_it_is_told_so_that_asking_twice_is_the_same():
    rehearsal = play(FirePBT(SPACE, 8, ready_every=1), [1.0, 5.0, 3.0, 0.0, 9.0, 4.0])
    assert rehearsal.ask() == rehearsal.ask()
    assert np.isfinite([one.hyperparameters["lr"] for one in rehearsal.offspring]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"population_size": 3}, "FirePBT needs an integer of at least 4"),
        ({"population_size": 8, "num_evaluators": 6}, "num_evaluators=6: expected .* leaves 3"),
        ({"population_size": 8, "num_evaluators": 0}, "num_evaluators=0: expected"),
        ({"population_size": 8, "quantile": 0.6}, "quantile=0.6: expected a share"),
        ({"population_size": 8, "ready_every": 0}, "ready_every=0, max_evaluation=0"),
        ({"initial": [{}] * 4}, "initial has 4 members, but 1 of population_size=4 are"),
    ],
)
def test_settings_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        FirePBT(SPACE, **options)
