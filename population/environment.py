"""What members live in and what learns from the survivors."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from population.state import State

if TYPE_CHECKING:
    from population.seeding import Seeds


class Environment(ABC):
    """A shared, learning surrounding (an adversary, a curriculum, a market).

    One *home* instance learns: the engine calls :meth:`update` on it once per generation. Every
    worker has an instance of its own that only mirrors what members need to see.

    Attributes:
        seeds: The random streams of the coming call, set by the engine.
        prepared: Returns what the home instance has computed for this generation's members, see
            :meth:`prepare`; None where it has not.
    """

    seeds: "Seeds"
    prepared: Callable[[], State | None] = staticmethod(lambda: None)

    @abstractmethod
    def update(self, contributions: Sequence[State]) -> Mapping[str, float]:
        """Learn from the survivors' contributions, best first; return what is worth recording."""

    @abstractmethod
    def state_dict(self) -> State:
        """Return everything that :meth:`update` changes."""

    @abstractmethod
    def load_state_dict(self, state: State) -> None:
        """Take over a state made by :meth:`state_dict`."""

    def prepare(self) -> State | None:
        """Return what all members of the coming generation would compute alike, or None.

        The engine may call it at home while members already train, where that saves time: what a
        mirror finds in ``prepared`` must be what it would compute itself, bit for bit.
        """
        return None

    def begin_update(self) -> None:  # noqa: B027 - optional hook
        """Do what the coming update can do before it knows the contributions.

        The engine may call it at home while members train; an update without it gives the same.
        """

    def view_dict(self) -> State:
        """Return the part that members see; it goes out to every worker once per generation."""
        return self.state_dict()

    def load_view_dict(self, view: State) -> None:
        """Take over a view made by :meth:`view_dict`."""
        self.load_state_dict(view)
