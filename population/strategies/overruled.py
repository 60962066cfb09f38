"""Another strategy, one of whose decisions is taken out of its hands: what would have been?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from population.strategy import Child, Individual, Offspring, Strategy


class Overruled(Strategy):
    """Lets children of one's choice survive the first generation, then leaves all to a strategy.

    The strategy is told that they were better than all others, so that whatever it learns from
    survivors fits those that there are. Its state and its settings are those of the strategy, so a
    search goes on from it, and to it, as from the strategy itself.

    Args:
        strategy: The strategy.
        chosen: The places of the children, the best first.

    Raises:
        ValueError: No children are named, or one twice. When they are told: there is no such child,
            it has failed, or the strategy lets fewer survive.
    """

    def __init__(self, strategy: Strategy, chosen: Sequence[int]) -> None:
        if not chosen or len(set(chosen)) < len(chosen):
            raise ValueError(f"chosen={list(chosen)!r}: expected distinct places, at least one.")
        self.strategy = strategy
        self.chosen = tuple(chosen)
        self.objective = strategy.objective
        self.structural = strategy.structural
        self.crosses = strategy.crosses
        self._is_over = False

    def initial(self, rng: np.random.Generator) -> list[dict[str, Any]]:
        """Return the hyperparameters that the strategy begins with."""
        return self.strategy.initial(rng)

    def ask(self, population: Sequence[Individual], rng: np.random.Generator) -> list[Offspring]:
        """Return the children that the strategy wants."""
        return self.strategy.ask(population, rng)

    def settle(self, children: Sequence[Child]) -> Sequence[Child]:
        """Return the children as the strategy sees them."""
        return self.strategy.settle(children)

    def cross(self, children: Sequence[Child]) -> list[Offspring]:
        """Return the crossings that the strategy wants."""
        return self.strategy.cross(children)

    def tell(self, children: Sequence[Child]) -> list[int]:
        """Return the children of one's choice at first, later those of the strategy."""
        if self._is_over:
            return self.strategy.tell(children)
        self._is_over = True
        for place in self.chosen:
            if not 0 <= place < len(children) or children[place].error:
                there = [i for i, child in enumerate(children) if not child.error]
                raise ValueError(f"child {place} cannot survive: those that can are {there}.")
        found = self.strategy.tell(self._preferred(children))
        if missing := set(self.chosen) - set(found):
            raise ValueError(
                f"children {sorted(missing)} do not survive: the strategy lets {len(found)} live "
                "and chooses by more than scores. Name fewer."
            )
        return found

    def _preferred(self, children: Sequence[Child]) -> list[Child]:
        """Return the children with scores by which those of one's choice are the best."""
        known = [child.scores for child in children if not child.error]
        names = dict.fromkeys(name for scores in known for name in scores)
        values = {
            name: [s[name] for s in known if np.isfinite(s.get(name, np.nan))] for name in names
        }
        best = {name: max(found, default=0.0) for name, found in values.items()}
        preferred = list(children)
        for rank, place in enumerate(reversed(self.chosen), start=1):
            scores = {name: best[name] + rank for name in children[place].scores}
            preferred[place] = replace(children[place], scores=scores)
        return preferred

    def teachers(self, children: Sequence[Child], chosen: Sequence[int]) -> Sequence[int]:
        """Return those of the strategy."""
        return self.strategy.teachers(children, chosen)

    def state_dict(self) -> dict[str, Any]:
        """Return the strategy's state."""
        return self.strategy.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Hand a state to the strategy."""
        self.strategy.load_state_dict(state)

    def describe(self) -> dict[str, Any]:
        """Return the strategy's settings."""
        return self.strategy.describe()

    def columns(self, hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the strategy's columns."""
        return self.strategy.columns(hyperparameters)

    def score(self, scores: Mapping[str, float]) -> float:
        """Return the strategy's ranking score."""
        return self.strategy.score(scores)
