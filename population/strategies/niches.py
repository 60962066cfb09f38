"""Niches: every member goes on from itself, and none is better than another."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from population.strategy import Child, Individual, Offspring, Strategy, check_operators


class Niches(Strategy):
    """Members that live in one environment and never compete: each child succeeds its own parent.

    A member that fails, or whose score is not finite, is given up: its place goes on from the next
    member that is well.

    Args:
        operators: The names of the mutations, dealt to the members in turn, for good: with two of
            them the first, third, fifth ... member has the first.
        members: The hyperparameters of each member, which it keeps; their number is that of the
            members.
        drawn: Whether each child's operator is drawn at random instead.
        objective: The score that says whether a member is well, by being finite.

    Raises:
        ValueError: No operators or repeated ones, or no members.
    """

    def __init__(
        self,
        operators: Sequence[str],
        *,
        members: Sequence[Mapping[str, Any]],
        drawn: bool = False,
        objective: str = "fitness",
    ) -> None:
        check_operators(operators)
        if not members:
            raise ValueError(
                f"members={list(members)!r}: expected hyperparameters of one member or more, such "
                "as [{}, {}] for two that have none."
            )
        self.operators = tuple(operators)
        self.members = [dict(values) for values in members]
        self.drawn = drawn
        self.objective = objective

    def initial(self, rng: np.random.Generator) -> list[dict[str, Any]]:  # noqa: ARG002
        """Return each member's hyperparameters."""
        return [dict(values) for values in self.members]

    def ask(self, population: Sequence[Individual], rng: np.random.Generator) -> list[Offspring]:
        """Return a child for each member, of itself or of the next one that is well."""
        alive = {one.index: place for place, one in enumerate(population) if not one.failed}
        return [
            Offspring(
                parent=self._parent(niche, alive),
                operator=self._operator(niche, rng),
                hyperparameters=dict(values),
            )
            for niche, values in enumerate(self.members)
        ]

    def _parent(self, niche: int, alive: Mapping[int, int]) -> int:
        """Return who a member goes on from, given the places of those that are well."""
        size = len(self.members)
        return next(alive[i % size] for i in range(niche, niche + size) if i % size in alive)

    def _operator(self, niche: int, rng: np.random.Generator) -> str:
        place = rng.integers(len(self.operators)) if self.drawn else niche % len(self.operators)
        return self.operators[place]

    def tell(self, children: Sequence[Child]) -> list[int]:
        """Return the places of all children with a finite score, in the order of the members."""
        return [i for i, child in enumerate(children) if np.isfinite(self.score(child.scores))]

    def describe(self) -> dict[str, Any]:
        """Return the settings that a resumed run must share."""
        return {
            **super().describe(),
            "operators": list(self.operators),
            "members": [dict(values) for values in self.members],
            "drawn": self.drawn,
        }
