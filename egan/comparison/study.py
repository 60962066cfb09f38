"""One evolution with other ways to choose a mutation, each run to equal steps and equal CPU time.

It may be of any game: of E-GAN's presets, or of another paper with mutations.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from egan.comparison.methods import method_config
from egan.comparison.protocol import BUDGETS, STEPS
from egan.runs.plan import plan
from population.callbacks import Callback, Generation

if TYPE_CHECKING:
    from egan.config import RunConfig
    from egan.runs.preparation import Prepared
    from population import Search

FOREVER = 10**9
LOOK_SEED = 11_093
PATIENCE = 10
"""Generations in a row without a usable child after which a run is given up."""

Row = dict[str, float | int | str]
Tick = Callable[[float, int], None]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One run: a method and a seed, which goes on until both budgets are spent.

    Attributes:
        method: The method's name.
        seed: The run's seed.
        generations: The generator steps to compare at.
        cpu_seconds: The CPU time to compare at; None for what `generations` take.
    """

    method: str
    seed: int
    generations: int
    cpu_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Study:
    """What all runs of a comparison share: settings, data, and how samples are judged."""

    config: RunConfig
    prepared: Prepared

    def run(self, trial: Trial, tick: Tick) -> list[Row]:
        """Train until both budgets are spent; return a row of scores for each of them.

        `tick(share, generation)` is called after each generation with the share, in [0, 1], of
        the run that is done; neither its time nor the judging counts as training. A run that has
        no usable child any more gives up, with scores that are NaN.
        """
        config = method_config(self.config, trial.method, seed=trial.seed)
        clock = _Clock(study=self.of(config), trial=trial, tick=tick)
        search = plan(config).search(self.prepared, callbacks=[clock])
        with contextlib.suppress(_Hopeless):
            search.run(FOREVER)
        return list(clock.rows.values())

    def of(self, config: RunConfig) -> Study:
        """Return the study of one method, which shows what this makes: of niches their mixture."""
        from egan.runs.showcase import Showcase

        showcase = Showcase(config, self.prepared.model_type, self.prepared.task)
        return replace(self, config=config, prepared=replace(self.prepared, showcase=showcase))

    def judge(self, search: Search) -> dict[str, float]:
        """Take the model's own look at the best survivor, or the mixture, by averaged weights."""
        self.prepared.showcase.follow(search, plan(self.config))
        return self._look()

    def blank(self) -> dict[str, float]:
        """Return the scores of a generator that is lost."""
        return dict.fromkeys(self._look(), math.nan)

    @property
    def num_parameters(self) -> int:
        """How many parameters the generators have together."""
        model: Any = self.prepared.showcase.model
        games = getattr(model, "members", (model,))
        networks = [game.networks[name] for game in games for name in game.sides.members]
        return sum(one.numel() for network in networks for one in network.parameters())

    def _look(self) -> dict[str, float]:
        from egan.training.model import stream

        model = self.prepared.showcase.model
        model.rng = stream(LOOK_SEED)
        with model.judging():
            return model.look()


class _Hopeless(Exception):  # noqa: N818 - a condition, caught here
    """A run has had no usable child for a long time."""


@dataclass(kw_only=True)
class _Clock(Callback):
    """Counts a run's CPU time without the looks at its samples, and stops it when all is seen."""

    study: Study
    trial: Trial
    tick: Tick
    rows: dict[str, Row] = field(default_factory=dict)
    spent: float = 0.0
    generation: int = 0
    barren: int = 0

    def on_start(self, search: Search, generations: int) -> None:  # noqa: ARG002
        self._mark = time.process_time()

    def on_generation(self, search: Search, generation: Generation) -> None:
        self.spent += time.process_time() - self._mark
        self.generation = generation.number
        self.barren = 0 if generation.survivors else self.barren + 1
        due = [name for name in BUDGETS if name not in self.rows and self._share(name) >= 1]
        if due:
            scores = self.study.judge(search)
            self.rows.update({name: self._row(name, scores) for name in due})
        if self.barren == PATIENCE:
            self._give_up()
            raise _Hopeless
        if len(self.rows) == len(BUDGETS):
            search.stop()
        self.tick(min(1.0, *map(self._share, BUDGETS)), generation.number)
        self._mark = time.process_time()

    def _give_up(self) -> None:
        """Fill the rows that a run without usable children will never reach."""
        scores = self.study.blank()
        for name in BUDGETS:
            self.rows.setdefault(name, self._row(name, scores))

    def _share(self, budget: str) -> float:
        """Return how much of a budget is spent, 1 or more where all of it is."""
        if budget == STEPS or self.trial.cpu_seconds is None:
            return self.generation / self.trial.generations
        return self.spent / self.trial.cpu_seconds

    def _row(self, budget: str, scores: dict[str, float]) -> Row:
        return {
            "method": self.trial.method,
            "seed": self.trial.seed,
            "budget": budget,
            "generations": self.generation,
            "cpu_seconds": round(self.spent, 4),
            "parameters": self.study.num_parameters,
            **scores,
        }
