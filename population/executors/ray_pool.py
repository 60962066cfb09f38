"""The worker actors of one run: hands out children, and replaces workers that die or hang."""

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from population.executors import ray_calls
from population.executors.executor import Job
from population.executors.ray_actors import WorkerActor
from population.executors.ray_calls import outcome
from population.executors.ray_placement import Batch, deal, deal_families, families
from population.worker import Report

logger = logging.getLogger("population")

MAX_DEATHS = 3
"""How many workers a child may take down before it counts as failed."""

MAX_FAILED_STARTS = 30
"""How many workers in a row may die before their first child."""

START_PAUSE = 1.0
"""Seconds to wait after that, for Ray to notice that a node is gone."""

BATCH_SECONDS = 0.05
"""Cheap children are handed out in batches of about this much work."""

MOVE_SECONDS = 0.0025
"""What a worker may have to do beyond its share before its survivors' children go to others.

Handing a state over takes about twice as long, but has to be done once only.
"""


@dataclass(slots=True)
class Slot:
    """One place for a worker; the actor in it may be replaced.

    Where it could not build a member, that is tried once again, in a fresh process.
    """

    actor: Any
    ready: Any
    life: int = 0
    busy: bool = True
    again: bool = False


@dataclass(slots=True)
class Flight:
    """A call that has not come back: children being made, or (no jobs) an actor that answers.

    Its round tells it from calls of a generation that was given up. A child that is made alone
    has its state's reference here.
    """

    slot: int
    life: int
    round: int = 0
    jobs: list[Job] = field(default_factory=list)
    state: Any = None
    starting: bool = False
    due: float = math.inf


Send = Callable[[Sequence[Batch]], Sequence[tuple[Any, Any]]]
"""Sends batches; returns the references of each one's reports and of a lone child's state."""


class WorkerPool:
    """Workers in numbered slots; a slot's worker may die and be replaced by another life.

    Args:
        workshop: Ray's reference to the workshop.
        options: Ray's options for each actor.
        workers: Number of slots.
        deadline: Seconds that a child may take.

    Attributes:
        made_by: The slot and life that made each child of this generation.
        unharmed: Whether no worker was ever lost.
        siblings_share: Whether a member makes siblings with less work together than one by one.
    """

    def __init__(
        self, workshop: Any, options: Mapping[str, Any], *, workers: int, deadline: float
    ) -> None:
        self.workshop = workshop
        self.options = options
        self.deadline = deadline
        self.made_by: dict[int, tuple[int, int]] = {}
        self._flights: dict[Any, Flight] = {}
        self._slots: list[Slot] = []
        for place in range(workers):
            self._slots.append(self._spawn(place, life=0))
        self.unharmed = True
        self.siblings_share = False
        self._mean_seconds: float | None = None
        self._round = 0
        self._failed_starts = 0

    @property
    def ready(self) -> list[Any]:
        """References that resolve as the workers come up."""
        return [slot.ready for slot in self._slots]

    def begin(self) -> None:
        """Begin a generation: what the one before has left in flight no longer counts."""
        self.made_by = {}
        self._round += 1

    def make(self, jobs: Sequence[Job], send: Send) -> dict[int, Report]:
        """Make jobs on whichever workers are free, until each has a report."""
        queue = deque(jobs)
        deaths: dict[int, int] = {}
        reports: dict[int, Report] = {}
        while len(reports) < len(jobs):
            self.hand_out(queue, deaths, send)
            for ref, flight in self.landed():
                self.land(ref, flight, queue=queue, deaths=deaths, reports=reports)
        return reports

    def hand_out(
        self, queue: deque[Job], deaths: Mapping[int, int], send: Send, *, alone: bool = False
    ) -> None:
        """Give every free worker a child, a batch of cheap ones, or one of siblings."""
        free = [place for place, slot in enumerate(self._slots) if not slot.busy]
        if not queue or not free:
            return
        batches = self._deal(queue, free, risky=alone or queue[0].index in deaths)
        for (place, jobs), (ref, state) in zip(batches, send(batches), strict=True):
            slot = self._slots[place]
            due = time.monotonic() + self.deadline * len(jobs)
            flight = Flight(place, slot.life, self._round, jobs=jobs, due=due, state=state)
            self._flights[ref] = flight
            slot.busy = True

    def landed(self) -> list[tuple[Any, Flight]]:
        """Wait for a call to come back or to pass its deadline; leave out those of dead workers."""
        refs = self._wait()
        landed = [(ref, self._flights.pop(ref)) for ref in refs]
        return [(ref, flight) for ref, flight in landed if self._is_current(flight)]

    def _is_current(self, flight: Flight) -> bool:
        return flight.life == self._slots[flight.slot].life

    @property
    def mean_seconds(self) -> float:
        """How long a child takes, as a running mean; 0 before the first."""
        return self._mean_seconds or 0.0

    def fits_one_batch_each(self, num_jobs: int) -> bool:
        """Return whether so many children are cheap enough to be handed out all at once."""
        return math.ceil(num_jobs / len(self._slots)) <= self._affordable(BATCH_SECONDS)

    def _deal(self, queue: deque[Job], free: Sequence[int], *, risky: bool) -> list[Batch]:
        """Say who makes which; children that may kill their worker go alone."""
        if risky:
            return deal(queue, free, size=1, slack=0)
        whole = families(queue)
        if self.siblings_share and len(whole) >= len(self._slots):
            size = self._batch_size(len(whole), siblings=len(whole[0]))
            return deal_families(queue, free, size=size)
        size = self._share(len(queue)) if self.siblings_share else self._batch_size(len(queue))
        return deal(queue, free, size=size, slack=self._affordable(MOVE_SECONDS))

    def _batch_size(self, remaining: int, *, siblings: int = 1) -> int:
        """Return how many children, or families, to hand out: one, unless they are very cheap."""
        affordable = self._affordable(BATCH_SECONDS) // siblings
        share = self._share(remaining)
        return share if len(self._slots) == 1 else max(1, min(affordable, share))

    def _share(self, remaining: int) -> int:
        """Return how many of those that remain are each worker's."""
        return math.ceil(remaining / len(self._slots))

    def _affordable(self, seconds: float) -> int:
        """Return how many children are made in so much time."""
        if self._mean_seconds is None:
            return 0
        return int(seconds / max(self._mean_seconds, 1e-6))

    def _wait(self) -> list[Any]:
        due = min(flight.due for flight in self._flights.values())
        seconds = min(max(0.0, due - time.monotonic()), 30.0)
        done = ray_calls.wait(list(self._flights), seconds=seconds)
        if not done and all(not flight.jobs for flight in self._flights.values()):
            logger.warning("no worker is alive; waiting for the cluster to start one")
        now = time.monotonic()
        return done or [ref for ref, flight in self._flights.items() if flight.due <= now]

    def land(
        self,
        ref: Any,
        flight: Flight,
        *,
        queue: deque[Job],
        deaths: dict[int, int],
        reports: dict[int, Report],
    ) -> None:
        """Take in the reports of a call, or replace its worker and queue its children again."""
        slot = self._slots[flight.slot]
        late = flight.due <= time.monotonic() and not ray_calls.is_done(ref)
        slot.busy = False
        made: Any
        made, cause = (None, f"took more than {self.deadline} s") if late else outcome(ref)
        if flight.jobs and flight.round < self._round:
            flight.jobs.clear()
        if flight.starting and not cause:
            self.siblings_share |= made.siblings_share
            cause = f"could not build a member ({made.error})" * bool(made.error and not slot.again)
        if not cause:
            self._failed_starts = 0
            for report in made if flight.jobs else []:
                reports[report.index] = report
                self.made_by[report.index] = (flight.slot, flight.life)
                self._observe(report.seconds)
            return
        logger.warning("worker %d %s; starting another", flight.slot, cause)
        self._replace(flight.slot, again=flight.starting)
        self._doubt_free()
        self._note_start(failed=flight.starting, cause=cause)
        for job in reversed(flight.jobs):
            alone = len(flight.jobs) == 1
            deaths[job.index] = deaths.get(job.index, 0) + alone
            if deaths[job.index] < MAX_DEATHS:
                queue.appendleft(job)
            else:
                error = (
                    f"WorkerDied: {MAX_DEATHS} workers were lost while making this child; {cause}"
                )
                reports[job.index] = Report(job.index, {}, 0.0, error)

    def _note_start(self, *, failed: bool, cause: str = "") -> None:
        """Wait a little where workers die before their first child; give up if all do."""
        self._failed_starts = self._failed_starts + 1 if failed else 0
        if self._failed_starts > MAX_FAILED_STARTS:
            raise RuntimeError(
                f"{self._failed_starts} workers in a row died at their start; the last {cause}. "
                "Look at Ray's logs for the reason: often there is too little memory."
            )
        if failed:
            time.sleep(START_PAUSE)

    def _observe(self, seconds: float) -> None:
        mean = seconds if self._mean_seconds is None else self._mean_seconds
        self._mean_seconds = 0.9 * mean + 0.1 * seconds

    def _replace(self, place: int, *, again: bool = False) -> None:
        import ray

        slot = self._slots[place]
        ray.kill(slot.actor)
        self._slots[place] = self._spawn(place, life=slot.life + 1, again=again)
        self.unharmed = False

    def actor(self, place: int) -> Any:
        """Return the worker in a slot."""
        return self._slots[place].actor

    def life(self, place: int) -> int:
        """Return how many workers a slot has lost."""
        return self._slots[place].life

    def bury(self, place: int, life: int, cause: str) -> None:
        """Replace a worker that died while it held survivors, unless that was done already."""
        if self._slots[place].life == life:
            logger.warning("worker %d %s; making its survivors again", place, cause)
            self._replace(place)
            self._doubt_free()

    def _doubt_free(self) -> None:
        """Give no free worker a child before it has answered: it may have died unnoticed too.

        Else a child that was at work where all were killed at once would meet one dead worker after
        the other, and be blamed for their deaths.
        """
        for place, slot in enumerate(self._slots):
            if not slot.busy:
                slot.busy = True
                self._flights[slot.actor.lives.remote()] = Flight(place, slot.life, self._round)

    def _spawn(self, place: int, *, life: int, again: bool = False) -> Slot:
        import ray

        actor = ray.remote(WorkerActor).options(**self.options).remote(self.workshop)
        slot = Slot(actor, actor.ready.remote(), life, again=again)
        self._flights[slot.ready] = Flight(place, life, starting=True)
        return slot

    def close(self) -> None:
        """Stop the actors."""
        import ray

        for slot in self._slots:
            ray.kill(slot.actor)
