"""The scheduler without a barrier: a member goes on as soon as its own result is known."""

import logging
import operator
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from population.callbacks import Generation
from population.errors import NothingSurvivesError
from population.executors.executor import Job, Landing, StateLost
from population.member import Birth
from population.records.archive import HISTORY
from population.records.history import history_rows, log_failures
from population.records.snapshot import Snapshot, taking_over
from population.search import (
    MAX_IDLE,
    MAX_RECOVERIES,
    SNAPSHOT_SECONDS,
    Search,
)
from population.seeding import Seeds, numpy_stream
from population.strategy import Child, Individual, Offspring, SlotStrategy
from population.worker import Genesis

logger = logging.getLogger("population")


@dataclass(frozen=True, slots=True)
class _Flight:
    """A child in the making: what was asked for, and its parent as it was then."""

    asked: Offspring
    parent: Individual


class AsynchronousSearch(Search):
    """A search in which no member waits for another one's training.

    The population consists of slots. When a slot's child is back, the strategy says at once how the
    slot goes on, by the scores that are known at that moment; so a slow member holds up nobody, and
    the slots' generations drift apart. A slot's ``n``-th child is ``(generation n, child slot)`` in
    the journal, whose rows stand in the order in which results came in: every parent's row is
    before its children's. A child that fails or has no finite score takes its slot too, for the
    strategy to replace it from a survivor, unless it would leave nobody with a score.

    Which result comes in first depends on the machine's mood, so this mode alone gives up the same
    bits on every executor. Each child stays a pure function of its parent, its hyperparameters and
    its seeds: :func:`population.records.replay.replay` makes a journal's children again, bit for
    bit. In this process, children are made in turn, and the whole history is the same every time.

    All settings are those of :class:`population.Search`, except that there is no environment.
    ``run(generations)`` lets every slot make that many children, unless the strategy stops it;
    ``checkpoint_every`` and ``search.generation`` count children divided by slots. Callbacks hear
    of one child at a time. After a resume, children that were in the making are asked for again.

    Raises:
        ValueError: There is an environment, which learns from whole generations, or the strategy
            needs whole generations.
    """

    def _set_up(self) -> None:
        if self.workshop.environment is not None:
            raise ValueError(
                "environment: an asynchronous search has none, because an environment learns from "
                "the survivors of whole generations; leave it out, or use Search."
            )
        if not isinstance(self.strategy, SlotStrategy):
            raise ValueError(
                f"strategy={type(self.strategy).__name__}: it needs whole generations; use Search, "
                "or make it a SlotStrategy."
            )
        if self.record_profile:
            raise ValueError(
                "profile=True: it tells where the time of a generation goes, but an asynchronous "
                "search has none; leave it out, or use Search."
            )
        self.slots = self.strategy
        self.identity["asynchronous"] = True
        self.counts = [0] * len(self.population)
        self._goal = 0
        self._cut_short = False
        self._flights: dict[int, _Flight] = {}
        self._waiting: dict[int, np.random.Generator] = {}
        self._held_back: list[dict[str, Any]] = []

    def _train(self, generations: int) -> bool:
        self._goal = generations
        self._invite(range(len(self.population)))
        self._invite(self.slots.wake(self._waiting))
        while self._flights:
            landings = self._timed("make", self.executor.collect)
            for landing in landings:
                self._land(landing)
            self._invite(landing.report.index for landing in landings)
            self._invite(self.slots.wake(self._waiting))
            self._look_after()
        if not self._someone_usable():
            raise self._nothing_survives()
        self._checkpoint()
        return not self._cut_short

    def _invite(self, slots: Iterable[int]) -> None:
        """Ask the strategy how idle slots go on, and have their children made."""
        stopping = self._stopping and self._someone_usable()
        for slot in slots:
            number = self.counts[slot] + 1
            if slot in self._flights or number > self._goal:
                continue
            if stopping:
                self._cut_short = True
                continue
            rng = self._waiting.pop(slot, None)
            rng = rng or numpy_stream(self.seed, number, "ask", child=slot)
            asked = self._timed("ask", self.slots.ask_one, self.population, slot, rng)
            if asked is None:
                self._waiting[slot] = rng
            else:
                self._submit(slot, asked)

    def _submit(self, slot: int, asked: Offspring) -> None:
        parent = self.population[asked.parent]
        if parent.failed:
            raise ValueError(
                f"{type(self.strategy).__name__}.ask_one() must return a child of a living parent, "
                f"or None; got {asked!r}."
            )
        birth = Birth(
            seeds=Seeds(self.seed, self.counts[slot] + 1, slot),
            operator=asked.operator,
            hyperparameters=asked.hyperparameters,
            train=asked.train,
        )
        start = Genesis(parent.index, parent.hyperparameters)
        self._flights[slot] = _Flight(asked, parent)
        self.executor.submit(Job(slot, start if parent.state is None else parent.state, birth))

    def _land(self, landing: Landing) -> None:
        """Take in a child that is back, or repair what was lost on the way."""
        report, slot = landing.report, landing.report.index
        flight = self._flights.pop(slot)
        if landing.lost:
            self._count_loss(report.error)
            self._give_last_copy([flight.parent], report.error)
            return
        self._recoveries = 0
        self.counts[slot] += 1
        self.generation = sum(self.counts) // len(self.counts)
        born = Individual(
            generation=self.counts[slot],
            index=slot,
            hyperparameters=dict(flight.asked.hyperparameters),
            scores=dict(report.scores),
            state=landing.state,
            failed=landing.state is None,
        )
        self._check_idle(born, report.error)
        takes_slot = self._may_take_slot(born)
        if takes_slot:
            self.population[slot] = born
        self.slots.tell_one(flight.parent, born)
        child = Child(
            offspring=flight.asked,
            index=slot,
            scores=report.scores,
            seconds=report.seconds,
            error=report.error,
        )
        self._write_row(flight.parent, child, chosen=[slot] if takes_slot else [])
        self._tell(child, survivors=[0] if takes_slot and not born.failed else [])

    def _usable(self, member: Individual) -> bool:
        known = member.state is not None and not member.failed
        return known and bool(np.isfinite(self.strategy.score(member.scores)))

    def _someone_usable(self) -> bool:
        return any(self._usable(member) for member in self.population)

    def _may_take_slot(self, born: Individual) -> bool:
        """Return whether somebody with a score remains when a child takes its slot."""
        before = self.population[born.index]
        if self._usable(born) or not self._usable(before):
            return True
        return any(self._usable(other) for other in self.population if other is not before)

    def _check_idle(self, born: Individual, error: str) -> None:
        """Stop where no child has had a finite score for a long time."""
        self._idle = 0 if self._usable(born) else self._idle + 1
        self._error = error or self._error
        if self._idle >= MAX_IDLE * len(self.population):
            raise self._nothing_survives()

    def _nothing_survives(self) -> NothingSurvivesError:
        return NothingSurvivesError.after(
            f"none of the last {self._idle} children had a finite score", self._error
        )

    def _write_row(self, parent: Individual, child: Child, *, chosen: list[int]) -> None:
        """Add a row; those before the first with scores wait for it, since it names the columns."""
        number = self.counts[child.index]
        constants = {"run": self.name, "seed": self.seed, "generation": number}
        only = replace(child, offspring=replace(child.offspring, parent=0))
        [row] = history_rows(constants, self.strategy, [parent], [only], chosen)
        self._held_back.append(row)
        if child.scores or self.archive.journal(HISTORY).columns:
            unknown = dict.fromkeys(row, float("nan"))
            self.archive.journal(HISTORY).append([unknown | held for held in self._held_back])
            self._held_back = []
        log_failures(number, [child])

    def _tell(self, child: Child, *, survivors: list[int]) -> None:
        event = Generation(
            number=self.counts[child.index],
            children=[child],
            survivors=survivors,
            population=self.population,
            seconds={"make": child.seconds, "keep": 0.0, "update": 0.0},
        )
        self._timed("callbacks", self._notify, "on_generation", event)

    def _look_after(self) -> None:
        """Write a checkpoint, or copy the states to this process, where it is time to."""
        due = self.generation // self.checkpoint_every > self._checkpointed // self.checkpoint_every
        if due and not self._held_back:
            self._checkpoint()
        elif time.monotonic() - self._copied > SNAPSHOT_SECONDS:
            self._snapshot = self.snapshot()

    def snapshot(self) -> Snapshot:
        """Return everything that a search needs to go on from here, once no state is lost."""
        while True:
            try:
                snapshot = super().snapshot()
            except StateLost as error:
                self._repair(str(error))
            else:
                state = {"strategy": snapshot.strategy, "counts": list(self.counts)}
                return replace(snapshot, strategy=state)

    def _restore(self, snapshot: Snapshot) -> None:
        with taking_over(snapshot, "counts of the slots"):
            counts = snapshot.strategy["counts"]
            if len(counts) != len(self.population) or min(map(operator.index, counts)) < 0:
                raise ValueError(f"counts={counts!r}: expected one of at least 0 for each slot")
        self.counts = list(counts)
        super()._restore(replace(snapshot, strategy=snapshot.strategy["strategy"]))

    def _repair(self, cause: str) -> None:
        """Find the members whose states are gone, and give them their last copies."""
        self._count_loss(cause)
        lost = []
        for member in self.population:
            try:
                self.executor.fetch([] if member.state is None else [member.state])
            except StateLost:
                lost.append(member)
        self._give_last_copy(lost, cause)

    def _give_last_copy(self, lost: Iterable[Individual], cause: str) -> None:
        """Put the driver's copies in the places of members whose states are gone."""
        gone = {id(member) for member in lost}
        assert self._snapshot is not None
        for slot, member in enumerate(self.population):
            if id(member) in gone:
                copy = self._snapshot.population[slot]
                logger.warning(
                    "%s; slot %d goes back to generation %d", cause, slot, copy.generation
                )
                [handle] = self.executor.restore([copy.state], None)
                self.population[slot] = replace(copy, state=handle)

    def _count_loss(self, cause: str) -> None:
        self._recoveries += 1
        if self._recoveries > MAX_RECOVERIES * len(self.population):
            raise ConnectionError(
                f"states were lost {self._recoveries} times in a row, last because {cause}. Look "
                "at the cluster's health, then resume from the last checkpoint."
            )
