"""What the listeners share that hand a search's numbers to an experiment tracker."""

import logging
import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from population.callbacks.base import Callback, Generation, Latest
from population.strategies.selection import ranking

if TYPE_CHECKING:
    from population.search import Search
    from population.strategy import Strategy

logger = logging.getLogger("population")

MAX_FAILURES = 3
"""After so many failures in a row a tracker is left alone."""


class Tracker(Callback):
    """Hands every generation's numbers to a tracker; its failures never cost the search.

    Args:
        members: How many members, by slot, have curves of their own; the best and the median
            always have.
    """

    def __init__(self, *, members: int = 16) -> None:
        if members < 0:
            raise ValueError(f"members={members!r}: expected an integer of at least 0.")
        self.members = members
        self.failures = 0

    @abstractmethod
    def open(self, search: "Search") -> None:
        """Begin a run in the tracker."""

    @abstractmethod
    def log(self, values: Mapping[str, float], step: int) -> None:
        """Hand over the finite numbers of one generation by name."""

    def show(self, name: str, picture: Any, step: int) -> None:  # noqa: ARG002 - the interface
        """Hand over a picture, a `PIL.Image`; by default there is no place for one."""
        return

    @abstractmethod
    def close(self) -> None:
        """End the run in the tracker."""

    def on_start(self, search: "Search", generations: int) -> None:  # noqa: ARG002 - the interface
        """Begin a run; here a wrong setting is still worth an error."""
        self._latest, self._step = Latest(), search.generation
        self.open(search)

    def on_generation(self, search: "Search", generation: Generation) -> None:
        """Hand over the numbers, unless the tracker has failed again and again.

        Where members do not wait for each other, that is when all have made one more step.
        """
        latest = replace(generation, children=self._latest.update(search, generation))
        if search.generation > self._step:
            self._step = search.generation
            values = measurements(search.strategy, latest, members=self.members)
            self.attempt(lambda: self.log(values, search.generation))

    def on_end(self, search: "Search") -> None:  # noqa: ARG002 - the interface
        """End the run."""
        self.attempt(self.close)

    def attempt(self, call: Callable[[], None]) -> None:
        """Hand something over; a failure is logged, and after several there are no more tries."""
        if self.failures >= MAX_FAILURES:
            return
        try:
            call()
            self.failures = 0
        except Exception as error:  # a tracker must not cost the search
            self.failures += 1
            again = "" if self.failures < MAX_FAILURES else "; it gets nothing more"
            name = type(self).__name__
            logger.warning("%s failed (%s: %s)%s", name, type(error).__name__, error, again)


def measurements(strategy: "Strategy", generation: Generation, *, members: int) -> dict[str, float]:
    """Return what is worth a curve, by name; only finite numbers.

    ``SCORE/best``, ``SCORE/median``, ``HYPERPARAMETER/best``, both also as ``.../member 3``, what
    the environment recorded, and how many children failed.
    """
    children = generation.children
    scores = [strategy.score(child.scores) for child in children]
    best = children[ranking(scores)[0]]
    names = next((list(child.scores) for child in children if child.scores), [])
    values: dict[str, Any] = {}
    for name in names:
        column = [child.scores.get(name, math.nan) for child in children]
        finite = [value for value in column if math.isfinite(value)]
        values[f"{name}/best"] = best.scores.get(name)
        values[f"{name}/median"] = float(np.median(finite)) if finite else None
    for name, value in strategy.columns(best.offspring.hyperparameters).items():
        values[f"{name}/best"] = value
    for child in children[:members]:
        own = {**child.scores, **strategy.columns(child.offspring.hyperparameters)}
        values |= {f"{name}/member {child.index}": value for name, value in own.items()}
    values |= {f"environment/{name}": value for name, value in generation.environment.items()}
    values["failures"] = sum(bool(child.error) for child in children)
    return {name: float(value) for name, value in values.items() if _is_finite_number(value)}


def _is_finite_number(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and math.isfinite(value)
