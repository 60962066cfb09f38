"""Where children are made: plain Python that every executor runs, in this process or another."""

import itertools
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from population.environment import Environment
from population.errors import is_for_the_process
from population.member import Birth, Hyperparameters, Member, Newborn
from population.seeding import SHARED, Seeds, pin_arithmetic, seed_everything
from population.state import PackedState, State, pack, unpack
from population.strategy import flatten
from population.switches import Guard, switches

MAX_LIVE_MEMBERS = 8
"""How many differently shaped members one worker keeps built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What a worker needs to know once, for the whole run.

    Attributes:
        member: Builds a member from hyperparameters.
        environment: Builds the environment, or None.
        seed: The run's seed.
        torch_threads: How many threads torch uses for every child, wherever it is made.
        retries: How often a child whose making raises is tried again.
        structural: Hyperparameters that change shapes, so that a live member cannot take them.
        example: Hyperparameters of some member, to build a first one with.
    """

    member: Callable[[Hyperparameters], Member]
    environment: Callable[[], Environment] | None = None
    seed: int = 0
    torch_threads: int = 1
    retries: int = 1
    structural: tuple[str, ...] = ()
    example: Hyperparameters | None = None

    def build_environment(self) -> Environment | None:
        """Build the environment in its random start, the same in every process."""
        if self.environment is None:
            return None
        seed_everything(Seeds(self.seed, 0, SHARED).own("build"))
        with no_exits("the environment"):
            return self.environment()


@dataclass(frozen=True, slots=True)
class Genesis:
    """A parent that has no state yet: the random start of one slot of the population."""

    index: int
    hyperparameters: Hyperparameters


Parent = PackedState | Genesis


class ChildKey(NamedTuple):
    """By which a worker knows a child."""

    generation: int
    child: int


@dataclass(frozen=True, slots=True)
class Order:
    """A child to make: its index, its birth, its parents' places in the list that comes along."""

    index: int
    parent: int
    birth: Birth
    partner: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What the driver hears of a child: no weights, only how many bytes they are.

    Attributes:
        index: Its index in the generation.
        scores: Its named scores; empty when it failed.
        seconds: How long making and scoring it took.
        error: Why it failed; empty when it did not.
        num_bytes: The size of its state.
        parts: Its seconds by phase: variation, scoring, transfer.
    """

    index: int
    scores: dict[str, float]
    seconds: float
    error: str = ""
    num_bytes: int = 0
    parts: Mapping[str, float] = field(default_factory=dict)


class Start(NamedTuple):
    """How a worker came up.

    Attributes:
        siblings_share: Whether its members make siblings in a way of their own, which saves work.
        error: Why no member could be built; empty where one could.
    """

    siblings_share: bool = False
    error: str = ""


class Worker:
    """Makes children and holds them until the next generation begins, or longer where kept."""

    def __init__(self, workshop: Workshop, environment: Environment | None) -> None:
        self.threads = pin_arithmetic(workshop.torch_threads)
        self.guard = Guard(switches())
        self.workshop = workshop
        self.environment = environment
        self.generation = 0
        self.held: dict[int, Newborn] = {}
        self.kept: dict[ChildKey, Newborn] = {}
        self._live: dict[tuple[Any, ...], Member] = {}

    def warm_up(self) -> Start:
        """Build a member ahead of the first child, and say how that went."""
        if self.workshop.example is None:
            return Start()
        try:
            member = self._build(self.workshop.example)
        except BaseException as error:  # whatever it is, children will meet it again
            if is_for_the_process(error):
                raise
            self.guard.put_back()
            return Start(error=error_text().strip().splitlines()[-1])
        return Start(siblings_share=type(member).reproduce is not Member.reproduce)

    def make(self, orders: Sequence[Order], parents: Sequence[Parent]) -> list[Report]:
        """Make the ordered children, siblings together; hold them and report their scores."""
        generation = orders[0].birth.seeds.generation
        if generation != self.generation:
            self.generation, self.held = generation, {}
        if self.environment is not None:
            self.environment.seeds = Seeds(self.workshop.seed, generation, SHARED)
        whole = [_with_partner(order, parents) for order in orders]
        siblings = itertools.groupby(whole, key=lambda order: order.parent)
        return [
            report
            for parent, group in siblings
            for report in self._family(parents[parent], list(group))
        ]

    def make_alone(
        self, orders: Sequence[Order], parents: Sequence[Parent]
    ) -> tuple[Report, PackedState | None]:
        """Make one child and give its state away, None where it failed."""
        [report] = self.make(orders, parents)
        newborn = self.held.pop(report.index, None)
        return report, None if newborn is None or report.error else newborn.state

    def keep(self, keys: Sequence[ChildKey]) -> None:
        """Hold on to these children from now on, instead of those kept before."""
        self.kept = {key: self.find(key) for key in keys}

    def find(self, key: ChildKey) -> Newborn:
        """Return a child that is held or kept here."""
        if key.generation == self.generation and key.child in self.held:
            return self.held[key.child]
        return self.kept[key]

    def _family(self, parent: Parent, orders: list[Order]) -> list[Report]:
        """Make one parent's children by the fast path, or one by one where it raises."""
        try:
            return self._reproduce(parent, orders)
        except BaseException as error:  # whatever a member raises must not stop the others
            if is_for_the_process(error):
                raise
            self._give_up()
        return [self._retry(parent, order) for order in orders]

    def _give_up(self) -> None:
        """Drop the live members, one of which has raised, and what it did to the process."""
        self._live.clear()
        self.guard.put_back()

    def _reproduce(self, parent: Parent, orders: list[Order]) -> list[Report]:
        member, state = self._prepare(parent, orders[0].birth.hyperparameters)
        reports = []
        started = time.perf_counter()
        births = [order.birth for order in orders]
        for order, newborn in zip(orders, member.reproduce(state, births), strict=True):
            self.held[order.index] = newborn
            self.guard.put_back()
            now = time.perf_counter()
            reports.append(_report(order, newborn, now - started))
            started = now
        return reports

    def _retry(self, parent: Parent, order: Order) -> Report:
        """Make one child on a newly built member; report the last error if every try raises."""
        started = time.perf_counter()
        error = ""
        for _ in range(max(1, self.workshop.retries)):
            try:
                member, state = self._prepare(parent, order.birth.hyperparameters)
                self.held[order.index] = newborn = member.bear(state, order.birth)
                self.guard.put_back()
                return _report(order, newborn, time.perf_counter() - started)
            except BaseException as raised:  # the report carries it
                if is_for_the_process(raised):
                    raise
                error = error_text()
                self._give_up()
        return Report(order.index, {}, time.perf_counter() - started, error)

    def _prepare(
        self, parent: Parent, hyperparameters: Hyperparameters
    ) -> tuple[Member, PackedState]:
        """Return a live member of the parent's shape, and the parent's state."""
        if isinstance(parent, Genesis):
            seed_everything(Seeds(self.workshop.seed, 0, parent.index).own("build"))
            member = self._build(parent.hyperparameters)
            state = pack(member.state_dict())
            self.guard.put_back()
            return member, state
        key = self._shape(hyperparameters)
        return self._live.get(key) or self._build(hyperparameters), parent

    def _build(self, hyperparameters: Hyperparameters) -> Member:
        member = self.workshop.member(hyperparameters)
        member.environment = self.environment
        self.guard.put_back()
        while len(self._live) >= MAX_LIVE_MEMBERS:
            self._live.pop(next(iter(self._live)))
        self._live[self._shape(hyperparameters)] = member
        return member

    def _shape(self, hyperparameters: Hyperparameters) -> tuple[Any, ...]:
        flat = flatten(hyperparameters)
        return tuple(flat.get(name) for name in self.workshop.structural)


def error_text() -> str:
    """Return the traceback of the exception at hand, in characters that every file can hold.

    A name of a file that is not UTF-8 has characters that no encoding knows.
    """
    return traceback.format_exc().encode("utf-8", "backslashreplace").decode("utf-8")


@contextmanager
def no_exits(whose: str) -> Iterator[None]:
    """Keep somebody's code from ending the process as if all was done.

    Raises:
        RuntimeError: It raised something that is no error, like `SystemExit`.
    """
    try:
        yield
    except BaseException as error:
        if isinstance(error, Exception) or is_for_the_process(error):
            raise
        raise RuntimeError(f"{whose} raised {type(error).__name__}: {error}") from error


def _with_partner(order: Order, parents: Sequence[Parent]) -> Order:
    """Return an order whose birth has the partner's state, where there is a partner."""
    if order.partner is None:
        return order
    partner = parents[order.partner]
    assert isinstance(partner, PackedState)
    return replace(order, birth=replace(order.birth, partner=partner))


def _report(order: Order, newborn: Newborn, seconds: float) -> Report:
    known = newborn.seconds
    return Report(
        order.index,
        newborn.scores,
        seconds,
        num_bytes=newborn.state.buffer.nbytes,
        parts={"variation": max(0.0, seconds - sum(known.values())), **known},
    )


def update_environment(
    environment: Environment, seeds: Seeds, contributions: Sequence[PackedState]
) -> tuple[dict[str, float], float]:
    """Let the home environment learn from the survivors, under its own random stream.

    Returns:
        What to record, and how many seconds it took.
    """
    started = time.perf_counter()
    states: list[State] = [unpack(contribution) for contribution in contributions]
    environment.seeds = seeds
    seed_everything(seeds.own("update"))
    with no_exits("environment.update()"):
        record = {name: float(value) for name, value in environment.update(states).items()}
    return record, time.perf_counter() - started
