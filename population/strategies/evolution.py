"""Evolution: every parent makes one child per operator, and the best survive."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from population.strategies import selection
from population.strategies.thompson import DiscountedThompson
from population.strategy import (
    CROSSOVER,
    KEEP,
    Child,
    Individual,
    Offspring,
    Strategy,
    check_operators,
)


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
        unless: The names of a flag and of a score. In a generation in which the flag of any child
            is above 0, the score alone ranks all of them, and is recorded as their objective.
        hyperparameters: What every member is built with.
        random_operator: One child per parent, with an operator drawn at random: the baseline that
            tells selection from mere mixing.
        contest_every: Generations between contests of all operators; in between, parents make one
            child each with the operator that made them.
        bandit: Between contests, each parent's operator comes from a bandit that learns which
            ones survive contests, see :class:`~population.strategies.thompson.DiscountedThompson`.
        crossover: How many pairs of a contest's children make a child each, by ``Member.cross``:
            those whose scores have the highest sum, the better one first. They compete with the
            others; what wins a contest is then the operator of the better parent.

        losers_teach: Whether the environment learns from all children with finite scores, those
            that do not survive behind the others.

    Raises:
        ValueError: No operators, repeated ones, ``mu`` or ``contest_every`` below 1, a bandit where
            there is nothing to choose or no contest to learn from, or a crossover below 0 or where
            nobody tells which operator has won.
    """

    def __init__(
        self,
        operators: Sequence[str],
        *,
        mu: int = 1,
        plus: bool = False,
        objective: str = "fitness",
        objectives: Sequence[str] = (),
        unless: tuple[str, str] | None = None,
        hyperparameters: dict[str, Any] | None = None,
        random_operator: bool = False,
        contest_every: int = 1,
        bandit: bool = False,
        crossover: int = 0,
        losers_teach: bool = False,
    ) -> None:
        check_operators(operators)
        if mu < 1 or contest_every < 1:
            raise ValueError(f"{mu=}, {contest_every=}: expected integers of at least 1.")
        if bandit and (contest_every == 1 or random_operator or len(operators) == 1):
            raise ValueError(
                f"{bandit=} chooses among operators between contests, but got {contest_every=}, "
                f"{random_operator=}, operators={list(operators)!r}: expected contest_every of 2 "
                "or more, no random_operator, and two operators or more."
            )
        if crossover < 0 or (crossover and (bandit or random_operator)):
            raise ValueError(
                f"{crossover=}, {bandit=}, {random_operator=}: expected 0 or more, and without "
                "either of the others, which children of two operators teach nothing."
            )
        self.operators = tuple(operators)
        self.mu = mu
        self.plus = plus
        self.objective = objective
        self.objectives = tuple(objectives)
        self.unless = unless
        self.hyperparameters = dict(hyperparameters or {})
        self.random_operator = random_operator
        self.contest_every = contest_every
        self.crossover = crossover
        self.crosses = crossover > 0
        self.losers_teach = losers_teach
        self._bandit = DiscountedThompson(self.operators) if bandit else None
        self._generation = 0
        self._winners: list[str] = []

    def initial(self, rng: np.random.Generator) -> list[dict[str, Any]]:  # noqa: ARG002
        """Return the same hyperparameters for each of ``mu`` members."""
        return [dict(self.hyperparameters) for _ in range(self.mu)]

    def ask(self, population: Sequence[Individual], rng: np.random.Generator) -> list[Offspring]:
        """Return every living parent with each of its operators, and the parents where plus."""
        parents = [i for i, parent in enumerate(population) if not parent.failed]
        children = [
            Offspring(parent=i, operator=operator, hyperparameters=population[i].hyperparameters)
            for i in parents
            for operator in self._operators(i, rng)
        ]
        if self.plus:
            children += [
                Offspring(
                    parent=i,
                    operator=KEEP,
                    hyperparameters=population[i].hyperparameters,
                    train=False,
                )
                for i in parents
            ]
        return children

    def _operators(self, parent: int, rng: np.random.Generator) -> Sequence[str]:
        """Return the operators that a parent is mutated with in this generation."""
        if self.random_operator:
            return [self.operators[rng.integers(len(self.operators))]]
        if self._is_contest:
            return self.operators
        return [self._bandit.propose(rng) if self._bandit else self._winners[parent]]

    @property
    def _is_contest(self) -> bool:
        """Whether all operators compete in this generation: when it is time, or none has won."""
        return self._generation % self.contest_every == 0 or not self._winners

    def settle(self, children: Sequence[Child]) -> Sequence[Child]:
        """Return the children, ranked by one score alone where the flag of any is raised.

        All that compete are ranked by one rule, whoever their parents are; the parents that plus
        selection scores again are among them.
        """
        if self.unless is None or not self._is_flagged(children):
            return children
        return [
            replace(child, scores=_ranked_by(child.scores, self.objective, *self.unless))
            for child in children
        ]

    def _is_flagged(self, children: Sequence[Child]) -> bool:
        return self.unless is not None and any(
            c.scores.get(self.unless[0], 0) > 0 for c in children
        )

    def cross(self, children: Sequence[Child]) -> list[Offspring]:
        """Return a contest's crossings: of the pairs with the highest sums of scores.

        Li et al. 2021, arXiv 2109.11078, section III.
        """
        if not (self.crossover and self._is_contest):
            return []
        scores = [self.score(child.scores) for child in children]
        best = selection.truncation(scores, len(children))
        trained = [i for i in best if children[i].offspring.train]
        pairs = sorted(combinations(trained, 2), key=lambda pair: -sum(scores[i] for i in pair))
        return [
            Offspring(
                parent=better,
                partner=other,
                operator=CROSSOVER,
                hyperparameters=children[better].offspring.hyperparameters,
            )
            for better, other in pairs[: self.crossover]
        ]

    def tell(self, children: Sequence[Child]) -> list[int]:
        """Return the best ``mu`` of the children that have finite scores."""
        if self.objectives and not self._is_flagged(children):
            rows = [[c.scores.get(name, np.nan) for name in self.objectives] for c in children]
            chosen = selection.pareto(rows, self.mu)
        else:
            chosen = selection.truncation([self.score(c.scores) for c in children], self.mu)
        if self._bandit and self._is_contest and chosen:
            self._bandit.learn(_trials(children, chosen))
        self._generation += 1
        operators = [_operator(children, i) for i in chosen]
        if chosen:
            self._winners = [
                self.operators[0] if operator in (None, KEEP) else str(operator)
                for operator in operators
            ]
        return chosen

    def teachers(self, children: Sequence[Child], chosen: Sequence[int]) -> Sequence[int]:
        """Return the survivors, and the losers behind them where these teach, best first."""
        if not self.losers_teach:
            return chosen
        best = selection.truncation([self.score(c.scores) for c in children], len(children))
        return list(dict.fromkeys([*chosen, *best]))

    def state_dict(self) -> dict[str, Any]:
        """Return how far the contests are, who won the last one, and what the bandit learnt."""
        learnt = {"bandit": self._bandit.state_dict()} if self._bandit else {}
        return {"generation": self._generation, "winners": list(self._winners), **learnt}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state made by :meth:`state_dict`."""
        self._generation = int(state["generation"])
        self._winners = [str(name) for name in state["winners"]]
        if self._bandit:
            self._bandit.load_state_dict(state["bandit"])

    def describe(self) -> dict[str, Any]:
        """Return the settings that a resumed run must share."""
        return {
            **super().describe(),
            "operators": list(self.operators),
            "mu": self.mu,
            "plus": self.plus,
            "objectives": list(self.objectives),
            "unless": list(self.unless or ()),
            "random_operator": self.random_operator,
            "contest_every": self.contest_every,
            "bandit": self._bandit is not None,
            "crossover": self.crossover,
            "losers_teach": self.losers_teach,
        }


def _ranked_by(
    scores: Mapping[str, float], objective: str, flag: str, score: str
) -> Mapping[str, float]:
    """Return scores with one of them as the objective, unless the child is unusable.

    An objective that is not finite stays, so that it never wins; but for a child whose own flag is
    raised, which says why.
    """
    if not (np.isfinite(scores.get(objective, np.nan)) or scores.get(flag, 0) > 0):
        return scores
    return {**scores, objective: scores[score]}


def _operator(children: Sequence[Child], place: int) -> str | None:
    """Return a child's operator; of one that has two parents, the better one's."""
    asked = children[place].offspring
    return asked.operator if asked.partner is None else _operator(children, asked.parent)


def _trials(children: Sequence[Child], chosen: Sequence[int]) -> list[tuple[str, bool]]:
    """Return each child's operator and whether it survives; parents that are kept try nothing."""
    survivors = set(chosen)
    return [
        (child.offspring.operator, place in survivors)
        for place, child in enumerate(children)
        if child.offspring.train and child.offspring.operator is not None
    ]
