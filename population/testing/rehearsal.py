"""A search without training: it shows what a strategy asks for when members score so and so."""

import copy
import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from population.seeding import numpy_stream
from population.strategy import Child, Individual, Offspring, Strategy


class Rehearsal:
    """Plays generations with made-up scores, in the engine's order of calls.

    A child's score is its parent's plus a random gain from (seed, generation, child).

    Args:
        strategy: What to play; it is changed by playing.
        seed: The seed of all draws, at least 0.

    Attributes:
        population: The parents of the next generation.
        generation: How many generations were played.
        offspring: What was asked for last; once told, with what was crossed.
        children: What the strategy was told last.
        chosen: What it answered.
        log: Everything that was asked and answered, as JSON values.
    """

    def __init__(self, strategy: Strategy, *, seed: int = 0) -> None:
        self.strategy = strategy
        self.seed = seed
        self.generation = 0
        self.offspring: list[Offspring] = []
        self.children: list[Child] = []
        self.chosen: list[int] = []
        self.log: list[Any] = []
        self.population = [
            Individual(generation=0, index=i, hyperparameters=hyperparameters)
            for i, hyperparameters in enumerate(strategy.initial(numpy_stream(seed, 0, "initial")))
        ]

    def play(self, generations: int) -> "Rehearsal":
        """Play some generations in which nothing goes wrong; return the rehearsal itself."""
        for _ in range(generations):
            self.ask()
            self.tell()
        return self

    def ask(self) -> list[Offspring]:
        """Ask for the next generation."""
        rng = numpy_stream(self.seed, self.generation + 1, "ask")
        self.offspring = self.strategy.ask(self.population, rng)
        return self.offspring

    def tell(
        self,
        score: Callable[[int, float], float] | None = None,
        *,
        failed: Collection[int] = (),
    ) -> list[int]:
        """Score the children, tell the strategy, and let the chosen form the population.

        Args:
            score: From a child's place and its usual score to the score it gets.
            failed: The places of children that fail.
        """
        children: list[Child] = []
        parent: Mapping[str, float]
        for asked in self.offspring:
            parent = self.population[asked.parent].scores
            children.append(self._born(len(children), asked, parent, score, failed))
        for asked in self.strategy.cross(self.strategy.settle(children)):
            self.offspring = [*self.offspring, asked]
            parent = children[asked.parent].scores
            children.append(self._born(len(children), asked, parent, score, failed))
        self.children = list(self.strategy.settle(children))
        self.chosen = self.strategy.tell(self.children)
        self.generation += 1
        if self.chosen:
            self.population = [self._grown_up(self.children[i]) for i in self.chosen]
        self.log.append(json.loads(json.dumps([self._records(), self.chosen])))
        return self.chosen

    def resumed_by(self, strategy: Strategy) -> "Rehearsal":
        """Return a rehearsal that goes on from here with another strategy, through JSON."""
        strategy.load_state_dict(json.loads(json.dumps(self.strategy.state_dict())))
        twin = copy.copy(self)
        twin.strategy = strategy
        twin.log = list(self.log)
        twin.population = copy.deepcopy(self.population)
        for member in twin.population:
            member.hyperparameters = json.loads(json.dumps(member.hyperparameters))
        return twin

    def _born(
        self,
        place: int,
        asked: Offspring,
        parent: Mapping[str, float],
        score: Callable[[int, float], float] | None,
        failed: Collection[int],
    ) -> Child:
        if place in failed:
            return Child(offspring=asked, index=place, scores={}, error="RuntimeError: made up")
        usual = self._usual(place, parent)
        scores = self._named(score(place, usual) if score else usual)
        return Child(offspring=asked, index=place, scores=scores)

    def _usual(self, place: int, parent: Mapping[str, float]) -> float:
        before = parent.get(self.strategy.objective, 0.0)
        gain = np.random.default_rng([self.seed, self.generation + 1, place]).normal()
        return float(gain if not np.isfinite(before) else before + gain)

    def _named(self, score: float) -> dict[str, float]:
        names = {self.strategy.objective, *getattr(self.strategy, "objectives", ())}
        return dict.fromkeys(sorted(names), score)

    def _grown_up(self, child: Child) -> Individual:
        return Individual(
            generation=self.generation,
            index=child.index,
            hyperparameters=dict(child.offspring.hyperparameters),
            scores=dict(child.scores),
            failed=bool(child.error),
        )

    def _records(self) -> list[Any]:
        return [
            [
                *(asked.parent, asked.operator, asked.train),
                *(dict(asked.hyperparameters), asked.partner),
            ]
            for asked in self.offspring
        ]
