"""The scheduler: generation after generation, from the random start to the result."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from population.callbacks import Callback, Generation
from population.environment import Environment
from population.errors import NothingSurvivesError
from population.executors.executor import Executor, InlineExecutor, StateLost
from population.executors.generation import make_generation
from population.member import Hyperparameters, Member
from population.records.archive import HISTORY, Archive
from population.records.checkpoint import Snapshot, taking_over
from population.records.history import history_rows, log_failures, plain_hyperparameters
from population.records.identity import joined_identity
from population.records.journal import Journal
from population.records.profile import Lesson, Profile, columns
from population.records.result import Result, Survivor
from population.seeding import SHARED, Seeds, numpy_stream
from population.state import State, unpack, unpacked
from population.strategies.selection import ranking
from population.strategy import Child, Individual, Offspring, Strategy, check_column
from population.worker import Workshop

logger = logging.getLogger("population")

MAX_RECOVERIES = 10
"""How often in a row a search goes back to its last copy before it gives up."""

RECOVERY_PAUSE = 0.05
"""Half the seconds before the first of these; it doubles, since a cluster notices slowly."""

SNAPSHOT_SECONDS = 20.0
"""How long the driver goes on without a copy of the survivors, where states could be lost."""

MAX_IDLE = 20
"""After so many generations in a row without a usable child, the search gives up."""


class Search:
    """Trains a population: asks the strategy, has children made, and tells it how they did.

    For one seed the history is the same, bit for bit, on every executor with any number of
    workers, after a worker dies, and after the driver is killed and the search resumed.

    Args:
        member: Builds a member from hyperparameters; a class or a function.
        strategy: Which children to make, and which survive.
        environment: Builds what members live in, where there is such a thing.
        executor: Where children are made; by default in this process.
        directory: Where to write ``results.csv`` and ``checkpoints/``; nothing without it.
        seed: The seed of everything, at least 0.
        callbacks: Listeners.
        checkpoint_every: Generations between checkpoints.
        keep_checkpoints: How many checkpoints stay on disk.
        torch_threads: Torch threads per child; part of a result's identity.
        retries: How often a child whose making raises is tried again.
        name: What the history calls the run; two runs of one seed differ in nothing else.
        identity: Further settings that a resumed run must share, as JSON values.
        profile: Record in the history where each generation's time goes, see
            `population.records.profile`; such columns differ from run to run.

    Raises:
        ValueError: A setting is out of its range.
    """

    def __init__(
        self,
        member: Callable[[Hyperparameters], Member],
        strategy: Strategy,
        *,
        environment: Callable[[], Environment] | None = None,
        executor: Executor | None = None,
        directory: str | Path | None = None,
        seed: int = 0,
        callbacks: Sequence[Callback] = (),
        checkpoint_every: int = 100,
        keep_checkpoints: int = 3,
        torch_threads: int = 1,
        retries: int = 1,
        name: str = "run",
        identity: Mapping[str, Any] | None = None,
        profile: bool = False,
    ) -> None:
        if seed < 0:
            raise ValueError(f"seed={seed!r}: expected an integer of at least 0.")
        if checkpoint_every < 1 or keep_checkpoints < 1:
            raise ValueError(
                f"{checkpoint_every=}, {keep_checkpoints=}: expected integers of at least 1."
            )
        check_column(strategy.objective, "the objective")
        self.strategy = strategy
        self.executor = executor or InlineExecutor()
        self.directory = None if directory is None else Path(directory)
        self.seed = seed
        self.callbacks = list(callbacks)
        self.checkpoint_every = checkpoint_every
        self.name = name
        settings = {"seed": seed, "environment": environment is not None}
        self.identity = joined_identity({**strategy.describe(), **settings}, identity or {})
        self.generation = 0
        self.population: list[Individual] = [
            Individual(generation=0, index=i, hyperparameters=plain_hyperparameters(values))
            for i, values in enumerate(strategy.initial(numpy_stream(seed, 0, "initial")))
        ]
        self.workshop = Workshop(
            member=member,
            environment=environment,
            seed=seed,
            torch_threads=torch_threads,
            retries=retries,
            structural=strategy.structural,
            example=self.population[0].hyperparameters,
        )
        self.archive = Archive(self.directory, keep=keep_checkpoints)
        self.profile = Profile()
        self._timed = self.profile.timed
        self.record_profile = profile
        self._resume: Snapshot | None = None
        self._snapshot: Snapshot | None = None
        self._recorded = self._notified = self._checkpointed = 0
        self._copied = time.monotonic()
        self._recoveries = 0
        self._idle, self._error = 0, ""
        self._stopping = False
        self._set_up()

    def _set_up(self) -> None:
        """Check and prepare what another mode of search needs beside this."""

    def resume(self, snapshot: Snapshot | None = None) -> "Search":
        """Go on from the newest whole checkpoint in ``directory``; returns the search itself.

        Args:
            snapshot: What :meth:`snapshot` of a search like this returned, to go on from instead
                with a history of its own, in memory.

        Raises:
            CheckpointError: There is no usable checkpoint, or it is of another configuration.
            ValueError: There is a directory, whose history is another.
        """
        if snapshot is None:
            self._resume = self.archive.latest(self.identity)
        else:
            self._resume = self.archive.adopted(snapshot, self.identity)
        self.generation = self._resume.generation
        return self

    def stop(self) -> None:
        """Ask the search to end after the generation at work, with a checkpoint."""
        self._stopping = True

    def run(self, generations: int) -> Result:
        """Run until ``generations`` are finished, those before a resume included.

        Raises:
            ValueError: ``generations`` is below 1.
            NothingSurvivesError: Every member failed from the start, or none works any more.
            CheckpointError: The journals do not reach as far as the checkpoint, or somebody else
                has changed them since.
            InUseError: Another search is writing to ``directory``.
        """
        if generations < 1:
            raise ValueError(f"generations={generations!r}: expected an integer of at least 1.")
        with self.archive.opened(self._resume), self.executor:
            try:
                self._timed("start", self._start)
                self._notify("on_start", generations)
                if self._resume is None:
                    self._checkpoint()
                return self._result(interrupted=not self._train(generations))
            finally:
                self._notify("on_end")

    def journal(self, name: str) -> Journal:
        """Return the journal ``name``.csv of a listener, in step with checkpoints and resume.

        Raises:
            ValueError: It is the history's, or no name of a file in the run's folder.
        """
        return self.archive.journal_beside(name)

    def state(self, place: int) -> State:
        """Fetch and unpack the state of the population's member at ``place``."""
        return unpack(self.executor.fetch([self.population[place].state])[0])

    def environment_state(self) -> State | None:
        """Fetch and unpack the state of what members live in; None where there is no such thing."""
        return unpacked(self.executor.fetch_environment())

    def _start(self) -> None:
        self.executor.start(self.workshop)
        if self._resume is not None:
            self._restore(self._resume)
            self._recorded = self._notified = self._checkpointed = self.generation
        else:
            self._snapshot = self.snapshot()

    def _train(self, generations: int) -> bool:
        """Run generation after generation; return whether all of them are finished."""
        self.profile.begin()
        while self.generation < generations and not self._may_stop():
            self._advance(last=self.generation + 1 == generations)
        return self.generation >= generations

    def _may_stop(self) -> bool:
        """Return whether to end early: asked for, and all that was recorded has a checkpoint."""
        return self._stopping and 0 < self._recorded <= self.generation == self._checkpointed

    def _advance(self, *, last: bool) -> None:
        """Run one generation, or go back to the last copy if a state was lost on the way."""
        try:
            self._generate()
            if self.generation < self._recorded:
                return
            if last or self.generation % self.checkpoint_every == 0 or self._stopping:
                self._checkpoint()
            elif time.monotonic() - self._copied > SNAPSHOT_SECONDS:
                self._snapshot = self.snapshot()
            self._recoveries = 0
        except StateLost as error:
            self._recover(error)

    def _recover(self, error: StateLost) -> None:
        """Go back to the last copy in memory, as often as it takes for the cluster to settle."""
        while True:
            self._recoveries += 1
            if self._recoveries > MAX_RECOVERIES or self._snapshot is None:
                raise ConnectionError(
                    f"states were lost {self._recoveries} times in a row, last because {error}. "
                    "Look at the cluster's health, then resume from the last checkpoint."
                ) from error
            logger.warning("%s; going back to generation %d", error, self._snapshot.generation)
            time.sleep(min(10.0, RECOVERY_PAUSE * 2**self._recoveries))
            try:
                self._restore(self._snapshot)
            except StateLost as again:
                error = again
            else:
                return

    def _generate(self) -> None:
        number = self.generation + 1
        parents = self.population
        offspring = self._timed("ask", self._ask, number)
        before = dict(self.seconds)
        parts = self.executor, self.strategy, parents, offspring
        seeds = lambda child: Seeds(self.seed, number, child)  # noqa: E731
        reports, children = self._timed("make", make_generation, *parts, seeds)
        self._check_start(number, children)
        started = time.perf_counter()
        chosen = self.strategy.tell(children)
        selection = time.perf_counter() - started
        lesson = Lesson()
        if chosen:
            self.population = self._timed("keep", self._keep, number, children, chosen)
            lesson = self._timed("update", self.executor.update, Seeds(self.seed, number, SHARED))
        self._idle = 0 if chosen else self._idle + 1
        self.generation = number
        busiest = self.executor.busiest(reports)
        phases = self.profile.end(reports, busiest=busiest, lesson=lesson, selection=selection)
        if number > self._recorded:
            self._record(parents, children, chosen, columns(reports, phases))
        if number > self._notified:
            self._tell_callbacks(before, children, chosen, lesson.record)

    def _record(
        self,
        parents: Sequence[Individual],
        children: Sequence[Child],
        chosen: Sequence[int],
        times: Sequence[Mapping[str, float]],
    ) -> None:
        constants = {"run": self.name, "seed": self.seed, "generation": self.generation}
        times = times if self.record_profile else ()
        rows = history_rows(constants, self.strategy, parents, children, chosen, times=times)
        self.archive.journal(HISTORY).append(rows)
        self._recorded = self.generation
        log_failures(self.generation, children)

    def _tell_callbacks(
        self,
        before: Mapping[str, float],
        children: Sequence[Child],
        chosen: Sequence[int],
        record: Mapping[str, float],
    ) -> None:
        event = Generation(
            number=self.generation,
            children=children,
            survivors=chosen,
            population=self.population,
            environment=record,
            seconds={k: self.seconds[k] - before[k] for k in ("make", "keep", "update")},
        )
        self._timed("callbacks", self._notify, "on_generation", event)
        self._notified = self.generation

    def _ask(self, number: int) -> list[Offspring]:
        offspring = self.strategy.ask(self.population, numpy_stream(self.seed, number, "ask"))
        if not offspring or any(self.population[o.parent].failed for o in offspring):
            raise ValueError(
                f"{type(self.strategy).__name__}.ask() must return at least one child, each of a "
                f"living parent; got {offspring!r}."
            )
        return offspring

    def _check_start(self, number: int, children: Sequence[Child]) -> None:
        """Stop where nothing can come of it: no child ever worked, or none for a long time."""
        self._error = next((child.error for child in children if child.error), self._error)
        usable = any(not child.error for child in children)
        if number == 1 and not usable:
            raise NothingSurvivesError(f"every member failed in generation 1:\n{children[0].error}")
        if self._idle >= MAX_IDLE:
            what = f"no child had a finite score for {MAX_IDLE} generations (now at {number})"
            raise NothingSurvivesError.after(what, self._error)

    def _keep(
        self, number: int, children: Sequence[Child], chosen: Sequence[int]
    ) -> list[Individual]:
        alive = [i for i in chosen if not children[i].error]
        handles = dict(zip(alive, self.executor.keep(alive), strict=True))
        return [
            Individual(
                generation=number,
                index=i,
                hyperparameters=dict(children[i].offspring.hyperparameters),
                scores=dict(children[i].scores),
                state=handles.get(i),
                failed=i not in handles,
            )
            for i in chosen
        ]

    def snapshot(self) -> Snapshot:
        """Return everything that a search needs to go on from here, the states with it."""
        self._copied = time.monotonic()
        alive = [p for p in self.population if p.state is not None]
        fetched = self.executor.fetch([p.state for p in alive])
        states = {id(p): state for p, state in zip(alive, fetched, strict=True)}
        return Snapshot(
            generation=self.generation,
            population=[replace(p, state=states.get(id(p))) for p in self.population],
            environment=self.executor.fetch_environment(),
            strategy=self.strategy.state_dict(),
            identity=self.identity,
            idle=self._idle,
        )

    def go_back(self, snapshot: Snapshot) -> None:
        """Let the coming generation have the parents of an earlier one; a listener may call it."""
        self._restore(replace(snapshot, generation=self.generation))

    def _restore(self, snapshot: Snapshot) -> None:
        states = [p.state for p in snapshot.population]
        handles = self.executor.restore(states, snapshot.environment)
        pairs = zip(snapshot.population, handles, strict=True)
        self.population = [replace(p, state=handle) for p, handle in pairs]
        with taking_over(snapshot, "state of the strategy"):
            self.strategy.load_state_dict(snapshot.strategy)
        self.generation = snapshot.generation
        self._idle = snapshot.idle
        self._snapshot = snapshot

    def _checkpoint(self) -> None:
        self._timed("checkpoint", self._write_checkpoint)
        self._notify("on_checkpoint")

    def _write_checkpoint(self) -> None:
        self._snapshot = self.archive.save(self.snapshot())
        self._checkpointed = self.generation

    def _result(self, *, interrupted: bool) -> Result:
        assert self._snapshot is not None
        alive = [p for p in self._snapshot.population if not p.failed and p.state is not None]
        if not alive:
            what = f"no child had a finite score in {self.generation} generations"
            raise NothingSurvivesError.after(what, self._error)
        order = ranking([self.strategy.score(p.scores) for p in alive])
        population = [Survivor.of(alive[i]) for i in order]
        return Result(
            best=population[0],
            population=population,
            environment=unpacked(self._snapshot.environment),
            history=self.archive.journal(HISTORY).frame(),
            settings=self.identity,
            interrupted=interrupted,
        )

    def _notify(self, event: str, *arguments: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, event)(self, *arguments)

    @property
    def seconds(self) -> dict[str, float]:
        """Wall seconds so far, by part."""
        return self.profile.seconds
