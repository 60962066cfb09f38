"""What all searches over hyperparameters share: a space, a population, a random start."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from population.spaces import SearchSpace
from population.strategy import Child, Individual, Strategy, check_column


class SpaceStrategy(Strategy):
    """A search over a space of hyperparameters with a population of a given size.

    Args:
        space: What to search: a :class:`population.SearchSpace` or the dict of one.
        population_size: How many members there are; ``len(initial)`` where it is left out.
        initial: Hyperparameters of the first members; what they leave out is drawn.
        objective: The score that ranks members.

    Attributes:
        round: How many generations have had a usable child; in an asynchronous search, how far
            the slot is that was asked last.

    Raises:
        ValueError: A setting is out of its range, or ``initial`` is not of the space.
    """

    smallest = 1

    def __init__(
        self,
        space: SearchSpace | Mapping[str, Any],
        population_size: int | None = None,
        *,
        initial: Sequence[Mapping[str, Any]] = (),
        objective: str = "fitness",
    ) -> None:
        self.space = SearchSpace(space)
        self.structural = self.space.structural
        self.population_size = len(initial) if population_size is None else population_size
        self.given = [dict(values) for values in initial]
        self.objective = objective
        self.round = 0
        self._check()

    def _check(self) -> None:
        name = type(self).__name__
        if not isinstance(self.population_size, int) or self.population_size < self.smallest:
            raise ValueError(
                f"population_size={self.population_size!r}: {name} needs an integer of at least "
                f"{self.smallest}."
            )
        if len(self.given) > self.population_size:
            raise ValueError(
                f"initial has {len(self.given)} members, more than "
                f"population_size={self.population_size}; raise one or shorten the other."
            )
        for values in self.given:
            self.space.check(values)
        for name in self.space.names:
            check_column(name, "the hyperparameter")

    def initial(self, rng: np.random.Generator) -> list[dict[str, Any]]:
        """Return the given hyperparameters, then drawn ones."""
        start = [self.space.complete(values, rng) for values in self.given]
        return start + [
            self.space.sample(rng) for _ in range(self.population_size - len(self.given))
        ]

    def tell(self, children: Sequence[Child]) -> list[int]:
        """Return all places by slot, or none where no child is usable."""
        if not np.isfinite(self.scores_of(children)).any():
            return []
        self.round += 1
        return self.survivors(children)

    def survivors(self, children: Sequence[Child]) -> list[int]:
        """Return the places of those that go on, where at least one child is usable."""
        return list(range(len(children)))

    def scores_of(self, group: Sequence[Child] | Sequence[Individual]) -> list[float]:
        """Return the ranking scores, (N,); NaN where there is none."""
        return [self.score(one.scores) for one in group]

    def columns(self, hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the hyperparameters as the journal's columns, under dotted names."""
        return self.space.columns(hyperparameters)

    def state_dict(self) -> dict[str, Any]:
        """Return the number of generations."""
        return {"round": self.round}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state made by :meth:`state_dict`."""
        self.round = int(state["round"])

    def describe(self) -> dict[str, Any]:
        """Return the settings that a resumed run must share."""
        return {
            **super().describe(),
            "space": self.space.describe(),
            "population_size": self.population_size,
            "initial": self.given,
        }
