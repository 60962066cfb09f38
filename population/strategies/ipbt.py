"""Iterated PBT: a Bayesian PBT that starts again with a longer interval whenever it stagnates."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from population.spaces import SearchSpace
from population.strategies import selection
from population.strategies.exploring import num_losers
from population.strategies.pb2 import NUM_CANDIDATES, PB2
from population.strategies.stagnation import Stagnation
from population.strategy import FRESH, KEEP, SHRINK_PERTURB, Child, Individual, Offspring

GROWTH = 2
"""By how much each iteration's interval is longer than the last one's."""
OVERSAMPLING = 2
"""How many members begin an iteration for each one that goes on after its first interval."""
FRESH_SHARE = 0.5
"""How many of them begin with new weights, and how many with new hyperparameters."""


class IPBT(PB2):
    """PB2 in iterations; each has twice the interval, and begins when the last one stagnates.

    - *When*: after every interval, see :class:`~population.strategies.stagnation.Stagnation`, but
      for ``patience`` intervals without progress.
    - *Weights* (section 3.3 of the paper): all begin with those of the best ``quantile``; half of
      them, drawn at random, anew ("fresh"), the others shrunk and perturbed, 0.2 w + 0.1 fresh w
      ("shrink-perturb"). The member does so when it is stepped with an operator of that name; one
      that knows none goes on with its weights as they are.
    - *Hyperparameters* (3.3): half are drawn at random; the others maximise the upper confidence
      bound of a second bandit, across iterations, which learns which start had the best offspring.
    - *Interval*: ``ready_every`` generations in the first iteration, twice as many in each further
      one. Twice the members begin an iteration, and the better half goes on after its first
      interval.

    What is ours: inside an iteration it is PB2, without the trust regions of the authors'
    optimiser; the bandit across iterations looks at the best score itself, and draws choices
    without an order at random; a restart comes however near the end is, since the best member of
    all iterations before is kept and scored again in every generation (it costs no training), and
    a search finds its best among those that there are.

    Chebykin et al. 2025, arXiv 2511.09190. What the text leaves open, and the values of settings,
    are as in ``ipbt.py`` and ``ipbt.yaml`` of the authors' published code, AwesomeLemon/IPBT.

    Args:
        space: What to search: a :class:`population.SearchSpace` or the dict of one.
        population_size: How many members there are, at least 2; ``len(initial)`` if left out.
        quantile: The share of losers in truncation, in (0, 0.5]; at least one member.
        resample_probability: How often a choice without an order is drawn again, in [0, 1].
        ready_every: The generations between exploits in the first iteration, at least 1.
        patience: After how many intervals without progress to begin anew, at least 1.
        min_observations: How many improvements a bandit needs, at least 2.
        max_observations: How many of the latest it learns from; its cost grows with the cube.
        initial: Hyperparameters of the first members; what they leave out is drawn.
        objective: The score that ranks members.

    Raises:
        ValueError: A setting is out of its range, or there is no number to search.
    """

    def __init__(
        self,
        space: SearchSpace | Mapping[str, Any],
        population_size: int | None = None,
        *,
        quantile: float = 0.25,
        resample_probability: float = 0.25,
        ready_every: int = 1,
        patience: int = 3,
        min_observations: int = 4,
        max_observations: int = 100,
        initial: Sequence[Mapping[str, Any]] = (),
        objective: str = "fitness",
    ) -> None:
        super().__init__(
            space,
            population_size,
            quantile=quantile,
            resample_probability=resample_probability,
            ready_every=ready_every,
            min_observations=min_observations,
            max_observations=max_observations,
            initial=initial,
            objective=objective,
        )
        self.stagnation = Stagnation(patience=patience)
        self.iteration = 0
        self.began = 0
        self.restarting = False
        self.has_elder = False
        self.starts: list[list[float]] = []
        self.peaks: list[float | None] = []
        self.sources: list[int] = []
        self.lessons: list[list[float]] = []

    @property
    def num_starts(self) -> int:
        """How many members begin an iteration."""
        return OVERSAMPLING * self.population_size

    @property
    def interval(self) -> int:
        """The generations between exploits in this iteration."""
        return int(self.ready_every * GROWTH**self.iteration)

    @property
    def is_ready(self) -> bool:
        """Whether the coming generation begins with exploits."""
        return (self.round - self.began) % self.interval == 0

    def initial(self, rng: np.random.Generator) -> list[dict[str, Any]]:
        """Return the given hyperparameters, then drawn ones: twice as many as go on."""
        further = self.num_starts - self.population_size
        return super().initial(rng) + [self.space.sample(rng) for _ in range(further)]

    def ask(self, population: Sequence[Individual], rng: np.random.Generator) -> list[Offspring]:
        """Return one child per slot, or the start of an iteration; then the best one so far."""
        members = population[: len(population) - self.has_elder]
        scores = self.scores_of(population)
        best = selection.ranking(scores)[0]
        if self.restarting:
            offspring = self._start(population, rng)
        elif self.has_elder and not np.isfinite(scores[:-1]).any():
            values = self.space.clip(population[-1].hyperparameters)
            offspring = [
                Offspring(parent=len(members), hyperparameters=self.varied(values, rng))
                for _ in members
            ]
        else:
            offspring = super().ask(members, rng)
        if not (self.has_elder or self.restarting):
            return offspring
        place = best if self.restarting else len(members)
        values = self.space.clip(population[place].hyperparameters)
        kept = Offspring(parent=place, operator=KEEP, hyperparameters=values, train=False)
        return [*offspring, kept]

    def _start(self, population: Sequence[Individual], rng: np.random.Generator) -> list[Offspring]:
        """Return the members that begin an iteration."""
        members = population[: len(population) - self.has_elder]
        count = num_losers(len(members), self.quantile)
        top = selection.truncation(self.scores_of(members), count)
        fresh = rng.permutation(self.num_starts)[: round(FRESH_SHARE * self.num_starts)]
        offspring = []
        for place, values in enumerate(self._proposals(rng)):
            parent = place if place in top else top[int(rng.integers(len(top)))]
            donor = self.space.clip(population[parent].hyperparameters)
            offspring.append(
                Offspring(
                    parent=parent,
                    operator=FRESH if place in fresh else SHRINK_PERTURB,
                    hyperparameters=self.space.inherit(values, donor, rng),
                )
            )
        return offspring

    def _proposals(self, rng: np.random.Generator) -> list[dict[str, Any]]:
        """Return hyperparameters to begin an iteration with: drawn ones, then promising ones."""
        from population.strategies.bandit import Bandit

        drawn = [self.space.sample(rng) for _ in range(self.num_starts)]
        if len(self.lessons) < self.min_observations:
            return drawn
        bandit = Bandit(self.lessons, now=self.iteration + 2)
        pending: list[list[float]] = []
        for place in range(round(FRESH_SHARE * self.num_starts), self.num_starts):
            candidates = rng.random((NUM_CANDIDATES, len(self.scaled)))
            chosen = candidates[bandit.choose(candidates, pending)]
            drawn[place] = self._placed(drawn[place], chosen, rng)
            pending.append(self._places(drawn[place]))
        return drawn

    def ask_one(
        self,
        population: Sequence[Individual],  # noqa: ARG002 - the interface
        slot: int,  # noqa: ARG002
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Offspring | None:
        """Refuse: an iteration begins for all at once.

        Raises:
            ValueError: Always.
        """
        raise ValueError("strategy=IPBT: it needs whole generations; use Search.")

    def tell(self, children: Sequence[Child]) -> list[int]:
        """Learn from the children; return those that go on, by slot, and the best one so far."""
        if not np.isfinite(self.scores_of(children)).any():
            return []
        trained = [child for child in children if child.offspring.train]
        if self.restarting:
            self._begin()
        if not self.starts:
            self.starts = [self._places(child.offspring.hyperparameters) for child in trained]
            self.peaks = [None] * len(trained)
            self.sources = list(range(len(trained)))
            self.previous = []
        else:
            self.sources = [self._source(child) for child in trained]
        self._climb(trained)
        survivors = super().tell(children)
        self.sources = [self.sources[i] for i in survivors if i < len(trained)]
        self.has_elder = len(survivors) > len(self.sources)
        if self.is_ready:
            self._look_back(trained)
        return survivors

    def _begin(self) -> None:
        """Begin an iteration; what the bandit inside has learnt belongs to the last one."""
        self.restarting = False
        self.iteration += 1
        self.began = self.round
        self.stagnation.reset()
        self.observations, self.starts = [], []

    def _source(self, child: Child) -> int:
        """Return which start a child's line goes back to; the best one of before to the first."""
        parent = child.offspring.parent
        return self.sources[parent] if parent < len(self.sources) else 0

    def _climb(self, trained: Sequence[Child]) -> None:
        """Remember the best score of each start's line."""
        for source, score in zip(self.sources, self.scores_of(trained), strict=True):
            peak = self.peaks[source]
            if np.isfinite(score) and (peak is None or score > peak):
                self.peaks[source] = score

    def survivors(self, children: Sequence[Child]) -> list[int]:
        """Return all places by slot; after an iteration's first interval, those of the better half.

        A best one of before whose score is not finite is dropped.
        """
        scores = self.scores_of(children)
        slots = [i for i, child in enumerate(children) if child.offspring.train]
        if self.round - self.began == self.interval:
            best = selection.ranking([scores[i] for i in slots])[: self.population_size]
            slots = sorted(best)
        kept = [i for i, child in enumerate(children) if not child.offspring.train]
        return slots + [i for i in kept if np.isfinite(scores[i])]

    def _look_back(self, trained: Sequence[Child]) -> None:
        """After an interval, see whether to begin anew, and learn from this iteration's starts."""
        scores = [score for score in self.scores_of(trained) if np.isfinite(score)]
        self.restarting = bool(scores) and self.stagnation.has_come(max(scores))
        if self.restarting:
            self.lessons += [
                [float(self.iteration + 1), *places, peak]
                for places, peak in zip(self.starts, self.peaks, strict=True)
                if peak is not None
            ]
            self.lessons = self.lessons[-self.max_observations :]

    def state_dict(self) -> dict[str, Any]:
        """Return what both bandits have seen, and how far the iteration is."""
        return {
            **super().state_dict(),
            "stagnation": self.stagnation.state_dict(),
            "iteration": self.iteration,
            "began": self.began,
            "restarting": self.restarting,
            "has_elder": self.has_elder,
            "starts": [list(row) for row in self.starts],
            "peaks": list(self.peaks),
            "sources": list(self.sources),
            "lessons": [list(row) for row in self.lessons],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state made by :meth:`state_dict`."""
        super().load_state_dict(state)
        self.stagnation.load_state_dict(state["stagnation"])
        self.iteration, self.began = int(state["iteration"]), int(state["began"])
        self.restarting, self.has_elder = bool(state["restarting"]), bool(state["has_elder"])
        self.starts = [list(row) for row in state["starts"]]
        self.peaks, self.sources = list(state["peaks"]), list(state["sources"])
        self.lessons = [list(row) for row in state["lessons"]]

    def describe(self) -> dict[str, Any]:
        """Return the settings that a resumed run must share."""
        return {**super().describe(), "patience": self.stagnation.patience}
