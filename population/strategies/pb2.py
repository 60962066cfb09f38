"""Population based bandits: PBT whose explore step is chosen by a model of what paid off."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from population.spaces import SearchSpace
from population.spaces.domain import Scaled
from population.spaces.tree import Tree, flatten, unflatten
from population.strategies.pbt import PopulationBasedTraining
from population.strategy import Child, Individual

Array = npt.NDArray[np.float64]

NUM_CANDIDATES = 512


class PB2(PopulationBasedTraining):
    """PBT with a time-varying Gaussian-process bandit for the numbers in the space.

    The model predicts how much a generation improves the score, from the time and the
    hyperparameters (each in [0, 1] on its domain's own scale). A loser gets the candidate x with
    the highest upper confidence bound

        mean(t, x) + sqrt(0.2 * log(0.4 * n)) * deviation(t, x),

    where n is the number of observations, and the deviation already counts what the other members
    are training with. Choices without an order are explored as in PBT, and so is everything until
    there are ``min_observations``, by drawing again.

    Parker-Holder et al. 2020, arXiv 2002.02518.

    Args:
        space: What to search: a :class:`population.SearchSpace` or the dict of one.
        population_size: How many members there are, at least 2; ``len(initial)`` if left out.
        exploit: ``"truncation"`` or ``"tournament"``.
        quantile: The share of losers in truncation, in (0, 0.5]; at least one member.
        resample_probability: How often a choice without an order is drawn again, in [0, 1].
        ready_every: The generations between exploits, at least 1.
        min_observations: How many improvements the model needs, at least 2.
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
        exploit: str = "truncation",
        quantile: float = 0.2,
        resample_probability: float = 0.25,
        ready_every: int = 1,
        min_observations: int = 4,
        max_observations: int = 200,
        initial: Sequence[Mapping[str, Any]] = (),
        objective: str = "fitness",
    ) -> None:
        super().__init__(
            space,
            population_size,
            exploit=exploit,
            quantile=quantile,
            resample_probability=resample_probability,
            ready_every=ready_every,
            initial=initial,
            objective=objective,
        )
        if not 2 <= min_observations <= max_observations:
            raise ValueError(f"{min_observations=}, {max_observations=}: expected 2 <= min <= max.")
        leaves = self.space.leaves.items()
        self.scaled: dict[str, Scaled] = {
            name: leaf.domain
            for name, leaf in leaves
            if isinstance(leaf.domain, Scaled) and not leaf.domain.structural
        }
        if not self.scaled:
            raise ValueError(
                f"space={list(self.space.names)!r} has no number to search; {type(self).__name__} "
                "models numbers and ordered options. Use PopulationBasedTraining."
            )
        self.min_observations = min_observations
        self.max_observations = max_observations
        self.observations: list[list[float]] = []
        self.previous: list[float | None] = []

    def tell(self, children: Sequence[Child]) -> list[int]:
        """Learn how much each child improved on its parent; return all places by slot."""
        survivors = super().tell(children)
        if survivors:
            self._observe(children)
            scores = self.scores_of([children[i] for i in survivors])
            self.previous = [score if np.isfinite(score) else None for score in scores]
        return survivors

    def tell_one(self, parent: Individual, child: Individual) -> None:
        """Learn how much an asynchronous child improved on its parent."""
        before, after = self.score(parent.scores), self.score(child.scores)
        self._learn(child.generation, child.hyperparameters, after - before)

    def _observe(self, children: Sequence[Child]) -> None:
        for child in children if self.previous else ():
            if not child.offspring.train:
                continue
            before, after = self.previous[child.offspring.parent], self.score(child.scores)
            if before is not None:
                self._learn(self.round, child.offspring.hyperparameters, after - before)

    def _learn(self, time: int, values: Tree, gain: float) -> None:
        """Remember what a generation gained, unless it has no finite score."""
        if np.isfinite(gain):
            self.observations.append([float(time), *self._places(values), gain])
            self.observations = self.observations[-self.max_observations :]

    def explore(
        self, bases: Sequence[Tree], running: Sequence[Tree], rng: np.random.Generator
    ) -> list[dict[str, Any]]:
        """Return for each loser the most promising hyperparameters, one after the other."""
        if not bases:
            return []
        from population.strategies.bandit import Bandit

        varied = super().explore(bases, running, rng)
        enough = len(self.observations) >= self.min_observations
        bandit = Bandit(self.observations, now=self.round + 1) if enough else None
        pending = [self._places(values) for values in running]
        for i, values in enumerate(varied):
            candidates = rng.random((NUM_CANDIDATES, len(self.scaled)))
            best = 0 if bandit is None else bandit.choose(candidates, pending)
            varied[i] = self._placed(values, candidates[best], rng)
            pending.append(self._places(varied[i]))
        return varied

    def _places(self, values: Tree) -> list[float]:
        """Return the numbers' places in [0, 1]; the middle for one that does not exist."""
        flat = flatten(values)
        return [
            domain.to_unit(flat[name]) if name in flat else 0.5
            for name, domain in self.scaled.items()
        ]

    def _placed(self, values: Tree, places: Array, rng: np.random.Generator) -> dict[str, Any]:
        """Return the values with the numbers at these places."""
        numbers = {
            name: domain.from_unit(float(place))
            for (name, domain), place in zip(self.scaled.items(), places, strict=True)
        }
        return self.space.complete(unflatten({**flatten(values), **numbers}), rng)

    def state_dict(self) -> dict[str, Any]:
        """Return the observations: rounds, places, improvements."""
        return {
            **super().state_dict(),
            "observations": [list(row) for row in self.observations],
            "previous": list(self.previous),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state made by :meth:`state_dict`."""
        super().load_state_dict(state)
        self.observations = [list(row) for row in state["observations"]]
        self.previous = list(state["previous"])

    def describe(self) -> dict[str, Any]:
        """Return the settings that a resumed run must share."""
        return {
            **super().describe(),
            "min_observations": self.min_observations,
            "max_observations": self.max_observations,
        }
