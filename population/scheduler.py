"""What every search is: settings, a run from start to result, checkpoints and records."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from population.callbacks import Callback
from population.environment import Environment
from population.errors import NothingSurvivesError
from population.executors.executor import Executor, InlineExecutor
from population.member import Hyperparameters, Member
from population.records.archive import HISTORY, Archive
from population.records.history import plain_hyperparameters
from population.records.identity import joined_identity
from population.records.journal import Journal
from population.records.profile import Profile
from population.records.result import Result, Survivor
from population.records.snapshot import Snapshot, taking_over
from population.seeding import numpy_stream
from population.state import State, unpack, unpacked
from population.strategies.selection import ranking
from population.strategy import Individual, Strategy, check_column
from population.worker import Workshop


class Scheduler(ABC):
    """Trains a population in some order; :class:`population.Search` has the arguments.

    A mode of search says in `_train` how generations follow each other; all else is here: what a
    run starts from and goes on from, what it leaves on disk, and what comes out.

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

    def _set_up(self) -> None:  # noqa: B027 - an optional hook
        """Check and prepare what another mode of search needs beside this."""

    def resume(self, snapshot: Snapshot | None = None) -> Self:
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
                finished = self._train(generations)
                return self._result(interrupted=not finished)
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

    @abstractmethod
    def _train(self, generations: int) -> bool:
        """Run generation after generation; return whether all of them are finished."""

    def _may_stop(self) -> bool:
        """Return whether to end early: asked for, and all that was recorded has a checkpoint."""
        return self._stopping and 0 < self._recorded <= self.generation == self._checkpointed

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
        handles = self.executor.restore(
            [p.state for p in snapshot.population], snapshot.environment
        )
        self.population = [
            replace(p, state=handle) for p, handle in zip(snapshot.population, handles, strict=True)
        ]
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
