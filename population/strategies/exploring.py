"""What searches whose losers copy winners share: how a loser varies what it has copied."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from population.spaces import SearchSpace
from population.spaces.domain import STRENGTH
from population.spaces.tree import Tree
from population.strategies import selection
from population.strategies.space_strategy import SpaceStrategy


class ExploringStrategy(SpaceStrategy):
    """A search in which hyperparameters that were copied are drawn again, or moved by a step.

    Args:
        space: What to search: a :class:`population.SearchSpace` or the dict of one.
        population_size: How many members there are; ``len(initial)`` where it is left out.
        perturbation: The size of a step as a fraction of a domain's range; 0 for none.
        resample_probability: How often a value is drawn again instead, in [0, 1].
        initial: Hyperparameters of the first members; what they leave out is drawn.
        objective: The score that ranks members.

    Raises:
        ValueError: A setting is out of its range, or ``initial`` is not of the space.
    """

    smallest = 2

    def __init__(
        self,
        space: SearchSpace | Mapping[str, Any],
        population_size: int | None = None,
        *,
        perturbation: float = STRENGTH,
        resample_probability: float = 0.25,
        initial: Sequence[Mapping[str, Any]] = (),
        objective: str = "fitness",
    ) -> None:
        super().__init__(space, population_size, initial=initial, objective=objective)
        if not perturbation >= 0.0:
            raise ValueError(f"perturbation={perturbation!r}: expected at least 0.")
        if not 0.0 <= resample_probability <= 1.0:
            raise ValueError(f"{resample_probability=}: expected a probability in [0, 1].")
        self.perturbation = perturbation
        self.resample_probability = resample_probability

    def varied(self, values: Tree, rng: np.random.Generator) -> dict[str, Any]:
        """Explore: draw each value again with ``resample_probability``, else move it a little."""
        return self.space.perturb(
            values,
            rng,
            strength=self.perturbation,
            resample_probability=self.resample_probability,
        )

    def describe(self) -> dict[str, Any]:
        """Return the settings that a resumed run must share."""
        return {
            **super().describe(),
            "perturbation": self.perturbation,
            "resample_probability": self.resample_probability,
        }


def shuffled_ranking(scores: Sequence[float], rng: np.random.Generator) -> list[int]:
    """Return all places from best to worst, ties in random order."""
    shuffled = rng.permutation(len(scores))
    return [int(shuffled[i]) for i in selection.ranking(np.asarray(scores)[shuffled])]


def num_losers(size: int, quantile: float) -> int:
    """Return how many of so many members copy others: a share of at least one, at most half."""
    return min(size // 2, math.ceil(quantile * size))
