"""The two actors of the Ray executor: thin shells around the code that also runs in-process."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from population.seeding import Seeds, pin_threads
from population.state import PackedState, pack, unpack
from population.worker import (
    ChildKey,
    Genesis,
    Order,
    Parent,
    Report,
    Worker,
    Workshop,
    update_environment,
)

Block = list[PackedState | None]
"""Several states as one object of Ray's: one hand-over instead of many."""


class Place(NamedTuple):
    """Which of the blocks that come along, and where in it."""

    block: int
    place: int


class WorkerActor:
    """Makes children, and keeps or exports those that survive."""

    def __init__(self, workshop: Workshop) -> None:
        self.environment = workshop.build_environment()
        self.worker = Worker(workshop, self.environment)
        self.version = 0

    def ready(self) -> bool:
        """Answer once the actor is built, and with it a first member: no child waits for that."""
        self.worker.warm_up()
        return True

    def make(
        self,
        version: int,
        view: PackedState | None,
        stay: Sequence[ChildKey] | None,
        orders: Sequence[Order],
        parents: Sequence[Genesis | ChildKey | Place],
        *blocks: Block,
    ) -> list[Report]:
        """Mirror the environment if it has changed, then make the children.

        ``stay`` names the children to hold on to from now on, where that changes.
        """
        if self.environment is not None and view is not None and version != self.version:
            self.environment.load_view_dict(unpack(view))
            self.version = version
        if stay is not None:
            self.worker.keep(stay)
        return self.worker.make(orders, self._look_up(parents, blocks))

    def make_alone(
        self, orders: Sequence[Order], parents: Sequence[Genesis | ChildKey | Place], *blocks: Block
    ) -> tuple[list[Report], Block]:
        """Make one child; its state goes to shared memory at once."""
        report, state = self.worker.make_alone(orders, self._look_up(parents, blocks))
        return [report], [state]

    def export(self, groups: Sequence[Sequence[ChildKey]], *, contributions: bool) -> Any:
        """Return True, then a block of states per group of children that live here.

        After all blocks come, where asked for, the contributions, one by one.
        """
        found = [[self.worker.find(key) for key in group] for group in groups]
        results: list[Any] = [True]
        results += [[newborn.state for newborn in newborns] for newborns in found]
        if contributions:
            results += [newborn.contribution for newborns in found for newborn in newborns]
        return tuple(results)

    def _look_up(
        self, parents: Sequence[Genesis | ChildKey | Place], blocks: Sequence[Block]
    ) -> list[Parent]:
        """Find the parents' states: here, or in the blocks that came along."""
        return [self._find(parent, blocks) for parent in parents]

    def _find(self, parent: Genesis | ChildKey | Place, blocks: Sequence[Block]) -> Parent:
        if isinstance(parent, Genesis):
            return parent
        if isinstance(parent, ChildKey):
            return self.worker.find(parent).state
        state = blocks[parent.block][parent.place]
        assert state is not None
        return state


class HomeActor:
    """Holds the environment that learns."""

    def __init__(self, workshop: Workshop) -> None:
        pin_threads(workshop.torch_threads)
        environment = workshop.build_environment()
        assert environment is not None
        self.environment = environment

    def view(self) -> PackedState:
        """Return what members see."""
        return pack(self.environment.view_dict())

    def update(
        self, seeds: Seeds, *contributions: PackedState | None
    ) -> tuple[dict[str, float], PackedState]:
        """Learn from the survivors; return what to record, and the new view."""
        given = [contribution for contribution in contributions if contribution is not None]
        return update_environment(self.environment, seeds, given), self.view()

    def state(self) -> PackedState:
        """Return everything that learning changes."""
        return pack(self.environment.state_dict())

    def load(self, state: PackedState) -> PackedState:
        """Take over a state; return its view."""
        self.environment.load_state_dict(unpack(state))
        return self.view()
