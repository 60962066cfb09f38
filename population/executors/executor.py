"""Where children are made. Whichever executor is chosen, the results are the same bits."""

import contextlib
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from population.environment import Environment
from population.member import Birth
from population.records.profile import Lesson
from population.seeding import Seeds, preserved_randomness
from population.state import PackedState, pack, unpack
from population.worker import Genesis, Order, Parent, Report, Worker, Workshop, update_environment

_turn = threading.RLock()
"""Who makes children in this process: its random states and switches are all threads'."""

Handle = Any
"""Names a survivor's state for the executor that keeps it."""


class StateLost(Exception):  # noqa: N818 - a condition the search recovers from
    """A parent or the environment is gone; the search goes back to its last copy."""


@dataclass(frozen=True, slots=True)
class Job:
    """One child to make: its index, its parent's handle (or its random start), its birth.

    A child of two parents has a partner's handle beside.
    """

    index: int
    parent: Handle | Genesis
    birth: Birth
    partner: Handle = None


@dataclass(frozen=True, slots=True)
class Landing:
    """A child that was submitted and is back.

    Attributes:
        report: Its scores, or its error.
        state: The handle of its state; None where it failed.
        lost: Whether it was never made, because its parent's state is gone.
    """

    report: Report
    state: Handle = None
    lost: bool = False


class Executor(ABC):
    """Makes children, keeps the survivors' states, and hosts the environment.

    A generation is :meth:`make`, then :meth:`keep`, then :meth:`update`; where children are
    crossed, :meth:`lend` and :meth:`make` come once more after the first. An asynchronous search
    calls :meth:`submit` and :meth:`collect` instead. Use it as a context manager around these
    calls; :class:`population.Search` does so.
    """

    num_workers: int = 1

    @abstractmethod
    def start(self, workshop: Workshop) -> None:
        """Set up the workers and the environment."""

    @abstractmethod
    def make(self, jobs: Sequence[Job], *, further: bool = False) -> list[Report]:
        """Make all children of a generation; reports come back in the jobs' order.

        Args:
            jobs: What to make.
            further: Whether these come beside those that the generation has already.
        """

    @abstractmethod
    def lend(self, indices: Sequence[int]) -> list[Handle]:
        """Return handles of children of the current generation, as parents of further ones."""

    @abstractmethod
    def keep(self, indices: Sequence[int], teachers: Sequence[int]) -> list[Handle]:
        """Keep these children of the current generation, best first; drop the others.

        Args:
            indices: Who survives.
            teachers: Whose contributions the environment learns from, in this order.
        """

    @abstractmethod
    def update(self, seeds: Seeds) -> Lesson:
        """Let the environment learn from the teachers named last."""

    def busiest(self, reports: Sequence[Report]) -> Sequence[Report]:
        """Return the reports of the worker that had most to do."""
        return reports

    @abstractmethod
    def submit(self, job: Job) -> None:
        """Take in a child to make; its index must not be that of one that is not yet back."""

    @abstractmethod
    def collect(self) -> list[Landing]:
        """Wait until at least one submitted child is back; return those that are."""

    @abstractmethod
    def fetch(self, handles: Sequence[Handle]) -> list[PackedState]:
        """Copy kept states to this process."""

    @abstractmethod
    def fetch_environment(self) -> PackedState | None:
        """Copy the environment's state to this process."""

    @abstractmethod
    def restore(
        self, states: Sequence[PackedState | None], environment: PackedState | None
    ) -> list[Handle | None]:
        """Take over states and the environment from this process; return the states' handles."""

    @abstractmethod
    def close(self) -> None:
        """Release everything."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class InlineExecutor(Executor):
    """Makes every child in this process, one after the other.

    For debugging, tiny models, and machines where starting Ray is not worth its seconds. The
    caller's global random states and torch's number of threads are given back at the end. One
    thread of a process can use it at a time: random numbers would depend on who draws first.
    """

    def start(self, workshop: Workshop) -> None:
        """Build the worker; its environment is also the home environment.

        Raises:
            RuntimeError: Another thread of this process makes children inline.
        """
        if not _turn.acquire(blocking=False):
            raise RuntimeError(
                "another thread of this process is running a search with the InlineExecutor, and "
                "both would draw from the same random numbers. Run one after the other, in "
                "processes of their own, or with RayExecutor."
            )
        self._exit = contextlib.ExitStack()
        self._exit.callback(_turn.release)
        self._exit.enter_context(preserved_randomness())
        self.environment: Environment | None = workshop.build_environment()
        self.worker = Worker(workshop, self.environment)
        self._exit.callback(self.worker.threads.restore_original_limits)
        self._teachers: list[int] = []
        self._queue: deque[Job] = deque()

    def make(self, jobs: Sequence[Job], *, further: bool = False) -> list[Report]:  # noqa: ARG002
        """Make the children here."""
        orders, parents = orders_of(jobs)
        return self.worker.make(orders, parents)

    def lend(self, indices: Sequence[int]) -> list[Handle]:
        """Return the packed states themselves."""
        return [self.worker.held[i].state for i in indices]

    def keep(self, indices: Sequence[int], teachers: Sequence[int]) -> list[Handle]:
        """Return the packed states themselves."""
        self._teachers = list(teachers)
        return self.lend(indices)

    def update(self, seeds: Seeds) -> Lesson:
        """Update the environment here."""
        if self.environment is None:
            return Lesson()
        held = [self.worker.held[i].contribution for i in self._teachers]
        contributions = [c for c in held if c is not None]
        return Lesson(*update_environment(self.environment, seeds, contributions))

    def submit(self, job: Job) -> None:
        """Put the child at the end of the queue."""
        self._queue.append(job)

    def collect(self) -> list[Landing]:
        """Make the child that has waited longest."""
        report, state = self.worker.make_alone(*orders_of([self._queue.popleft()]))
        return [Landing(report, state)]

    def fetch(self, handles: Sequence[Handle]) -> list[PackedState]:
        """Return the handles, which are the states."""
        return list(handles)

    def fetch_environment(self) -> PackedState | None:
        """Pack the environment."""
        return None if self.environment is None else pack(self.environment.state_dict())

    def restore(
        self, states: Sequence[PackedState | None], environment: PackedState | None
    ) -> list[Handle | None]:
        """Load the environment; states are their own handles."""
        if self.environment is not None and environment is not None:
            self.environment.load_state_dict(unpack(environment))
        return list(states)

    def close(self) -> None:
        """Give the caller's random states back."""
        if hasattr(self, "_exit"):
            self._exit.close()


def orders_of(jobs: Sequence[Job]) -> tuple[list[Order], list[Parent]]:
    """Return what a worker gets: orders, and each parent once."""
    places: dict[int, int] = {}
    parents: list[Parent] = []

    def place(parent: Parent) -> int:
        if id(parent) not in places:
            places[id(parent)] = len(parents)
            parents.append(parent)
        return places[id(parent)]

    orders = [
        Order(
            job.index,
            place(job.parent),
            job.birth,
            partner=None if job.partner is None else place(job.partner),
        )
        for job in jobs
    ]
    return orders, parents
