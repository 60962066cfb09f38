"""Random search: the baseline that every other search is measured against."""

from collections.abc import Sequence

import numpy as np

from population.strategies.space_strategy import SpaceStrategy
from population.strategy import Child, Individual, Offspring, SlotStrategy


class RandomSearch(SpaceStrategy, SlotStrategy):
    """Members with random hyperparameters that train side by side and never change.

    A member that fails for good is dropped; one whose score is NaN goes on, for a score may come
    later (an agent's first episode has to end first).

    Bergstra and Bengio 2012, "Random Search for Hyper-Parameter Optimization".

    Args:
        space: What to draw from: a :class:`population.SearchSpace` or the dict of one.
        population_size: How many members there are; ``len(initial)`` where it is left out.
        initial: Hyperparameters of the first members; what they leave out is drawn.
        objective: The score that ranks members.

    Raises:
        ValueError: A setting is out of its range, or ``initial`` is not of the space.
    """

    def ask(
        self,
        population: Sequence[Individual],
        rng: np.random.Generator,  # noqa: ARG002 - only the start is random
    ) -> list[Offspring]:
        """Let every living member train on."""
        return [
            Offspring(parent=i, hyperparameters=self.space.clip(member.hyperparameters))
            for i, member in enumerate(population)
            if not member.failed
        ]

    def ask_one(
        self,
        population: Sequence[Individual],
        slot: int,
        rng: np.random.Generator,  # noqa: ARG002 - only the start is random
    ) -> Offspring | None:
        """Let the member train on, unless it has failed for good."""
        member = population[slot]
        if member.failed:
            return None
        return Offspring(parent=slot, hyperparameters=self.space.clip(member.hyperparameters))

    def survivors(self, children: Sequence[Child]) -> list[int]:
        """Return the places of those that did not fail."""
        return [i for i, child in enumerate(children) if not child.error]
