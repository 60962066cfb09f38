"""Where survivors' states are between generations: with their makers, in shared memory, or both."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from population.executors.executor import Job, StateLost, orders_of
from population.executors.ray_actors import Place
from population.executors.ray_calls import outcome
from population.executors.ray_placement import Batch
from population.executors.ray_pool import WorkerPool
from population.worker import ChildKey, Genesis, Order

BLOCK_BYTES = 4 * 2**20
"""Survivors of one worker share an object of Ray's up to this size: handing over has its price."""

NOBODYS = ChildKey(0, 0)
"""The key of a state that no worker has under a key."""


@dataclass(slots=True, eq=False)
class Survivor:
    """A child that survived, and where its state is.

    Attributes:
        key: Its generation and index, by which its maker knows it.
        maker: The slot and life of the worker that made it.
        num_bytes: The size of its state.
        home: The slot of the worker that holds on to it; None where no worker does.
        block: Ray's object with its state, where there is one.
        place: Its place in the block.
        contribution: Ray's object with what it hands to the environment, where there is one.
    """

    key: ChildKey = NOBODYS
    maker: tuple[int, int] = (0, 0)
    num_bytes: int = 0
    home: int | None = None
    block: Any = None
    place: int = 0
    contribution: Any = None

    def check(self, pool: WorkerPool) -> None:
        """Notice if the maker has died.

        Raises:
            StateLost: The state is gone with it.
        """
        slot, life = self.maker
        if self.home is not None and pool.life(slot) != life:
            self.home = None
            if self.block is None:
                raise StateLost(f"worker {slot} died with the states it kept")


Receipt = tuple[Sequence[Survivor], Any]
"""Survivors of one worker, and Ray's reference that tells whether it handed them over."""


def share(
    survivors: Collection[Survivor], pool: WorkerPool, *, contributions: bool = False
) -> list[Receipt]:
    """Ask each maker to put all of its survivors into shared memory; do not wait for it."""
    makers: dict[tuple[int, int], list[Survivor]] = {}
    for survivor in survivors:
        makers.setdefault(survivor.maker, []).append(survivor)
    receipts: list[Receipt] = []
    for (slot, life), held in makers.items():
        alive = pool.life(slot) == life
        receipts.append((held, _ask_maker(held, pool, contributions) if alive else None))
    return receipts


def _ask_maker(held: Sequence[Survivor], pool: WorkerPool, contributions: bool) -> Any:
    """Ask for states and contributions; for these first where the states take long."""
    groups = _groups(held)
    contributors = held if contributions else ()
    if contributions and sum(survivor.num_bytes for survivor in held) > BLOCK_BYTES:
        _ask(pool, held[0].maker[0], groups=(), contributors=held)
        contributors = ()
    return _ask(pool, held[0].maker[0], groups=groups, contributors=contributors)


def _ask(
    pool: WorkerPool,
    slot: int,
    *,
    groups: Sequence[Sequence[Survivor]],
    contributors: Sequence[Survivor],
) -> Any:
    """Note where groups and contributions will be; return the reference that tells they are."""
    num_returns = 1 + len(groups) + len(contributors)
    export = pool.actor(slot).export.options(num_returns=num_returns)
    refs = export.remote(
        [[survivor.key for survivor in group] for group in groups],
        [survivor.key for survivor in contributors],
    )
    receipt, *refs = refs if num_returns > 1 else [refs]
    for block, group in zip(refs, groups, strict=False):
        for place, survivor in enumerate(group):
            survivor.block, survivor.place = block, place
    for survivor, contribution in zip(contributors, refs[len(groups) :], strict=True):
        survivor.contribution = contribution
    return receipt


def _groups(survivors: Sequence[Survivor]) -> list[list[Survivor]]:
    """Split survivors into blocks of a few megabytes, in order."""
    groups: list[list[Survivor]] = []
    room = 0
    for survivor in survivors:
        if room < survivor.num_bytes or not groups:
            groups.append([])
            room = BLOCK_BYTES
        groups[-1].append(survivor)
        room -= survivor.num_bytes
    return groups


def lost(receipts: Sequence[Receipt], pool: WorkerPool) -> list[Survivor]:
    """Wait until survivors are handed over; return those whose makers died before that."""
    gone: list[Survivor] = []
    for survivors, receipt in receipts:
        cause = "died"
        if receipt is not None:
            _, cause = outcome(receipt)
        if cause:
            pool.bury(*survivors[0].maker, cause)
            gone += survivors
    for survivor in gone:
        survivor.block = survivor.contribution = None
    return gone


def share_travellers(batches: Sequence[Batch], pool: WorkerPool) -> None:
    """Have the parents of children that are not made where these live put into shared memory.

    Raises:
        StateLost: A parent is gone with its maker.
    """
    travellers = []
    for slot, jobs in batches:
        both = [one for job in jobs for one in (job.parent, job.partner)]
        for survivor in [one for one in both if isinstance(one, Survivor)]:
            survivor.check(pool)
            if survivor.block is None and survivor.home != slot:
                travellers.append(survivor)
    share(dict.fromkeys(travellers), pool)


def enclosed(
    jobs: Sequence[Job], slot: int
) -> tuple[list[Order], list[Genesis | ChildKey | Place], list[Any]]:
    """Return orders, where the worker in a slot finds their parents, and each block once."""
    orders, handles = orders_of(jobs)
    parents: list[Any] = list(handles)
    blocks: dict[Any, int] = {}
    found: list[Genesis | ChildKey | Place] = []
    for parent in parents:
        if isinstance(parent, Genesis):
            found.append(parent)
        elif parent.home == slot:
            found.append(parent.key)
        else:
            found.append(Place(blocks.setdefault(parent.block, len(blocks)), parent.place))
    return orders, found, list(blocks)
