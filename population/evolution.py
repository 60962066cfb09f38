"""Evolution: every parent makes one child per operator, and the best survive."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from population import selection
from population.strategy import KEEP, Child, Individual, Offspring, Strategy


class Evolution(Strategy):
    """(mu, lambda) and (mu + lambda) evolution with named operators.

    Each of ``mu`` parents makes one child per operator. With comma selection the best ``mu``
    children replace their parents; with plus selection the parents are scored again, in the same
    generation and on the same random numbers, and compete.

    Args:
        operators: The names of the mutations, each given to ``Member.step``.
        mu: How many survive, at least 1.
        plus: Whether parents compete with their children.
        objective: The score that ranks children.
        objectives: Two or more scores for Pareto selection instead (fronts, then crowding).
        hyperparameters: What every member is built with.

    Raises:
        ValueError: No operators, repeated ones, or ``mu`` below 1.
    """

    def __init__(
        self,
        operators: Sequence[str],
        *,
        mu: int = 1,
        plus: bool = False,
        objective: str = "fitness",
        objectives: Sequence[str] = (),
        hyperparameters: dict[str, Any] | None = None,
    ) -> None:
        if not operators or len(set(operators)) < len(operators):
            raise ValueError(f"operators={list(operators)!r}: expected distinct names, at least one.")
        if mu < 1:
            raise ValueError(f"mu={mu!r}: expected at least one survivor.")
        self.operators = tuple(operators)
        self.mu = mu
        self.plus = plus
        self.objective = objective
        self.objectives = tuple(objectives)
        self.hyperparameters = dict(hyperparameters or {})

    def initial(self, rng: np.random.Generator) -> list[dict[str, Any]]:  # noqa: ARG002
        """Return the same hyperparameters for each of ``mu`` members."""
        return [dict(self.hyperparameters) for _ in range(self.mu)]

    def ask(
        self,
        population: Sequence[Individual],
        rng: np.random.Generator,  # noqa: ARG002 - this strategy draws nothing
    ) -> list[Offspring]:
        """Return every living parent with every operator, and the parents where plus."""
        parents = [i for i, parent in enumerate(population) if not parent.failed]
        given = {i: population[i].hyperparameters for i in parents}
        children = [
            Offspring(parent=i, operator=operator, hyperparameters=given[i])
            for i in parents
            for operator in self.operators
        ]
        if self.plus:
            children += [
                Offspring(parent=i, operator=KEEP, hyperparameters=given[i], train=False)
                for i in parents
            ]
        return children

    def tell(self, children: Sequence[Child]) -> list[int]:
        """Return the best ``mu`` of the children that have finite scores."""
        if self.objectives:
            rows = [[c.scores.get(name, np.nan) for name in self.objectives] for c in children]
            return selection.pareto(rows, self.mu)
        return selection.truncation([self.score(c.scores) for c in children], self.mu)

    def describe(self) -> dict[str, Any]:
        """Return the settings that a resumed run must share."""
        return {
            **super().describe(),
            "operators": list(self.operators),
            "mu": self.mu,
            "plus": self.plus,
            "objectives": list(self.objectives),
        }
