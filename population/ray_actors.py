"""The two actors of the Ray executor: thin shells around the code that also runs in-process."""

from collections.abc import Sequence
from typing import Any

from population.seeding import Seeds
from population.state import PackedState, pack, unpack
from population.worker import Order, Parent, Report, Worker, Workshop, update_environment


class WorkerActor:
    """Makes children and exports those that survive."""

    def __init__(self, workshop: Workshop) -> None:
        self.environment = workshop.build_environment()
        self.worker = Worker(workshop, self.environment)
        self.version = 0

    def ready(self) -> bool:
        """Answer once the actor is built, and with it a first member: no child waits for that."""
        self.worker.warm_up()
        return True

    def make(
        self, version: int, view: PackedState | None, orders: Sequence[Order], *parents: Parent
    ) -> list[Report]:
        """Mirror the environment if it has changed, then make the children."""
        if self.environment is not None and view is not None and version != self.version:
            self.environment.load_view_dict(unpack(view))
            self.version = version
        return self.worker.make(orders, parents)

    def make_alone(
        self, orders: Sequence[Order], *parents: Parent
    ) -> tuple[list[Report], PackedState | None]:
        """Make one child; its state goes to shared memory at once."""
        report, state = self.worker.make_alone(orders, parents)
        return [report], state

    def export(self, generation: int, indices: Sequence[int], *, contributions: bool) -> Any:
        """Return which of these children this worker has, then each one's state.

        After all states come, where asked for, all contributions.
        """
        held = self.worker.held if self.worker.generation == generation else {}
        newborns = [held.get(i) for i in indices]
        results: list[Any] = [[i for i in indices if i in held]]
        results += [newborn and newborn.state for newborn in newborns]
        if contributions:
            results += [newborn and newborn.contribution for newborn in newborns]
        return tuple(results)


class HomeActor:
    """Holds the environment that learns."""

    def __init__(self, workshop: Workshop) -> None:
        import torch

        torch.set_num_threads(workshop.torch_threads)
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
