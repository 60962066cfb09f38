"""Children made by Ray actors, on this machine or on a cluster.

A child's state stays in the actor that made it. When a child survives, its state goes to Ray's
shared memory, where the next generation's workers map it; the driver holds references and scores
only. The environment lives in an actor of its own, whose view goes out once per generation.
"""

import logging
import math
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from population import ray_cluster
from population.executor import Executor, Handle, Job, Landing, StateLost, orders_of
from population.ray_actors import HomeActor, WorkerActor
from population.ray_cluster import outcome
from population.seeding import Seeds
from population.state import PackedState
from population.worker import Report, Workshop

logger = logging.getLogger("population")

MAX_DEATHS = 3
"""How many workers a child may take down before it counts as failed."""

MAX_FAILED_STARTS = 30
"""How many workers in a row may die before their first child."""

START_PAUSE = 1.0
"""Seconds to wait after that, for Ray to notice that a node is gone."""

BATCH_SECONDS = 0.05
"""Cheap children are handed out in batches of about this much work."""


@dataclass(slots=True)
class _Slot:
    """One place for a worker; the actor in it may be replaced."""

    actor: Any
    ready: Any
    life: int = 0
    busy: bool = True


@dataclass(slots=True)
class _Flight:
    """A call that has not come back: children being made, or (no jobs) an actor starting.

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


class RayExecutor(Executor):
    """Makes children in Ray actors and recovers from workers and nodes that die.

    Args:
        workers: Number of worker actors; by default one per CPU of this machine.
        address: None starts Ray on this machine, closed to the network; ``auto`` joins the
            cluster this machine is in; ``host:port`` or ``ray://host:port`` another.
        num_cpus: Ray CPUs each worker asks for; by default 1, less where there are fewer.
        num_gpus: Ray GPUs each worker asks for; a fraction shares one.
        deadline: Seconds a child may take before its worker is replaced; None for no limit.
        runtime_env: Ray's ``runtime_env`` for workers of a cluster, beside our own packages.

    Raises:
        ValueError: A setting is out of its range.
        ConnectionError: The cluster cannot be reached.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        address: str | None = None,
        num_cpus: float | None = None,
        num_gpus: float = 0,
        deadline: float | None = None,
        runtime_env: Mapping[str, Any] | None = None,
    ) -> None:
        self.num_workers = ray_cluster.default_workers() if workers is None else workers
        if self.num_workers < 1:
            raise ValueError(f"workers={workers!r}: expected at least 1.")
        if deadline is not None and deadline <= 0:
            raise ValueError(f"deadline={deadline!r}: expected seconds above 0, or None.")
        self.address = address
        self.num_cpus = num_cpus
        self.num_gpus = num_gpus
        self.deadline = math.inf if deadline is None else deadline
        self.runtime_env = runtime_env
        self._owns_ray = False

    def start(self, workshop: Workshop) -> None:
        """Connect to Ray, put the workshop into shared memory once, and start all actors."""
        import ray

        self._owns_ray = ray_cluster.connect(
            self.address, num_actors=self.num_workers + 1, runtime_env=self.runtime_env
        )
        self._options = ray_cluster.actor_options(
            self.num_workers, num_cpus=self.num_cpus, num_gpus=self.num_gpus
        )
        self._workshop = ray.put(workshop)
        self._flights: dict[Any, _Flight] = {}
        self._home = None
        if workshop.environment is not None:
            self._start_home()
        self._slots: list[_Slot] = []
        for place in range(self.num_workers):
            self._slots.append(self._spawn(place, life=0))
        self._version = 0
        self._view: Any = None
        self._mean_seconds: float | None = None
        self._round = 0
        self._failed_starts = 0
        self._jobs: dict[int, Job] = {}
        self._made_by: dict[int, tuple[int, int]] = {}
        self._contributions: list[Any] = []
        self._queue: deque[Job] = deque()
        self._deaths: dict[int, int] = {}
        ray_cluster.wait_for_first([slot.ready for slot in self._slots], self._options)
        if self._home is not None:
            self._view = self._home.view.remote()
            self._version = 1

    def make(self, jobs: Sequence[Job]) -> list[Report]:
        """Hand children out as workers come free; make those of a dead worker again."""
        self._jobs = {job.index: job for job in jobs}
        self._made_by = {}
        self._round += 1
        reports = self._run(jobs)
        return [reports[job.index] for job in jobs]

    def keep(self, indices: Sequence[int]) -> list[Handle]:
        """Have the survivors' states put into shared memory; return references to them."""
        exported = {i: self._export(i) for i in indices}
        kept = [self._confirm(i, exported[i]) for i in indices]
        self._contributions = [contribution for _, _, contribution in kept]
        return [state for _, state, _ in kept]

    def update(self, seeds: Seeds) -> dict[str, float]:
        """Let the home environment learn; its new view is what the next children see."""
        if self._home is None:
            return {}
        method = self._home.update.options(num_returns=2)
        record, self._view = method.remote(seeds, *self._contributions)
        self._version += 1
        self._contributions = []
        result: dict[str, float] = self._get_from_home(record)
        return result

    def submit(self, job: Job) -> None:
        """Queue a child for the next worker that is free."""
        self._queue.append(job)

    def collect(self) -> list[Landing]:
        """Keep the workers busy until a child is back; a dead worker's child is made again."""
        landings: list[Landing] = []
        while not landings:
            self._hand_out(self._queue, self._deaths, alone=True)
            for ref in self._landed():
                flight = self._flights.pop(ref)
                if flight.life == self._slots[flight.slot].life:
                    landings += self._land_alone(ref, flight)
        return landings

    def fetch(self, handles: Sequence[Handle]) -> list[PackedState]:
        """Copy states out of shared memory, so that they do not fill it."""
        states = ray_cluster.get(list(handles))
        return [PackedState(state.skeleton, state.buffer.copy()) for state in states]

    def fetch_environment(self) -> PackedState | None:
        """Copy the home environment's state to the driver."""
        if self._home is None:
            return None
        state: PackedState = self._get_from_home(self._home.state.remote())
        return PackedState(state.skeleton, state.buffer.copy())

    def restore(
        self, states: Sequence[PackedState | None], environment: PackedState | None
    ) -> list[Handle | None]:
        """Put states into shared memory and load the home environment."""
        import ray

        if self._home is not None and environment is not None:
            self._view = self._home.load.remote(environment)
            self._version += 1
            self._get_from_home(self._view)
        return [None if state is None else ray.put(state) for state in states]

    def close(self) -> None:
        """Stop our actors; shut Ray down if this executor started it."""
        import ray

        if ray.is_initialized():
            for slot in getattr(self, "_slots", []):
                ray.kill(slot.actor)
            if getattr(self, "_home", None) is not None:
                ray.kill(self._home)
            if self._owns_ray:
                ray.shutdown()
        self._slots, self._home, self._owns_ray, self._flights = [], None, False, {}

    def _spawn(self, place: int, *, life: int) -> _Slot:
        import ray

        actor = ray.remote(WorkerActor).options(**self._options).remote(self._workshop)
        slot = _Slot(actor, actor.ready.remote(), life)
        self._flights[slot.ready] = _Flight(place, life, starting=True)
        return slot

    def _start_home(self) -> None:
        """Start the environment's actor; it learns while workers wait, so it needs no CPU."""
        import ray

        options = {**self._options, "num_cpus": 0}
        self._home = ray.remote(HomeActor).options(**options).remote(self._workshop)

    def _run(self, jobs: Sequence[Job]) -> dict[int, Report]:
        """Make jobs on whichever workers are free, until each has a report."""
        queue = deque(jobs)
        deaths: dict[int, int] = {}
        reports: dict[int, Report] = {}
        while len(reports) < len(jobs):
            self._hand_out(queue, deaths)
            for ref in self._landed():
                flight = self._flights.pop(ref)
                if flight.life == self._slots[flight.slot].life:
                    self._land(ref, flight, queue=queue, deaths=deaths, reports=reports)
        return reports

    def _hand_out(
        self, queue: deque[Job], deaths: Mapping[int, int], *, alone: bool = False
    ) -> None:
        for place, slot in enumerate(self._slots):
            if slot.busy or not queue:
                continue
            size = 1 if alone or queue[0].index in deaths else self._batch_size(len(queue))
            batch = [queue.popleft() for _ in range(size)]
            orders, parents = orders_of(batch)
            if alone:
                method = slot.actor.make_alone.options(num_returns=2)
                ref, state = method.remote(orders, *parents)
            else:
                ref, state = (
                    slot.actor.make.remote(self._version, self._view, orders, *parents),
                    None,
                )
            due = time.monotonic() + self.deadline * len(batch)
            self._flights[ref] = _Flight(
                place, slot.life, self._round, jobs=batch, due=due, state=state
            )
            slot.busy = True

    def _batch_size(self, remaining: int) -> int:
        """Return how many children to hand out at once: one, unless they are very cheap."""
        if self.num_workers == 1:
            return remaining
        if self._mean_seconds is None:
            return 1
        affordable = int(BATCH_SECONDS / max(self._mean_seconds, 1e-6))
        return max(1, min(affordable, math.ceil(remaining / (2 * self.num_workers))))

    def _landed(self) -> list[Any]:
        """Wait for a call to come back or to pass its deadline."""
        import ray

        due = min(flight.due for flight in self._flights.values())
        timeout = min(max(0.0, due - time.monotonic()), 30.0)
        done, _ = ray.wait(list(self._flights), num_returns=1, timeout=timeout)
        if not done and all(not flight.jobs for flight in self._flights.values()):
            logger.warning("no worker is alive; waiting for the cluster to start one")
        now = time.monotonic()
        return done or [ref for ref, flight in self._flights.items() if flight.due <= now]

    def _land(
        self,
        ref: Any,
        flight: _Flight,
        *,
        queue: deque[Job],
        deaths: dict[int, int],
        reports: dict[int, Report],
    ) -> None:
        """Take in the reports of a call, or replace its worker and queue its children again."""
        slot = self._slots[flight.slot]
        late = flight.due <= time.monotonic() and not ray_cluster.is_done(ref)
        slot.busy = False
        made, cause = (None, f"took more than {self.deadline} s") if late else outcome(ref)
        if flight.jobs and flight.round < self._round:
            flight.jobs.clear()
        if not cause:
            self._failed_starts = 0
            for report in made if flight.jobs and made else []:
                reports[report.index] = report
                self._made_by[report.index] = (flight.slot, flight.life)
                self._observe(report.seconds)
            return
        logger.warning("worker %d %s; starting another", flight.slot, cause)
        self._replace(flight.slot)
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

    def _land_alone(self, ref: Any, flight: _Flight) -> list[Landing]:
        jobs, reports = list(flight.jobs), dict[int, Report]()
        try:
            self._land(ref, flight, queue=self._queue, deaths=self._deaths, reports=reports)
        except StateLost as error:
            return [Landing(Report(job.index, {}, 0.0, str(error)), lost=True) for job in jobs]
        for index in reports:
            self._deaths.pop(index, None)
        return [Landing(r, None if r.error else flight.state) for r in reports.values()]

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

    def _replace(self, place: int) -> None:
        import ray

        slot = self._slots[place]
        ray.kill(slot.actor)
        self._slots[place] = self._spawn(place, life=slot.life + 1)

    def _export(self, index: int) -> tuple[Any, Any, Any]:
        """Ask the child's maker for (receipt, state, contribution)."""
        place, _ = self._made_by[index]
        actor = self._slots[place].actor
        generation = self._jobs[index].birth.seeds.generation
        refs = actor.export.options(num_returns=3).remote(generation, index)
        return refs[0], refs[1], refs[2]

    def _confirm(self, index: int, refs: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        """Return the references once their maker has put them; make the child again if it died."""
        for _ in range(MAX_DEATHS):
            received, cause = outcome(refs[0])
            if received:
                return refs
            if cause:
                place, life = self._made_by[index]
                if self._slots[place].life == life:
                    logger.warning("worker %d %s; making its survivor again", place, cause)
                    self._replace(place)
            report = self._run([self._jobs[index]])[index]
            if report.error:
                break
            refs = self._export(index)
        raise StateLost(f"child {index} survived, but its workers died")

    def _get_from_home(self, ref: Any) -> Any:
        value, cause = outcome(ref)
        if cause:
            self._start_home()
            raise StateLost(f"the environment's actor {cause}")
        return value
