import numpy as np
import pytest

from population import IPBT, AsynchronousSearch, Choice, LogUniform, Member, Search, Uniform
from population.strategy import FRESH, KEEP, SHRINK_PERTURB
from population.testing import Rehearsal

SPACE = {"lr": LogUniform(1e-4, 1e0), "act": Choice(["a", "b"])}
NAN = float("nan")


def play(strategy, *rounds, seed=0):
    rehearsal = Rehearsal(strategy, seed=seed)
    for scores in rounds:
        assert len(rehearsal.ask()) == len(scores)
        rehearsal.tell(lambda place, score, scores=scores: scores[place])
    return rehearsal


def restarted(*, first=(1.0, 2.0, 3.0, 4.0), **options):
    """Return a search of two that begins its second iteration."""
    strategy = IPBT(SPACE, 2, patience=1, **options)
    return strategy, play(strategy, first, [4.0, 3.0])


def test_twice_the_members_begin_and_the_better_half_goes_on():
    rehearsal = play(IPBT(SPACE, 3), [0.0, 5.0, 1.0, 4.0, 2.0, 3.0])
    assert rehearsal.chosen == [1, 3, 5]
    assert len(rehearsal.ask()) == 3


def test_it_begins_anew_when_the_best_score_stops_to_rise():
    strategy, rehearsal = restarted()
    assert strategy.restarting
    asked = rehearsal.ask()
    assert len(asked) == 5
    assert [one.parent for one in asked[:4]] == [0, 0, 0, 0]
    assert sorted(str(one.operator) for one in asked[:4]) == [FRESH] * 2 + [SHRINK_PERTURB] * 2
    assert (asked[4].operator, asked[4].parent, asked[4].train) == (KEEP, 0, False)


def test_the_interval_doubles_with_each_iteration():
    strategy, rehearsal = restarted(ready_every=1)
    assert strategy.interval == 1
    rehearsal.ask()
    rehearsal.tell(lambda place, score: [1.0, 2.0, 3.0, 4.0, 9.0][place])
    assert (strategy.iteration, strategy.interval, strategy.restarting) == (1, 2, False)
    assert rehearsal.chosen == [0, 1, 2, 3, 4]
    assert [one.parent for one in rehearsal.ask()] == [0, 1, 2, 3, 4]
    rehearsal.tell(lambda place, score: [1.0, 2.0, 3.0, 4.0, 9.0][place])
    assert rehearsal.chosen == [2, 3, 4]
    assert [one.parent for one in rehearsal.ask()] == [1, 1, 2]


def test_the_best_of_all_iterations_is_kept():
    _, rehearsal = restarted()
    rehearsal.ask()
    rehearsal.tell(lambda place, score: [0.0, 0.0, 0.0, 0.0, 4.0][place])
    assert rehearsal.population[-1].scores == {"fitness": 4.0}
    for _ in range(3):
        kept = rehearsal.ask()[-1]
        assert (kept.operator, kept.train) == (KEEP, False)
        rehearsal.tell(lambda place, score: 4.0 if place == len(rehearsal.offspring) - 1 else 1.0)


def test_the_kept_one_is_dropped_where_it_has_no_score_any_more():
    strategy, rehearsal = restarted()
    rehearsal.ask()
    rehearsal.tell(lambda place, score: NAN if place == 4 else score)
    assert not strategy.has_elder
    assert len(rehearsal.ask()) == 4


def test_where_all_members_are_lost_they_go_on_from_the_kept_one():
    _, rehearsal = restarted()
    rehearsal.ask()
    rehearsal.tell(lambda place, score: score if place == 4 else NAN)
    assert {one.parent for one in rehearsal.ask()} == {4}


def test_it_learns_which_start_had_the_best_offspring():
    strategy = IPBT(SPACE, 2, patience=1, quantile=0.5)
    rehearsal = play(strategy, [1.0, 2.0, 3.0, 4.0])
    starts = list(strategy.starts)
    assert strategy.sources == [2, 3]
    assert [one.parent for one in rehearsal.ask()] == [1, 1]
    rehearsal.tell(lambda place, score: [2.0, 3.5][place])
    assert strategy.restarting
    assert strategy.lessons == [
        [1.0, *start, peak] for start, peak in zip(starts, [1.0, 2.0, 3.0, 4.0], strict=True)
    ]


def test_half_of_the_new_hyperparameters_are_what_paid_off():
    strategy = IPBT(SPACE, 8)
    strategy.lessons = [[1.0, place, -abs(place - 0.25)] for place in np.linspace(0, 1, 20)]
    proposals = strategy._proposals(np.random.default_rng(0))
    promising = [abs(np.log10(one["lr"]) + 3) for one in proposals[8:]]
    assert np.median(promising) < 0.5
    assert np.std([np.log10(one["lr"]) for one in proposals[:8]]) > 0.6


def test_it_needs_whole_generations():
    with pytest.raises(ValueError, match="strategy=IPBT: it needs whole generations"):
        AsynchronousSearch(Walker, IPBT(SPACE, 2)).run(2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patience": 0}, "patience=0: expected"),
        ({"population_size": 1}, "IPBT needs an integer of at least 2"),
        ({"space": {"act": Choice([1, 2])}}, "IPBT models numbers"),
        ({"quantile": 0.7}, "quantile=0.7: expected a share"),
    ],
)
def test_settings_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        IPBT(**{"space": SPACE, "population_size": 4, **options})


class Walker(Member):
    """Counts its steps, and loses the count when it begins anew."""

    def __init__(self, hyperparameters):
        self.count, self.lr = 0.0, 0.0

    def configure(self, hyperparameters):
        self.lr = hyperparameters["lr"]

    def step(self, operator=None):
        if operator in (FRESH, SHRINK_PERTURB):
            self.count *= 0.2 if operator == SHRINK_PERTURB else 0.0
        self.count += 1 if self.count < 3 else 0

    def evaluate(self):
        return self.count - self.lr

    def state_dict(self):
        return {"count": self.count, "lr": self.lr}

    def load_state_dict(self, state):
        self.count = state["count"]


def test_a_search_ends_with_the_best_of_all_and_can_be_replayed():
    space = {"lr": Uniform(0, 0.1)}
    result = Search(Walker, IPBT(space, 3), seed=0).run(14)
    history = result.history
    assert {FRESH, SHRINK_PERTURB, KEEP} <= set(history["operator"])
    assert result.best.scores["fitness"] == pytest.approx(history["fitness"].max(), abs=0.1)
    assert result.schedule().replay(Walker).best.scores == result.best.scores
