"""The two actors of the Ray executor: thin shells around the code that also runs in-process."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from population.seeding import Seeds, pin_arithmetic
from population.state import PackedState, State, pack, unpack
from population.worker import (
    ChildKey,
    Genesis,
    Order,
    Parent,
    Report,
    Start,
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


class Surroundings(NamedTuple):
    """Which version of the environment's view comes along.

    ``prepared`` holds Ray's reference to what home computes for all members, where it does; a
    reference in a list is not waited for until somebody asks.
    """

    version: int
    prepared: Sequence[Any] = ()


class WorkerActor:
    """Makes children, and keeps or exports those that survive."""

    def __init__(self, workshop: Workshop) -> None:
        self.environment = workshop.build_environment()
        self.worker = Worker(workshop, self.environment)
        self.version = 0

    def ready(self) -> Start:
        """Answer once the actor is built, and with it a first member: no child waits for that."""
        return self.worker.warm_up()

    def lives(self) -> None:
        """Answer, which the dead do not."""

    def make(
        self,
        surroundings: Surroundings,
        view: PackedState | None,
        stay: Sequence[ChildKey] | None,
        orders: Sequence[Order],
        parents: Sequence[Genesis | ChildKey | Place],
        *blocks: Block,
    ) -> list[Report]:
        """Mirror the environment if it has changed, then make the children.

        ``stay`` names the children to hold on to from now on, where that changes.
        """
        version, prepared = surroundings
        if self.environment is not None:
            if view is not None and version != self.version:
                self.environment.load_view_dict(unpack(view))
                self.version = version
            self.environment.prepared = partial(_awaited, prepared)
        if stay is not None:
            self.worker.keep(stay)
        return self.worker.make(orders, self._look_up(parents, blocks))

    def make_alone(
        self, orders: Sequence[Order], parents: Sequence[Genesis | ChildKey | Place], *blocks: Block
    ) -> tuple[list[Report], Block]:
        """Make one child; its state goes to shared memory at once."""
        report, state = self.worker.make_alone(orders, self._look_up(parents, blocks))
        return [report], [state]

    def export(self, groups: Sequence[Sequence[ChildKey]], contributors: Sequence[ChildKey]) -> Any:
        """Return True, a block of states per group of children that live here, and contributions.

        The contributors' come one by one.
        """
        find = self.worker.find
        blocks = [[find(key).state for key in group] for group in groups]
        return True, *blocks, *[find(key).contribution for key in contributors]

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


def _awaited(prepared: Sequence[Any]) -> State | None:
    """Wait for what the home environment computes for all; None where there is no such thing."""
    import ray

    try:
        packed = ray.get(prepared[0]) if prepared else None
    except ray.exceptions.RayError:  # whoever needs it computes it
        return None
    return None if packed is None else unpack(packed)


class HomeActor:
    """Holds the environment that learns."""

    def __init__(self, workshop: Workshop) -> None:
        pin_arithmetic(workshop.torch_threads)
        environment = workshop.build_environment()
        assert environment is not None
        self.environment = environment

    def view(self) -> PackedState:
        """Return what members see."""
        return pack(self.environment.view_dict())

    def update(
        self, seeds: Seeds, *contributions: PackedState | None
    ) -> tuple[tuple[dict[str, float], float], PackedState]:
        """Learn from the survivors; return what to record, with its seconds, and the new view."""
        given = [contribution for contribution in contributions if contribution is not None]
        return update_environment(self.environment, seeds, given), self.view()

    def prepare(self, seeds: Seeds) -> PackedState | None:
        """Compute what the members of the coming generation share."""
        self.environment.seeds = seeds
        prepared = self.environment.prepare()
        return None if prepared is None else pack(prepared)

    def begin_update(self, seeds: Seeds) -> None:
        """Do what the coming update can do by now."""
        self.environment.seeds = seeds
        self.environment.begin_update()

    def state(self) -> PackedState:
        """Return everything that learning changes."""
        return pack(self.environment.state_dict())

    def load(self, state: PackedState) -> PackedState:
        """Take over a state; return its view."""
        self.environment.load_state_dict(unpack(state))
        return self.view()
