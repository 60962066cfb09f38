"""Children made by Ray actors, on this machine or on a cluster.

A child's state stays in the actor that made it. When a child survives, its state goes to Ray's
shared memory, where the next generation's workers map it; where children are cheap, it stays even
then, its maker gets its children to make, and only states that others need are handed over. The
driver holds references and scores only. The environment lives in an actor of its own, whose view
goes out once per generation.
"""

import math
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from population.executors import ray_calls, ray_cluster
from population.executors.executor import Executor, Handle, Job, Landing, StateLost
from population.executors.ray_actors import HomeActor, Surroundings
from population.executors.ray_calls import outcome
from population.executors.ray_placement import Batch
from population.executors.ray_pool import MAX_DEATHS, Flight, WorkerPool
from population.executors.ray_survivors import (
    Receipt,
    Survivor,
    enclosed,
    lost,
    share,
    share_travellers,
)
from population.records.profile import Lesson
from population.seeding import Seeds
from population.state import PackedState
from population.worker import ChildKey, Report, Workshop

LOOK_AHEAD_SECONDS = 0.02
"""The time a child takes above which it pays to have the environment work beside the members."""


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
        self._session: ray_cluster.Session | None = None

    def start(self, workshop: Workshop) -> None:
        """Connect to Ray, put the workshop into shared memory once, and start all actors."""
        import ray

        self._session = ray_cluster.connect(
            self.address, num_actors=self.num_workers + 1, runtime_env=self.runtime_env
        )
        self._options = ray_cluster.actor_options(
            self.num_workers,
            num_cpus=0 if self.num_cpus is None and self._session.is_crowded else self.num_cpus,
            num_gpus=self.num_gpus,
        )
        self._workshop = ray.put(workshop)
        self._home = None
        if workshop.environment is not None:
            self._start_home()
        self._pool = WorkerPool(
            self._workshop, self._options, workers=self.num_workers, deadline=self.deadline
        )
        self._version = 0
        self._view: Any = None
        self._prepared: dict[int, list[Any]] = {}
        self._jobs: dict[int, Job] = {}
        self._sizes: dict[int, int] = {}
        self._survivors: list[Survivor] = []
        self._teachers: list[Survivor] = []
        self._receipts: list[Receipt] = []
        self._staying: dict[int, list[ChildKey]] = {}
        self._keepers: set[int] = set()
        self._queue: deque[Job] = deque()
        self._deaths: dict[int, int] = {}
        ray_cluster.wait_for_first(self._pool.ready, self._options)
        if self._home is not None:
            self._view = self._home.view.remote()
            self._version = 1

    def make(self, jobs: Sequence[Job], *, further: bool = False) -> list[Report]:
        """Hand children out as workers come free; make those of a dead worker again."""
        if not further:
            self._jobs, self._sizes = {}, {}
            self._pool.begin()
        self._jobs |= {job.index: job for job in jobs}
        reports = self._pool.make(jobs, self._send)
        self._sizes |= {report.index: report.num_bytes for report in reports.values()}
        return [reports[job.index] for job in jobs]

    def lend(self, indices: Sequence[int]) -> list[Handle]:
        """Leave the children with their makers, from where they travel to whoever needs them."""
        return [self._survivor(i, stays=True) for i in indices]

    def keep(self, indices: Sequence[int], teachers: Sequence[int]) -> list[Handle]:
        """Leave the survivors with their makers, or ask for them to be put into shared memory.

        Who only teaches is handed over too, and made again if it is lost.
        """
        stays = self._may_stay()
        who = indices if self._home is None else dict.fromkeys([*indices, *teachers])
        held = {i: self._survivor(i, stays=stays) for i in who}
        self._survivors = list(held.values())
        self._teachers = [held[i] for i in teachers if i in held]
        self._note_who_stays()
        self._receipts = []
        if not stays:
            contributions = self._home is not None
            self._receipts = share(self._survivors, self._pool, contributions=contributions)
        return [held[i] for i in indices]

    def update(self, seeds: Seeds) -> Lesson:
        """Let the home environment learn; its new view is what the next children see.

        Survivors whose makers died before they were handed over are made again first.
        """
        result = self._teach(seeds)
        for _ in range(MAX_DEATHS):
            gone = lost(self._receipts, self._pool)
            if not gone:
                break
            taught = result is not None and _succeeded(result[0])
            self._pool.make([self._jobs[survivor.key.child] for survivor in gone], self._send)
            for survivor in gone:
                survivor.maker = self._pool.made_by[survivor.key.child]
            self._receipts = share(gone, self._pool, contributions=self._home is not None)
            result = result if taught else self._teach(seeds)
        else:
            raise StateLost(f"child {gone[0].key.child} survived, but its workers died")
        if result is None:
            return Lesson()
        record, self._view = result
        self._version += 1
        self._look_ahead(seeds)
        return Lesson(*self._get_from_home(record))

    def busiest(self, reports: Sequence[Report]) -> Sequence[Report]:
        """Return the reports of the worker that had most to do."""
        made: dict[Any, list[Report]] = defaultdict(list)
        for report in reports:
            made[self._pool.made_by.get(report.index)].append(report)
        return max(made.values(), key=lambda own: sum(report.seconds for report in own))

    def submit(self, job: Job) -> None:
        """Queue a child for the next worker that is free."""
        self._queue.append(job)

    def collect(self) -> list[Landing]:
        """Keep the workers busy until a child is back; a dead worker's child is made again."""
        landings: list[Landing] = []
        while not landings:
            self._pool.hand_out(self._queue, self._deaths, self._send_alone, alone=True)
            for ref, flight in self._pool.landed():
                landings += self._land_alone(ref, flight)
        return landings

    def fetch(self, handles: Sequence[Handle]) -> list[PackedState]:
        """Copy states out of shared memory, so that they do not fill it."""
        for handle in handles:
            handle.check(self._pool)
        share([handle for handle in handles if handle.block is None], self._pool)
        refs = list(dict.fromkeys(handle.block for handle in handles))
        values, cause = outcome(refs)
        if cause:
            raise StateLost(f"a worker {cause} with the states it kept")
        blocks = dict(zip(refs, values, strict=True))
        states = [blocks[handle.block][handle.place] for handle in handles]
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

        self._staying = {slot: [] for slot in self._keepers}
        self._prepared = {}
        if self._home is not None and environment is not None:
            self._view = self._home.load.remote(environment)
            self._version += 1
            self._get_from_home(self._view)
        return [None if s is None else Survivor(block=ray.put([s])) for s in states]

    def close(self) -> None:
        """Stop our actors; shut Ray down if this executor is the last that uses what it started."""
        import ray

        if self._session is None:
            return
        if ray.is_initialized() and not ray_calls.dead_processes():
            if hasattr(self, "_pool"):
                self._pool.close()
            if getattr(self, "_home", None) is not None:
                ray.kill(self._home)
        self.__dict__.pop("_pool", None)
        ray_cluster.disconnect(self._session)
        self._home = self._session = None

    def _send(self, batches: Sequence[Batch]) -> list[tuple[Any, Any]]:
        share_travellers(batches, self._pool)
        sent = []
        for slot, jobs in batches:
            orders, parents, blocks = enclosed(jobs, slot)
            stay = self._staying.pop(slot, None)
            make = self._pool.actor(slot).make
            prepared = self._prepared.get(jobs[0].birth.seeds.generation, ())
            around = Surroundings(self._version, prepared)
            ref = make.remote(around, self._view, stay, orders, parents, *blocks)
            sent.append((ref, None))
        return sent

    def _send_alone(self, batches: Sequence[Batch]) -> list[tuple[Any, Any]]:
        sent = []
        for slot, jobs in batches:
            orders, parents, blocks = enclosed(jobs, slot)
            make = self._pool.actor(slot).make_alone.options(num_returns=2)
            ref, block = make.remote(orders, parents, *blocks)
            sent.append((ref, Survivor(block=block)))
        return sent

    def _may_stay(self) -> bool:
        """Return whether survivors are better left with their makers than handed over at once.

        So it is where children are cheap, so that each worker gets its share of the next ones at
        once and those of its own survivors among them, unless an environment wants to learn from
        the survivors. A worker's death takes its survivors with it: after the first, none stay.
        """
        cheap = self._pool.fits_one_batch_each(len(self._jobs))
        return self._home is None and cheap and self._pool.unharmed

    def _survivor(self, index: int, *, stays: bool) -> Survivor:
        maker = self._pool.made_by[index]
        return Survivor(
            key=ChildKey(self._jobs[index].birth.seeds.generation, index),
            maker=maker,
            num_bytes=self._sizes[index],
            home=maker[0] if stays else None,
        )

    def _note_who_stays(self) -> None:
        """Have makers told, with their next children, which survivors they hold from now on."""
        staying: dict[int, list[ChildKey]] = {slot: [] for slot in self._keepers}
        for survivor in self._survivors:
            if survivor.home is not None:
                staying.setdefault(survivor.home, []).append(survivor.key)
        self._staying |= staying
        self._keepers = {slot for slot, keys in staying.items() if keys}

    def _teach(self, seeds: Seeds) -> Any:
        """Call for the environment's update, which waits for all contributions."""
        contributions = [teacher.contribution for teacher in self._teachers]
        if self._home is None or None in contributions:
            return None
        return self._home.update.options(num_returns=2).remote(seeds, *contributions)

    def _look_ahead(self, seeds: Seeds) -> None:
        """While members train, let the environment compute what all of them and it will need."""
        self._prepared = {}
        if self._home is not None and self._pool.mean_seconds > LOOK_AHEAD_SECONDS:
            coming = replace(seeds, generation=seeds.generation + 1)
            self._prepared = {coming.generation: [self._home.prepare.remote(coming)]}
            self._home.begin_update.remote(coming)

    def _start_home(self) -> None:
        """Start the environment's actor; it learns while workers wait, so it needs no CPU."""
        import ray

        options = {**self._options, "num_cpus": 0}
        self._home = ray.remote(HomeActor).options(**options).remote(self._workshop)

    def _land_alone(self, ref: Any, flight: Flight) -> list[Landing]:
        jobs, reports = list(flight.jobs), dict[int, Report]()
        try:
            self._pool.land(ref, flight, queue=self._queue, deaths=self._deaths, reports=reports)
        except StateLost as error:
            return [Landing(Report(job.index, {}, 0.0, str(error)), lost=True) for job in jobs]
        for index in reports:
            self._deaths.pop(index, None)
        return [Landing(r, None if r.error else flight.state) for r in reports.values()]

    def _get_from_home(self, ref: Any) -> Any:
        value, cause = outcome(ref)
        if cause:
            self._start_home()
            raise StateLost(f"the environment's actor {cause}")
        return value


def _succeeded(ref: Any) -> bool:
    """Wait for a call; return whether it came back with a value."""
    try:
        _, cause = outcome(ref)
    except StateLost:
        return False
    return not cause
