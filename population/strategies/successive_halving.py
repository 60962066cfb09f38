"""Successive halving: many start, and at each rung only the best train on."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from population.spaces import SearchSpace
from population.strategies import selection
from population.strategies.ladder import Ladder
from population.strategies.random_search import RandomSearch
from population.strategy import Child, Individual, Offspring


class SuccessiveHalving(RandomSearch):
    """Random members, of which the best ``1 / reduction_factor`` survive each rung.

    The rungs are the generations ``min_generations * reduction_factor ** k``. The best member of
    a rung always survives it; those that stop stay in the history.

    Asynchronously it is ASHA: members wait at a rung, and one trains on as soon as it is among the
    best ``1 / reduction_factor`` of those that have reached the rung so far.

    Jamieson and Talwalkar 2016, arXiv 1502.07943, algorithm 1; Li et al. 2020, arXiv 1810.05934,
    algorithm 2, with all configurations drawn at the start.

    Args:
        space: What to draw from: a :class:`population.SearchSpace` or the dict of one.
        population_size: How many members start; ``len(initial)`` where it is left out.
        reduction_factor: How many members one survivor is chosen from, at least 2.
        min_generations: The first rung, at least 1.
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
        reduction_factor: int = 3,
        min_generations: int = 1,
        initial: Sequence[Mapping[str, Any]] = (),
        objective: str = "fitness",
    ) -> None:
        super().__init__(space, population_size, initial=initial, objective=objective)
        if reduction_factor < 2:
            raise ValueError(f"reduction_factor={reduction_factor!r}: expected at least 2.")
        if min_generations < 1:
            raise ValueError(f"min_generations={min_generations!r}: expected at least 1.")
        self.reduction_factor = reduction_factor
        self.min_generations = min_generations
        self.ladder = Ladder(self.population_size, reduction_factor, min_generations)

    def survivors(self, children: Sequence[Child]) -> list[int]:
        """Return the best by slot at a rung, and all that did not fail in between."""
        if not self.is_rung(self.round):
            return super().survivors(children)
        count = max(1, len(children) // self.reduction_factor)
        scores = self.scores_of(children)
        return sorted(selection.truncation(scores, count))

    def ask_one(
        self, population: Sequence[Individual], slot: int, rng: np.random.Generator
    ) -> Offspring | None:
        """Let the member train on unless it waits at a rung; one that failed is the worst there."""
        member = population[slot]
        score = float("nan") if member.failed else self.score(member.scores)
        free = self.ladder.passes(slot, member.generation, score, stopped=member.failed)
        return super().ask_one(population, slot, rng) if free else None

    def wake(self, waiting: Collection[int]) -> list[int]:
        """Return the slots that others' arrivals have let pass."""
        free = sorted(self.ladder.freed.intersection(waiting))
        self.ladder.freed = set()
        return free

    def is_rung(self, generation: int) -> bool:
        """Return whether members are stopped after this generation."""
        return self.ladder.rung_above(generation) == generation

    def num_steps(self, generations: int) -> int:
        """Return how many steps all members together make, for comparisons at equal cost."""
        alive, steps = self.population_size, 0
        for generation in range(1, generations + 1):
            steps += alive
            if self.is_rung(generation):
                alive = max(1, alive // self.reduction_factor)
        return steps

    def state_dict(self) -> dict[str, Any]:
        """Return the number of generations, and who reached which rung asynchronously."""
        return {**super().state_dict(), "ladder": self.ladder.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state made by :meth:`state_dict`."""
        super().load_state_dict(state)
        self.ladder.load_state_dict(state["ladder"])

    def describe(self) -> dict[str, Any]:
        """Return the settings that a resumed run must share."""
        return {
            **super().describe(),
            "reduction_factor": self.reduction_factor,
            "min_generations": self.min_generations,
        }
