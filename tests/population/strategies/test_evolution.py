"""Evolution whose contests are rare, and whose children are crossed."""

from collections import Counter

import pytest

from population import Evolution
from population.testing import Rehearsal

NAMES = ("a", "b", "c")


def bandit(**options):
    return Evolution(NAMES, **{"contest_every": 4, "bandit": True, **options})


def play(rehearsal, generations, best=None):
    """Play generations in which one operator's children are the best; return who was proposed."""
    proposed = []
    for _ in range(generations):
        asked = [child.operator for child in rehearsal.ask() if child.train]
        if len(asked) == rehearsal.strategy.mu:
            proposed += asked
        rehearsal.tell(lambda i, usual: usual + 100 * (rehearsal.offspring[i].operator == best))
    return proposed


@pytest.mark.parametrize("mu", [1, 3])
def test_contests_are_rare_and_each_parent_has_one_child_in_between(mu):
    rehearsal = Rehearsal(bandit(mu=mu))
    sizes = []
    for _ in range(8):
        asked = rehearsal.ask()
        assert {child.parent for child in asked} == set(range(len(rehearsal.population)))
        sizes.append(len(asked))
        rehearsal.tell()
    assert sizes == [3 * mu, mu, mu, mu] * 2


def test_the_operator_that_wins_contests_is_proposed_and_the_next_one_after_it():
    rehearsal = Rehearsal(bandit())
    play(rehearsal, 60, best="b")
    assert play(rehearsal, 60, best="b").count("b") >= 43, "of 45"
    play(rehearsal, 80, best="c")
    assert play(rehearsal, 60, best="c").count("c") >= 43, "of 45"


def test_parents_of_a_generation_draw_their_operators_one_by_one():
    assert len(set(play(Rehearsal(bandit(mu=12)), 2))) > 1


def test_it_learns_from_contests_alone():
    rehearsal = Rehearsal(bandit()).play(1)
    learnt = rehearsal.strategy.state_dict()["bandit"]
    assert sum(wins for wins, _ in learnt.values()) == 1
    assert sum(losses for _, losses in learnt.values()) == 2
    assert rehearsal.play(3).strategy.state_dict()["bandit"] == learnt
    assert rehearsal.play(1).strategy.state_dict()["bandit"] != learnt


def test_a_contest_that_parents_win_counts_against_all():
    rehearsal = Rehearsal(bandit(plus=True))
    rehearsal.ask()
    rehearsal.tell(lambda i, _: 5.0 if rehearsal.offspring[i].operator == "keep" else 1.0)
    assert rehearsal.strategy.state_dict()["bandit"] == {name: [0.0, 1.0] for name in NAMES}


def test_a_contest_without_a_survivor_teaches_nothing_and_is_held_again():
    rehearsal = Rehearsal(bandit())
    rehearsal.ask()
    rehearsal.tell(failed=(0, 1, 2))
    assert rehearsal.strategy.state_dict()["bandit"] == {name: [0.0, 0.0] for name in NAMES}
    assert [child.operator for child in rehearsal.ask()] == list(NAMES)
    rehearsal.tell(failed=(0, 2))
    learnt = rehearsal.strategy.state_dict()["bandit"]
    assert learnt == {"a": [0.0, 1.0], "b": [1.0, 0.0], "c": [0.0, 1.0]}


def test_without_a_bandit_the_last_winner_works():
    rehearsal = Rehearsal(Evolution(NAMES, contest_every=4))
    assert Counter(play(rehearsal, 40, best="b")) == {"b": 30}
    assert "bandit" not in rehearsal.strategy.state_dict()


def test_the_bandit_is_a_setting_that_a_resumed_run_must_share():
    assert bandit().describe() != Evolution(NAMES, contest_every=4).describe()
    assert bandit().describe()["bandit"] is True


@pytest.mark.parametrize(
    "options", [{"contest_every": 1}, {"random_operator": True}, {"operators": ["a"]}]
)
def test_a_bandit_without_a_choice_or_a_contest_is_refused(options):
    settings = {"operators": NAMES, "contest_every": 4, "bandit": True, **options}
    with pytest.raises(ValueError, match="bandit=True chooses among operators between contests"):
        Evolution(**settings)


def crossings(rehearsal):
    return [(c.parent, c.partner, c.operator) for c in rehearsal.offspring if c.partner is not None]


def test_the_pairs_with_the_highest_sums_are_crossed_the_better_one_first():
    rehearsal = Rehearsal(Evolution(NAMES, crossover=2))
    rehearsal.ask()
    rehearsal.tell(lambda i, _: [1.0, 5.0, 3.0, 0.0, 9.0][i])
    assert crossings(rehearsal) == [(1, 2, "crossover"), (1, 0, "crossover")]
    assert rehearsal.chosen == [4]
    assert [child.index for child in rehearsal.children] == [0, 1, 2, 3, 4]


def test_who_failed_or_was_only_scored_again_is_not_crossed():
    rehearsal = Rehearsal(Evolution(NAMES, mu=1, plus=True, crossover=3))
    rehearsal.ask()
    rehearsal.tell(lambda i, _: [float("nan"), 2.0, 1.0, 9.0, 0.0][i])
    assert crossings(rehearsal) == [(1, 2, "crossover")]
    assert rehearsal.chosen == [3], "the parent"


def test_crossings_belong_to_contests_and_the_better_parents_operator_wins_them():
    rehearsal = Rehearsal(Evolution(NAMES, crossover=1, contest_every=3))
    rehearsal.ask()
    rehearsal.tell(lambda i, _: [1.0, 2.0, 3.0, 4.0][i])
    assert crossings(rehearsal) == [(2, 1, "crossover")]
    for _ in range(2):
        assert [child.operator for child in rehearsal.ask()] == ["c"]
        rehearsal.tell()
        assert crossings(rehearsal) == []


@pytest.mark.parametrize(
    "options", [{"bandit": True, "contest_every": 2}, {"random_operator": True}, {"crossover": -1}]
)
def test_a_crossover_that_teaches_nothing_is_refused(options):
    with pytest.raises(ValueError, match="crossover=.*expected 0 or more"):
        Evolution(NAMES, **{"crossover": 1, **options})


def test_losers_teach_behind_survivors_unless_they_are_lost():
    for teach, expected in ((True, [2, 3, 1]), (False, [2])):
        rehearsal = Rehearsal(Evolution(("a", "b", "c", "d"), losers_teach=teach))
        rehearsal.ask()
        chosen = rehearsal.tell(lambda i, _: [float("nan"), 1.0, 3.0, 2.0][i])
        assert rehearsal.strategy.teachers(rehearsal.children, chosen) == expected
    assert Evolution(NAMES).describe() != Evolution(NAMES, losers_teach=True).describe()
