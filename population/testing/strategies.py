"""What every strategy promises to the engine, as tests that you can run on your own."""

import copy
import json
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from population.strategy import Strategy
from population.testing.rehearsal import Rehearsal

MakeStrategy = Callable[[], Strategy]

GENERATIONS = 12

_FRESH_PROCESS = """
import json, pickle, sys
from population.testing import Rehearsal
strategy = pickle.load(sys.stdin.buffer)
print(json.dumps(Rehearsal(strategy, seed=3).play(%d).log))
"""


class StrategyConformance:
    """Tests for pytest. Subclass it, and give it a fixture ``make_strategy``.

    Example::

        class TestMine(StrategyConformance):
            @pytest.fixture
            def make_strategy(self):
                return lambda: Mine(space, population_size=6)

    The strategy has to come from an importable module: one test hands it to a fresh process.
    Where it has an attribute ``space``, all hyperparameters are looked up in there.
    """

    def test_start_is_within_the_space(self, make_strategy: MakeStrategy) -> None:
        """The random start has at least one member, with hyperparameters from the space."""
        start = Rehearsal(make_strategy()).population
        assert start, "initial() returned nobody."
        for member in start:
            _check_hyperparameters(make_strategy(), member.hyperparameters)

    def test_offspring_are_valid(self, make_strategy: MakeStrategy) -> None:
        """Every child has a living parent and hyperparameters from the space."""
        rehearsal = Rehearsal(make_strategy())
        for _ in range(GENERATIONS):
            assert rehearsal.ask(), "ask() returned no children."
            for asked in rehearsal.offspring:
                _check_parent(rehearsal, asked.parent)
                _check_hyperparameters(rehearsal.strategy, asked.hyperparameters)
            rehearsal.tell()
            assert len(set(rehearsal.chosen)) == len(rehearsal.chosen), "a survivor came twice."
            assert set(rehearsal.chosen) <= set(range(len(rehearsal.children)))

    def test_same_names_for_every_child(self, make_strategy: MakeStrategy) -> None:
        """The history has the same columns in every generation."""
        rehearsal = Rehearsal(make_strategy())
        names = set()
        for _ in range(GENERATIONS):
            names |= {
                tuple(rehearsal.strategy.columns(asked.hyperparameters))
                for asked in rehearsal.ask()
            }
            rehearsal.tell()
        assert len(names) == 1, f"columns() gave different names: {sorted(names)}."

    def test_same_seed_same_search(self, make_strategy: MakeStrategy) -> None:
        """Nothing but the generators passed in decides, and no global one is touched."""
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002 - the global generator is what is under test
        first = Rehearsal(make_strategy(), seed=3).play(GENERATIONS).log
        drawn = random.random(), np.random.random()  # noqa: NPY002
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002
        assert drawn == (random.random(), np.random.random()), "it used a global generator."  # noqa: NPY002
        assert Rehearsal(make_strategy(), seed=3).play(GENERATIONS).log == first

    def test_fresh_process_gives_the_same(self, make_strategy: MakeStrategy) -> None:
        """Neither the order of a set nor what ran before decides."""
        answer = subprocess.run(
            [sys.executable, "-c", _FRESH_PROCESS % GENERATIONS],
            input=pickle.dumps(make_strategy()),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "7"},
            capture_output=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr.decode()
        log = Rehearsal(make_strategy(), seed=3).play(GENERATIONS).log
        assert json.loads(answer.stdout) == log

    def test_resumes_from_its_state(self, make_strategy: MakeStrategy) -> None:
        """After a trip through JSON, early or late, it goes on as if nothing had been."""
        whole = Rehearsal(make_strategy(), seed=5).play(GENERATIONS).log
        for pause in (0, 1, 2, 5, GENERATIONS - 2):
            before = Rehearsal(make_strategy(), seed=5).play(pause)
            after = before.resumed_by(make_strategy()).play(GENERATIONS - pause)
            assert after.log == whole, f"resumed after generation {pause}, it went elsewhere."

    def test_settings_are_json(self, make_strategy: MakeStrategy) -> None:
        """The settings can be written down, and playing does not change them."""
        rehearsal = Rehearsal(make_strategy())
        before = json.dumps(rehearsal.strategy.describe(), allow_nan=False)
        rehearsal.play(3)
        assert json.dumps(rehearsal.strategy.describe()) == before
        assert json.dumps(make_strategy().describe()) == before

    def test_parents_stay_as_they_are(self, make_strategy: MakeStrategy) -> None:
        """Asking does not change the population."""
        rehearsal = Rehearsal(make_strategy()).play(2)
        before = copy.deepcopy(rehearsal.population)
        rehearsal.ask()
        assert rehearsal.population == before, "ask() changed the population."

    def test_best_child_survives(self, make_strategy: MakeStrategy) -> None:
        """The best of a generation is always among its survivors."""
        rehearsal = Rehearsal(make_strategy())
        for _ in range(GENERATIONS):
            rehearsal.ask()
            rehearsal.tell()
            scores = [rehearsal.strategy.score(child.scores) for child in rehearsal.children]
            assert int(np.argmax(scores)) in rehearsal.chosen

    def test_ties_keep_an_order(self, make_strategy: MakeStrategy) -> None:
        """Equal scores are no problem, and decide the same way every time."""
        answers = []
        for _ in range(2):
            rehearsal = Rehearsal(make_strategy())
            rehearsal.ask()
            rehearsal.tell(lambda place, score: 1.0)  # noqa: ARG005
            assert rehearsal.chosen
            rehearsal.ask()
            answers.append((rehearsal.chosen, rehearsal.offspring))
        assert answers[0] == answers[1]

    def test_nobody_usable_keeps_the_parents(self, make_strategy: MakeStrategy) -> None:
        """Where every score is NaN or every child failed, the old population stays and goes on."""
        for start in (0, 3):
            rehearsal = Rehearsal(make_strategy()).play(start)
            rehearsal.ask()
            assert rehearsal.tell(lambda place, score: float("nan")) == []  # noqa: ARG005
            rehearsal.ask()
            assert rehearsal.tell(failed=range(len(rehearsal.offspring))) == []
            rehearsal.play(2)
            assert rehearsal.chosen

    def test_failed_child_is_no_parent(self, make_strategy: MakeStrategy) -> None:
        """A child that failed is dropped, or its slot goes on from a living one, at once."""
        for place in (0, -1):
            rehearsal = Rehearsal(make_strategy()).play(2)
            last = len(rehearsal.ask()) - 1
            rehearsal.tell(failed=[last if place else 0])
            assert rehearsal.ask()
            for asked in rehearsal.offspring:
                _check_parent(rehearsal, asked.parent)
            rehearsal.tell()

    def test_nan_is_no_model(self, make_strategy: MakeStrategy) -> None:
        """A member whose score is NaN or infinite has at most its own child, nobody copies it."""
        for bad in (float("nan"), float("inf"), float("-inf")):
            rehearsal = Rehearsal(make_strategy()).play(2)
            rehearsal.ask()
            rehearsal.tell(lambda place, score, bad=bad: score if place else bad)  # type: ignore[misc]
            parents = [asked.parent for asked in rehearsal.ask()]
            for place, member in enumerate(rehearsal.population):
                if not np.isfinite(rehearsal.strategy.score(member.scores)):
                    assert parents.count(place) <= 1


def _check_parent(rehearsal: Rehearsal, place: int) -> None:
    assert 0 <= place < len(rehearsal.population), f"parent {place} does not exist."
    assert not rehearsal.population[place].failed, f"parent {place} has failed."


def _check_hyperparameters(strategy: Strategy, hyperparameters: Any) -> None:
    json.dumps(hyperparameters, allow_nan=False)
    space = getattr(strategy, "space", None)
    if space is not None:
        space.check(hyperparameters)
        assert space.clip(hyperparameters) == hyperparameters
