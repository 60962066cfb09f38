"""Ask and tell: which children to make, and which of them survive. No execution in here."""

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

KEEP = "keep"
"""The operator recorded for a parent that is only scored again."""

CROSSOVER = "crossover"
"""The operator recorded for a child of two parents."""

MISSING = float("nan")
"""What a table holds where something does not exist, such as a hyperparameter under a condition."""

SHRINK_PERTURB, FRESH = "shrink-perturb", "fresh"
"""The operators of a member that begins anew: with 0.2 w + 0.1 v for its weights w, where v are
freshly drawn ones, or with v. Both before it trains on, as after every other operator's step. A
member that knows nothing of them goes on with its weights."""

PHASES = ("variation", "scoring", "selection", "transfer", "environment", "bookkeeping")
"""The phases of a generation, which `population.records.profile` measures.

Variation and scoring are the members' own time, in whichever process: they add up to more than the
wall time where several work at once. Transfer is what copying and packing states takes the busiest
worker, and handing them over; bookkeeping is all the rest, calls and waiting among it.
"""

COLUMNS = frozenset(
    (
        *("run", "seed", "generation", "child", "parent_generation", "parent", "partner"),
        *("operator", "survived", "error", "seconds", *(f"{phase}_seconds" for phase in PHASES)),
        *("copied", "from_generation", "to_generation"),  # of a lineage and of a schedule
    )
)
"""What a history, a lineage and a schedule call their own columns; nobody else may."""


def check_column(name: Any, what: str) -> None:
    """Check that a name that a user chose is free to be a column.

    Args:
        name: The name.
        what: Whose it is, such as "the score".

    Raises:
        ValueError: It is no text, or the history has a column of its own of this name.
    """
    if type(name) is not str or not name:
        raise ValueError(f"{what} {name!r}: expected a name, which is a text that is not empty.")
    if re.search("[\ud800-\udfff]", name):
        raise ValueError(f"{what} {name!r} is no UTF-8; name it otherwise.")
    if name in COLUMNS:
        raise ValueError(
            f"{what} {name!r} is a column of every journal; name it otherwise, such as "
            f"{'my_' + name!r}."
        )


def check_operators(operators: Sequence[Any]) -> None:
    """Check the names of mutations.

    Raises:
        ValueError: There are none, one comes twice, or one is no name.
    """
    if not operators or len(set(operators)) < len(operators):
        raise ValueError(f"operators={list(operators)!r}: expected distinct names, at least one.")
    for name in operators:
        if type(name) is not str or not name or name in (KEEP, CROSSOVER):
            raise ValueError(
                f"operators={list(operators)!r}: {name!r} cannot be one; expected texts that "
                f"are not empty, and {KEEP!r} is what a parent's own row is called, {CROSSOVER!r} "
                "that of a child of two."
            )


@dataclass(slots=True, kw_only=True)
class Individual:
    """One of the population: the parents of the next generation.

    Attributes:
        generation: The generation it was born in; 0 is the random start.
        index: Its place among that generation's children.
        hyperparameters: What it was trained with.
        scores: Its named scores, empty before the first evaluation.
        state: The executor's handle of its state; None for the random start and for a failed one.
        failed: Whether it has no usable state, so that it cannot be a parent.
    """

    generation: int
    index: int
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    state: Any = None
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Offspring:
    """A child to be made.

    Attributes:
        parent: The parent's place in the population that was handed to ``ask``.
        partner: The place of a second parent; then both are places among the children that were
            handed to ``cross``. None for a child of one parent.
        operator: The mutation's name, or None.
        hyperparameters: What the child trains with.
        train: False to score the parent as it is.
    """

    parent: int
    operator: str | None = None
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    train: bool = True
    partner: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A child that was made, or that failed.

    Attributes:
        offspring: What was asked for.
        index: Its place in the generation.
        scores: Its named scores; empty when it failed.
        seconds: How long making and scoring it took, in wall seconds.
        error: Why it failed, with the traceback; empty when it did not.
    """

    offspring: Offspring
    index: int
    scores: Mapping[str, float]
    seconds: float = 0.0
    error: str = ""


class Strategy(ABC):
    """Chooses offspring and survivors. Holds small state, which checkpoints keep.

    Attributes:
        objective: The name of the score that ranks children.
        structural: Hyperparameters that change shapes; they are fixed at birth and travel with the
            weights.
        crosses: Whether :meth:`cross` may ask for children of two parents, which the history then
            has a column for.
    """

    objective: str = "fitness"
    structural: tuple[str, ...] = ()
    crosses: bool = False

    @abstractmethod
    def initial(self, rng: np.random.Generator) -> list[dict[str, Any]]:
        """Return the hyperparameters of each member of the random start."""

    @abstractmethod
    def ask(self, population: Sequence[Individual], rng: np.random.Generator) -> list[Offspring]:
        """Return the children to make from this population."""

    def settle(self, children: Sequence[Child]) -> Sequence[Child]:
        """Return the children with the scores that count, where one's depend on another's.

        Called before :meth:`cross` and before :meth:`tell`, on children as they came; what it
        returns is told and recorded. By default a score is the child's own.
        """
        return children

    def cross(self, children: Sequence[Child]) -> list[Offspring]:  # noqa: ARG002 - optional hook
        """Return further children of this generation, each of two of those that are there.

        They are made and scored before the strategy is told, behind the others. By default there
        are none.
        """
        return []

    @abstractmethod
    def tell(self, children: Sequence[Child]) -> list[int]:
        """Return the places of the next population among the children, best first or by slot.

        An empty list says that nobody is usable; the population then stays as it is.
        """

    def teachers(self, children: Sequence[Child], chosen: Sequence[int]) -> Sequence[int]:  # noqa: ARG002
        """Return the places of those whose contributions the environment learns from, best first.

        By default they are the chosen, which have not failed.
        """
        return chosen

    def state_dict(self) -> dict[str, Any]:
        """Return what changes from generation to generation, as JSON values."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state made by :meth:`state_dict`."""
        if state:
            raise ValueError(f"{type(self).__name__} has no state, but got {dict(state)}.")

    def describe(self) -> dict[str, Any]:
        """Return the settings that a resumed run must share, as JSON values."""
        return {"strategy": type(self).__name__, "objective": self.objective}

    def columns(self, hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the hyperparameters as columns of the history, the same names for every child.

        One that does not exist for this child is None.
        """
        return flatten(hyperparameters)

    def score(self, scores: Mapping[str, float]) -> float:
        """Return the ranking score; NaN where there is none (a failed child).

        Raises:
            ValueError: The member names its scores otherwise.
        """
        if not scores:
            return float("nan")
        if self.objective not in scores:
            raise ValueError(
                f"objective={self.objective!r} is not among the scores that evaluate() returned: "
                f"{', '.join(scores)}. Name one of them as the strategy's objective."
            )
        return scores[self.objective]


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested mappings as one, with dotted names."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


class SlotStrategy(Strategy):
    """A strategy that can also say how a single slot goes on, as an asynchronous search asks."""

    @abstractmethod
    def ask_one(
        self,
        population: Sequence[Individual],
        slot: int,
        rng: np.random.Generator,
    ) -> Offspring | None:
        """Return how one slot goes on while the others are at work, or None while it must wait.

        A slot that waits is asked again when :meth:`wake` names it; if all wait, the search is at
        its end.

        Args:
            population: The newest member of each slot; without scores where there is none yet.
            slot: Whose turn it is; ``population[slot].generation`` says how far it is.
            rng: The random stream of the slot's next child.
        """

    def wake(self, waiting: Collection[int]) -> Sequence[int]:
        """Return which waiting slots to ask again after another slot went on; by default all."""
        return list(waiting)

    def tell_one(self, parent: Individual, child: Individual) -> None:
        """Learn how an asynchronous child did; ``child.index`` is its slot."""
