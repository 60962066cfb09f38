"""The base of all listeners, and what they learn of a generation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from population.strategy import Child, Individual

if TYPE_CHECKING:
    from population.search import Search


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What a callback learns of a finished generation.

    Attributes:
        number: The generation, from 1.
        children: All children, in order.
        survivors: The places of those that form the next population.
        population: The next population.
        environment: What the environment's update recorded.
        seconds: Wall seconds by part: ``make``, ``keep``, ``update``.
    """

    number: int
    children: Sequence[Child]
    survivors: Sequence[int]
    population: Sequence[Individual]
    environment: Mapping[str, float] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)


class Callback:
    """Base of all listeners; every method does nothing until it is overridden."""

    def on_start(self, search: "Search", generations: int) -> None:
        """Run before the first generation; ``search.generation`` is where a resumed run stands."""

    def on_generation(self, search: "Search", generation: Generation) -> None:
        """Run after each generation; ``search.state(i)`` fetches a survivor's state."""

    def on_checkpoint(self, search: "Search") -> None:
        """Run after each checkpoint."""

    def on_end(self, search: "Search") -> None:
        """Run when the search ends, however it ends."""


class Latest:
    """The latest child of each slot: a whole generation, or, without a barrier, one by one."""

    def __init__(self) -> None:
        self._children: dict[int, Child] = {}

    def update(self, search: "Search", generation: Generation) -> list[Child]:
        """Take in what a callback was told; return the latest children, by slot."""
        if not search.identity.get("asynchronous", False):
            self._children = {}
        self._children |= {child.index: child for child in generation.children}
        return [self._children[index] for index in sorted(self._children)]
