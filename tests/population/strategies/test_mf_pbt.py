import numpy as np
import pytest

from population import MFPBT, IntUniform, LogUniform
from population.strategies.mf_pbt import Legacy
from population.testing import Rehearsal

SPACE = {"lr": LogUniform(1e-5, 1e-1), "width": IntUniform(1, 10**6, structural=True)}
RNG = np.random.default_rng

# slots 0 to 3 evolve every round, 4 to 7 every 10th
OFTEN = [8.0, 5.0, 3.0, 1.0]
RARE = [9.0, 7.0, 2.0, 0.0]


def at_round(number, *, size=8, **options):
    strategy = MFPBT(SPACE, size, **options)
    strategy.round = number
    return strategy


def test_the_frequencies_are_the_papers_as_far_as_there_are_members_for_them():
    assert MFPBT(SPACE, 4).frequencies == (1,)
    assert MFPBT(SPACE, 8).frequencies == (1, 10)
    assert MFPBT(SPACE, 40).frequencies == (1, 10, 25, 50)
    assert MFPBT(SPACE, 9, frequencies=(2, 3)).groups == [[0, 1, 2, 3, 4], [5, 6, 7, 8]]


def test_between_its_rounds_a_sub_population_is_left_alone():
    found = at_round(3).legacies(OFTEN + RARE, RNG(0))
    assert set(found) == {2, 3}
    assert found[3] == Legacy(0, 0, explores=True)


def test_who_migrates_where_at_round_10():
    found = at_round(10).legacies(OFTEN + RARE, RNG(0))
    assert found == {
        2: Legacy(4, 4, explores=False),  # 3 < 9, from one that evolves more rarely: with its lr
        3: Legacy(0, 0, explores=True),
        6: Legacy(0, 4, explores=False),  # 2 < 8, from a greedy one: with the lr of its own best
        7: Legacy(4, 4, explores=True),
    }


def test_only_better_members_migrate():
    scores = [1.0, 0.9, 0.8, 0.7, 9.0, 8.0, 7.0, 6.0]
    found = at_round(10).legacies(scores, RNG(0))
    assert found[2] == Legacy(4, 4, explores=False)
    assert set(found) == {2, 3, 7}


def test_a_migrant_goes_to_one_member_only():
    scores = [4.0, 3.9, 3.8, 3.7, 3.6, 3.5, 3.4, 3.3, *range(10, 18)]
    found = at_round(1, size=16, frequencies=(1, 50)).legacies(scores, RNG(0))
    assert found == {
        4: Legacy(15, 15, explores=False),
        5: Legacy(14, 14, explores=False),
        6: Legacy(0, 0, explores=True),
        7: Legacy(1, 1, explores=True),
    }


@pytest.mark.parametrize("number", [3, 10])
def test_a_member_without_a_score_goes_on_from_a_winner_at_home_at_once(number):
    found = at_round(number).legacies([*OFTEN, 9.0, float("nan"), 2.0, 0.0], RNG(0))
    assert found[5] == Legacy(4, 4, explores=True)
    assert 5 not in {one.weights for one in found.values()}


def test_a_lost_sub_population_goes_on_from_the_best_of_all():
    found = at_round(3).legacies([*OFTEN, *[float("nan")] * 4], RNG(0))
    assert {slot: found[slot] for slot in range(4, 8)} == dict.fromkeys(
        range(4, 8), Legacy(0, 0, explores=True)
    )


def test_hyperparameters_migrate_as_the_rule_says_and_structure_with_weights():
    rehearsal = Rehearsal(at_round(9), seed=1)
    rehearsal.ask()
    rehearsal.tell(lambda place, score: (OFTEN + RARE)[place])
    before = [one.hyperparameters for one in rehearsal.population]
    asked = rehearsal.ask()
    assert [one.parent for one in asked] == [0, 1, 4, 0, 4, 5, 0, 4]
    assert asked[2].hyperparameters == before[4]
    assert asked[6].hyperparameters == {"lr": before[4]["lr"], "width": before[0]["width"]}
    assert asked[7].hyperparameters["lr"] != before[4]["lr"]
    assert asked[1].hyperparameters == before[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"population_size": 3}, "population_size=3: MFPBT needs an integer of at least 4"),
        ({"population_size": 8, "frequencies": (1, 2, 3)}, "needs 4 members each, 12 together"),
        ({"population_size": 8, "frequencies": (2, 2)}, "expected integers of at least 1 in ris"),
        ({"population_size": 8, "frequencies": (0, 2)}, "expected integers of at least 1 in ris"),
        ({"population_size": 8, "perturbation": -1}, "perturbation=-1: expected at least 0"),
    ],
)
def test_settings_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        MFPBT(SPACE, **options)
