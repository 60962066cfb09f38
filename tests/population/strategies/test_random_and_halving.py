import numpy as np
import pytest

from population import RandomSearch, SuccessiveHalving, Uniform
from population.strategy import Individual
from population.testing import Rehearsal

SPACE = {"x": Uniform(0, 1)}


def sizes(strategy, generations):
    rehearsal = Rehearsal(strategy)
    counts = []
    for _ in range(generations):
        counts.append(len(rehearsal.ask()))
        rehearsal.tell(lambda place, score: float(place))
    return counts, rehearsal


def test_random_search_never_changes_a_member():
    rehearsal = Rehearsal(RandomSearch(SPACE, 4))
    start = [member.hyperparameters for member in rehearsal.population]
    rehearsal.play(5)
    assert [member.hyperparameters for member in rehearsal.population] == start
    assert [asked.parent for asked in rehearsal.offspring] == [0, 1, 2, 3]


def test_random_search_drops_the_failed_and_waits_for_scores():
    rehearsal = Rehearsal(RandomSearch(SPACE, 4))
    rehearsal.ask()
    assert rehearsal.tell(lambda p, s: float("nan") if p == 1 else s, failed=[2]) == [0, 1, 3]
    assert len(rehearsal.ask()) == 3


def test_without_a_barrier_a_member_trains_on_until_it_fails():
    strategy = RandomSearch(SPACE, 2)
    population = [
        Individual(generation=3, index=0, hyperparameters={"x": 0.25}),
        Individual(generation=1, index=1, hyperparameters={"x": 0.5}, failed=True),
    ]
    rng = np.random.default_rng(0)
    asked = strategy.ask_one(population, 0, rng)
    assert (asked.parent, asked.hyperparameters) == (0, {"x": 0.25})
    assert strategy.ask_one(population, 1, rng) is None


def test_rungs_keep_the_best_third():
    strategy = SuccessiveHalving(SPACE, 27)
    counts, rehearsal = sizes(strategy, 12)
    assert counts == [27, 9, 9, 3, 3, 3, 3, 3, 3, 1, 1, 1]
    assert sum(counts) == strategy.num_steps(12)
    assert rehearsal.strategy.score(rehearsal.population[0].scores) == 0.0


def test_rungs_start_late_and_halve():
    strategy = SuccessiveHalving(SPACE, 9, reduction_factor=2, min_generations=2)
    counts, _ = sizes(strategy, 10)
    assert counts == [9, 9, 4, 4, 2, 2, 2, 2, 1, 1]
    assert sum(counts) == strategy.num_steps(10)


def test_the_best_of_a_rung_is_never_lost():
    rehearsal = Rehearsal(SuccessiveHalving(SPACE, 9))
    rehearsal.ask()
    scores = [3.0, 9.0, 1.0, float("nan"), 8.0, float("inf"), 2.0, 5.0, 7.0]
    assert rehearsal.tell(lambda place, score: scores[place]) == [1, 4, 8]
    assert [member.index for member in rehearsal.population] == [1, 4, 8]


def test_a_rung_where_nobody_is_usable_is_tried_again():
    rehearsal = Rehearsal(SuccessiveHalving(SPACE, 9))
    rehearsal.ask()
    assert rehearsal.tell(failed=range(9)) == []
    assert len(rehearsal.ask()) == 9
    assert len(rehearsal.tell()) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reduction_factor": 1}, "reduction_factor=1"),
        ({"min_generations": 0}, "min_generations=0"),
        ({"population_size": 1}, "population_size=1: SuccessiveHalving"),
    ],
)
def test_errors_name_the_setting(options, message):
    with pytest.raises(ValueError, match=message):
        SuccessiveHalving(**{"space": SPACE, "population_size": 9, **options})
