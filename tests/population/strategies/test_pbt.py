import numpy as np
import pytest

from population import (
    Choice,
    IntUniform,
    LogUniform,
    PopulationBasedTraining,
    SearchSpace,
    Uniform,
)
from population.strategies.pbt import duels
from population.strategy import Individual
from population.testing import Rehearsal

SPACE = {
    "lr": LogUniform(1e-5, 1e-1),
    "width": IntUniform(1, 10**6, structural=True),
    "act": Choice(["relu", "gelu"]),
}


def rehearsed(scores, *, failed=(), seed=0, **options):
    """Return what is asked for after one generation with these scores."""
    options = {"space": SPACE, "population_size": len(scores), **options}
    rehearsal = Rehearsal(PopulationBasedTraining(**options), seed=seed)
    rehearsal.ask()
    rehearsal.tell(lambda place, score: scores[place], failed=failed)
    rehearsal.ask()
    return rehearsal


def parents(rehearsal):
    return [asked.parent for asked in rehearsal.offspring]


def test_nobody_exploits_before_the_first_scores():
    rehearsal = Rehearsal(PopulationBasedTraining(SPACE, 4))
    rehearsal.ask()
    assert parents(rehearsal) == [0, 1, 2, 3]
    given = [member.hyperparameters for member in rehearsal.population]
    assert [asked.hyperparameters for asked in rehearsal.offspring] == given


@pytest.mark.parametrize("copied", [True, False])
def test_without_a_barrier_a_slot_copies_the_best_when_it_is_the_worst(copied):
    strategy = PopulationBasedTraining(SPACE, 4, quantile=0.25, copy_hyperparameters=copied)
    rng = np.random.default_rng(0)
    population = [
        Individual(
            generation=2,
            index=i,
            hyperparameters={"lr": 10.0 ** -(2 + i % 2), "width": 1 + i, "act": "relu"},
            scores={"fitness": fitness},
        )
        for i, fitness in enumerate([5.0, 1.0, 3.0, 2.0])
    ]
    asked = [strategy.ask_one(population, slot, rng) for slot in range(4)]
    assert [one.parent for one in asked] == [0, 0, 2, 3]
    assert [one.hyperparameters["width"] for one in asked] == [1, 1, 3, 4]
    for slot in (0, 2, 3):
        assert asked[slot].hyperparameters == population[slot].hyperparameters
    assert np.log10(asked[1].hyperparameters["lr"]) == pytest.approx(-2 if copied else -3, abs=0.5)
    population[1].failed = True
    assert strategy.ask_one(population, 1, rng).parent == 0


def test_truncation_copies_the_best_into_the_worst():
    scores = [5.0, 1.0, 9.0, 3.0, 8.0, 0.0, 4.0, 6.0, 2.0, 7.0]
    donors = set()
    for seed in range(30):
        asked = parents(rehearsed(scores, seed=seed))
        assert [asked[i] for i in range(10) if i not in (1, 5)] == [0, 2, 3, 4, 6, 7, 8, 9]
        donors |= {asked[1], asked[5]}
    assert donors == {2, 4}


@pytest.mark.parametrize("exploit", ["truncation", "tournament"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_nan_member_is_rescued_and_never_copied(exploit, bad):
    for seed in range(20):
        asked = parents(rehearsed([1.0, bad, 2.0, bad, bad], exploit=exploit, seed=seed))
        assert set(asked) <= {0, 2}


@pytest.mark.parametrize("exploit", ["truncation", "tournament"])
def test_rescue_does_not_wait_until_the_population_is_ready(exploit):
    rehearsal = rehearsed([1.0, float("nan"), 3.0, 2.0], ready_every=10, exploit=exploit)
    asked = parents(rehearsal)
    assert asked[1] == 2
    assert [asked[i] for i in (0, 2, 3)] == [0, 2, 3]
    rehearsal = rehearsed([1.0, 4.0, 3.0, 2.0], failed=[0], ready_every=10, exploit=exploit)
    assert parents(rehearsal) == [1, 1, 2, 3]


def test_ready_every_waits():
    rehearsal = Rehearsal(PopulationBasedTraining(SPACE, 4, ready_every=3))
    exploited = []
    for _ in range(9):
        rehearsal.ask()
        exploited.append(parents(rehearsal) != [0, 1, 2, 3])
        rehearsal.tell()
    assert exploited == [False, False, False, True, False, False, True, False, False]


def test_tournament_losers_copy_somebody_better():
    scores = [3.0, 1.0, 2.0, 5.0, 4.0, 0.0]
    copied = 0
    for seed in range(40):
        asked = parents(rehearsed(scores, exploit="tournament", seed=seed))
        changed = [i for i in range(6) if asked[i] != i]
        assert all(scores[asked[i]] > scores[i] for i in changed)
        assert asked[3] == 3
        assert asked[5] != 5
        copied += len(changed)
    assert copied / 40 == pytest.approx(3.0, abs=0.5)


def test_duels_have_one_loser_per_pair():
    for seed in range(20):
        lost = duels([4, 2], np.random.default_rng(seed))
        assert lost == {2: 4}
    assert duels([1], np.random.default_rng(0)) == {}


@pytest.mark.parametrize("exploit", ["truncation", "tournament"])
def test_ties_are_broken_at_random(exploit):
    asked = {tuple(parents(rehearsed([1.0, 1.0], seed=s, exploit=exploit))) for s in range(20)}
    assert asked == {(0, 0), (1, 1)}


def test_the_loser_varies_the_winners_hyperparameters():
    rehearsal = rehearsed([1.0, 2.0], perturbation=0.01, resample_probability=0.0)
    winner, loser = (rehearsal.offspring[i].hyperparameters for i in (1, 0))
    assert rehearsal.population[1].hyperparameters == winner
    assert loser["width"] == winner["width"]
    assert 0 < abs(np.log(loser["lr"] / winner["lr"])) < 0.05 * np.log(1e4)


def test_the_loser_may_keep_its_own_but_for_the_structure():
    rehearsal = rehearsed(
        [1.0, 2.0], copy_hyperparameters=False, perturbation=0.0, resample_probability=0.0
    )
    loser, winner = (member.hyperparameters for member in rehearsal.population)
    assert loser["width"] != winner["width"]
    assert rehearsal.offspring[0].hyperparameters == {**loser, "width": winner["width"]}


def test_the_loser_keeps_its_identity():
    rehearsal = rehearsed([1.0, 2.0, 3.0, 4.0])
    asked = rehearsal.offspring[0]
    assert asked.parent == 3
    assert set(asked.hyperparameters) == set(SPACE)
    assert asked.operator is None
    rehearsal.tell()
    assert rehearsal.chosen == [0, 1, 2, 3]
    assert [member.index for member in rehearsal.population] == [0, 1, 2, 3]


def test_small_populations_and_large_quantiles_have_winners_and_losers_apart():
    for size in (2, 3, 4, 5, 7):
        for quantile in (0.01, 0.2, 0.5):
            asked = parents(rehearsed([float(i) for i in range(size)], quantile=quantile))
            losers = [i for i in range(size) if asked[i] != i]
            assert losers
            assert not set(losers) & {asked[i] for i in losers}


def test_initial_members_are_given_and_completed():
    space = SearchSpace(SPACE)
    strategy = PopulationBasedTraining(space, 3, initial=[{"lr": 0.01}, {"act": "gelu"}])
    first, second, _ = strategy.initial(np.random.default_rng(0))
    assert first["lr"] == 0.01
    assert second["act"] == "gelu"
    assert PopulationBasedTraining(SPACE, initial=[{}, {}, {}]).population_size == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"population_size": 1}, "population_size=1: PopulationBasedTraining needs .* at least 2"),
        ({"population_size": 2.5}, "population_size=2.5"),
        ({"population_size": None}, "population_size=0"),
        ({"exploit": "truncate"}, "exploit='truncate': expected one of truncation, tournament"),
        ({"quantile": 0.6}, r"quantile=0.6: expected a share in \(0, 0.5\]"),
        ({"quantile": 0}, "quantile=0"),
        ({"perturbation": -1}, "perturbation=-1"),
        ({"resample_probability": 1.5}, "resample_probability=1.5"),
        ({"ready_every": 0}, "ready_every=0"),
        ({"population_size": 2, "initial": [{}] * 3}, "initial has 3 members"),
        ({"initial": [{"lr": 5.0}]}, "lr=5.0 is outside"),
        ({"space": {"seed": Uniform(0, 1)}}, "'seed' is a column of every journal"),
    ],
)
def test_errors_name_the_setting(options, message):
    with pytest.raises(ValueError, match=message):
        PopulationBasedTraining(**{"space": SPACE, "population_size": 4, **options})
