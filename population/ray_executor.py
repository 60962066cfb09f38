"""Children made by Ray actors, on this machine or on a cluster.

A child's state stays in the actor that made it. When a child survives, its state goes to Ray's
shared memory, where the next generation's workers map it; where children are cheap, it stays even
then, its maker gets its children to make, and only states that others need are handed over. The
driver holds references and scores only. The environment lives in an actor of its own, whose view
goes out once per generation.
"""

import math
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from population import ray_cluster
from population.executor import Executor, Handle, Job, Landing, StateLost, orders_of
from population.ray_actors import HomeActor, Place, Resident
from population.ray_cluster import outcome
from population.ray_pool import MAX_DEATHS, Batch, Flight, WorkerPool
from population.seeding import Seeds
from population.state import PackedState
from population.worker import Genesis, Order, Report, Workshop

BLOCK_BYTES = 4 * 2**20
"""Survivors of one worker share an object of Ray's up to this size: handing over has its price."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Where a survivor's state is: in which block, at which place."""

    block: Any
    place: int


Kept = tuple[Shared, Any]
"""Where a survivor's state is, and the reference of its contribution."""


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
        self._home = None
        if workshop.environment is not None:
            self._start_home()
        self._pool = WorkerPool(
            self._workshop, self._options, workers=self.num_workers, deadline=self.deadline
        )
        self._version = 0
        self._view: Any = None
        self._jobs: dict[int, Job] = {}
        self._sizes: dict[int, int] = {}
        self._staying: dict[int, tuple[int, list[int]]] = {}
        self._keepers: set[int] = set()
        self._moved: dict[Resident, Shared] = {}
        self._contributions: list[Any] = []
        self._queue: deque[Job] = deque()
        self._deaths: dict[int, int] = {}
        ray_cluster.wait_for_first(self._pool.ready, self._options)
        if self._home is not None:
            self._view = self._home.view.remote()
            self._version = 1

    def make(self, jobs: Sequence[Job]) -> list[Report]:
        """Hand children out as workers come free; make those of a dead worker again."""
        self._jobs = {job.index: job for job in jobs}
        self._pool.begin()
        reports = self._pool.make(jobs, self._send)
        self._sizes = {report.index: report.num_bytes for report in reports.values()}
        return [reports[job.index] for job in jobs]

    def keep(self, indices: Sequence[int]) -> list[Handle]:
        """Leave the survivors in their makers, or have their states put into shared memory."""
        if self._may_stay():
            residents = [self._resident(i) for i in indices]
            self._stay(residents)
            return residents
        kept: dict[int, Kept] = {}
        for _ in range(MAX_DEATHS):
            kept |= self._export([i for i in indices if i not in kept])
            lost = [self._jobs[i] for i in indices if i not in kept]
            if not lost:
                self._contributions = [kept[i][1] for i in indices]
                self._stay([])
                return [kept[i][0] for i in indices]
            self._pool.make(lost, self._send)
        raise StateLost(f"child {lost[0].index} survived, but its workers died")

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
            self._pool.hand_out(self._queue, self._deaths, self._send_alone, alone=True)
            for ref, flight in self._pool.landed():
                landings += self._land_alone(ref, flight)
        return landings

    def fetch(self, handles: Sequence[Handle]) -> list[PackedState]:
        """Copy states out of shared memory, so that they do not fill it."""
        moved = self._move([handle for handle in handles if isinstance(handle, Resident)])
        shared: list[Shared] = [moved[h] if isinstance(h, Resident) else h for h in handles]
        refs = list(dict.fromkeys(handle.block for handle in shared))
        values, cause = outcome(refs)
        if cause:
            raise StateLost(f"a worker {cause} with the states it kept")
        blocks = dict(zip(refs, values, strict=True))
        states = [blocks[handle.block][handle.place] for handle in shared]
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

        self._moved = {}
        if self._home is not None and environment is not None:
            self._view = self._home.load.remote(environment)
            self._version += 1
            self._get_from_home(self._view)
        return [None if state is None else Shared(ray.put([state]), 0) for state in states]

    def close(self) -> None:
        """Stop our actors; shut Ray down if this executor started it."""
        import ray

        if ray.is_initialized():
            if hasattr(self, "_pool"):
                self._pool.close()
                del self._pool
            if getattr(self, "_home", None) is not None:
                ray.kill(self._home)
            if self._owns_ray:
                ray.shutdown()
        self._home, self._owns_ray = None, False

    def _send(self, batches: Sequence[Batch]) -> list[tuple[Any, Any]]:
        needed = {
            (job.parent, place)
            for place, jobs in batches
            for job in jobs
            if isinstance(job.parent, Resident)
        }
        for resident, _ in needed:
            self._check_life(resident)
        travelling = {resident for resident, place in needed if resident.slot != place}
        self._moved |= self._move(travelling - self._moved.keys())
        sent = []
        for place, jobs in batches:
            orders, parents, blocks = self._enclosed(place, jobs)
            make = self._pool.actor(place).make
            stay = self._staying.pop(place, None)
            ref = make.remote(self._version, self._view, stay, orders, parents, *blocks)
            sent.append((ref, None))
        return sent

    def _send_alone(self, batches: Sequence[Batch]) -> list[tuple[Any, Any]]:
        sent = []
        for place, jobs in batches:
            orders, parents, blocks = self._enclosed(place, jobs)
            make = self._pool.actor(place).make_alone.options(num_returns=2)
            ref, block = make.remote(orders, parents, *blocks)
            sent.append((ref, Shared(block, 0)))
        return sent

    def _enclosed(
        self, place: int, jobs: Sequence[Job]
    ) -> tuple[list[Order], list[Genesis | Resident | Place], list[Any]]:
        """Return orders, where a worker finds their parents, and each block's reference once."""
        orders, found = orders_of(jobs)
        handles: list[Any] = list(found)
        numbers: dict[Any, int] = {}
        parents: list[Genesis | Resident | Place] = []
        for handle in handles:
            local = isinstance(handle, Genesis) or getattr(handle, "slot", None) == place
            if local:
                parents.append(handle)
            else:
                shared = self._moved.get(handle, handle)
                number = numbers.setdefault(shared.block, len(numbers))
                parents.append((number, shared.place))
        return orders, parents, list(numbers)

    def _may_stay(self) -> bool:
        """Return whether survivors are better left in their makers than handed over at once.

        So it is where children are cheap, so that each worker gets its share of the next ones at
        once and those of its own survivors among them, unless an environment wants to learn from
        the survivors. A worker's death takes its survivors with it: after the first, none stay.
        """
        cheap = self._pool.fits_one_batch_each(len(self._jobs))
        return self._home is None and cheap and self._pool.unharmed

    def _stay(self, residents: Sequence[Resident]) -> None:
        """Have makers told, with their next children, which survivors they hold from now on."""
        homes: dict[int, list[int]] = {place: [] for place in self._keepers}
        for resident in residents:
            homes.setdefault(resident.slot, []).append(resident.index)
        generation = next(iter(self._jobs.values())).birth.seeds.generation
        self._staying |= {place: (generation, held) for place, held in homes.items()}
        self._keepers = {place for place, held in homes.items() if held}
        self._moved = {}

    def _resident(self, index: int) -> Resident:
        place, life = self._pool.made_by[index]
        generation = self._jobs[index].birth.seeds.generation
        return Resident(place, life, generation, index, self._sizes[index])

    def _check_life(self, resident: Resident) -> None:
        if resident.life != self._pool.life(resident.slot):
            raise StateLost(f"worker {resident.slot} died with the states it kept")

    def _move(self, residents: Collection[Resident]) -> dict[Resident, Shared]:
        """Have survivors that stayed in their makers put into shared memory."""
        makers: dict[int, list[Resident]] = {}
        for resident in residents:
            self._check_life(resident)
            makers.setdefault(resident.slot, []).append(resident)
        moved: dict[Resident, Shared] = {}
        for place, held in makers.items():
            sizes = {resident.index: resident.num_bytes for resident in held}
            _, places = self._ask_for(place, held[0].generation, sizes, contributions=False)
            moved |= {resident: places[resident.index][0] for resident in held}
        return moved

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

    def _export(self, indices: Sequence[int]) -> dict[int, Kept]:
        """Ask each maker for all of its survivors at once; return those that it still has."""
        makers: dict[tuple[int, int], list[int]] = {}
        for i in indices:
            makers.setdefault(self._pool.made_by[i], []).append(i)
        calls = []
        for (place, life), held in makers.items():
            sizes = {i: self._sizes[i] for i in held}
            generation = self._jobs[held[0]].birth.seeds.generation
            learns = self._home is not None
            calls.append(
                (place, life, *self._ask_for(place, generation, sizes, contributions=learns))
            )
        kept: dict[int, Kept] = {}
        for place, life, receipt, export in calls:
            received, cause = outcome(receipt)
            if cause:
                self._pool.bury(place, life, cause)
            else:
                kept |= {i: export[i] for i in received}
        return kept

    def _ask_for(
        self, place: int, generation: int, sizes: Mapping[int, int], *, contributions: bool
    ) -> tuple[Any, dict[int, Kept]]:
        """Call for children by their bytes; return the receipt, and where each will be."""
        groups = _groups(sizes)
        num_returns = 1 + len(groups) + (len(sizes) if contributions else 0)
        export = self._pool.actor(place).export.options(num_returns=num_returns)
        receipt, *refs = export.remote(generation, groups, contributions=contributions)
        handed_on = refs[len(groups) :] or [None] * len(sizes)
        states = [
            Shared(block, i)
            for block, group in zip(refs, groups, strict=False)
            for i in range(len(group))
        ]
        return receipt, dict(zip(sizes, zip(states, handed_on, strict=True), strict=True))

    def _get_from_home(self, ref: Any) -> Any:
        value, cause = outcome(ref)
        if cause:
            self._start_home()
            raise StateLost(f"the environment's actor {cause}")
        return value


def _groups(sizes: Mapping[int, int]) -> list[list[int]]:
    """Split children into blocks of a few megabytes, in order."""
    groups: list[list[int]] = []
    room = 0
    for i, num_bytes in sizes.items():
        if room < num_bytes or not groups:
            groups.append([])
            room = BLOCK_BYTES
        groups[-1].append(i)
        room -= num_bytes
    return groups
