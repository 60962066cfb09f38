"""The two actors of the Ray executor: thin shells around the code that also runs in-process."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from population.seeding import Seeds, pin_threads
from population.state import PackedState, pack, unpack
from population.worker import (
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

Place = tuple[int, int]
"""Which of the blocks that come along, and where in it."""


@dataclass(frozen=True, slots=True)
class Resident:
    """A survivor that stayed in its maker: in which slot and life, and which child it is there."""

    slot: int
    life: int
    generation: int
    index: int
    num_bytes: int


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
        stay: tuple[int, Sequence[int]] | None,
        orders: Sequence[Order],
        parents: Sequence[Genesis | Resident | Place],
        *blocks: Block,
    ) -> list[Report]:
        """Mirror the environment if it has changed, then make the children.

        ``stay`` is a generation, and which of its children to hold on to from now on.
        """
        if self.environment is not None and view is not None and version != self.version:
            self.environment.load_view_dict(unpack(view))
            self.version = version
        if stay is not None:
            self.worker.keep(*stay)
        return self.worker.make(orders, self._look_up(parents, blocks))

    def make_alone(
        self, orders: Sequence[Order], parents: Sequence[Genesis | Resident | Place], *blocks: Block
    ) -> tuple[list[Report], Block]:
        """Make one child; its state goes to shared memory at once."""
        report, state = self.worker.make_alone(orders, self._look_up(parents, blocks))
        return [report], [state]

    def export(
        self, generation: int, groups: Sequence[Sequence[int]], *, contributions: bool
    ) -> Any:
        """Return which of these children this worker has, then a block of states per group.

        After all blocks come, where asked for, the contributions, one by one.
        """
        found = {i: self.worker.find(generation, i) for group in groups for i in group}
        results: list[Any] = [[i for i, newborn in found.items() if newborn is not None]]
        for group in groups:
            newborns = [found[i] for i in group]
            results.append([newborn and newborn.state for newborn in newborns])
        if contributions:
            results += [newborn and newborn.contribution for newborn in found.values()]
        return tuple(results)

    def _look_up(
        self, parents: Sequence[Genesis | Resident | Place], blocks: Sequence[Block]
    ) -> list[Parent]:
        """Find the parents' states: here, or in the blocks that came along."""
        return [self._find(parent, blocks) for parent in parents]

    def _find(self, parent: Genesis | Resident | Place, blocks: Sequence[Block]) -> Parent:
        if isinstance(parent, Genesis):
            return parent
        if isinstance(parent, Resident):
            newborn = self.worker.find(parent.generation, parent.index)
            assert newborn is not None
            return newborn.state
        state = blocks[parent[0]][parent[1]]
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
