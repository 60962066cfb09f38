"""The scheduler of whole generations, one after the other, from the random start to the result."""

import logging
import time
from collections.abc import Mapping, Sequence

from population.callbacks import Generation
from population.errors import NothingSurvivesError
from population.executors.executor import StateLost
from population.executors.generation import make_generation
from population.records.archive import HISTORY
from population.records.history import history_rows, log_failures
from population.records.profile import Lesson, columns
from population.scheduler import Scheduler
from population.seeding import SHARED, Seeds, numpy_stream
from population.strategy import Child, Individual, Offspring

logger = logging.getLogger("population")

MAX_RECOVERIES = 10
"""How often in a row a search goes back to its last copy before it gives up."""

RECOVERY_PAUSE = 0.05
"""Half the seconds before the first of these; it doubles, since a cluster notices slowly."""

SNAPSHOT_SECONDS = 20.0
"""How long the driver goes on without a copy of the survivors, where states could be lost."""

MAX_IDLE = 20
"""After so many generations in a row without a usable child, the search gives up."""


class Search(Scheduler):
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

    def _train(self, generations: int) -> bool:
        """Run generation after generation; return whether all of them are finished."""
        self.profile.begin()
        while self.generation < generations and not self._may_stop():
            self._advance(last=self.generation + 1 == generations)
        return self.generation >= generations

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
        parts = self.executor, self.strategy, parents, offspring, Seeds(self.seed, number, SHARED)
        reports, children = self._timed("make", make_generation, *parts)
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
        parts = {name: value - before[name] for name, value in self.seconds.items()}
        event = Generation(
            number=self.generation,
            children=children,
            survivors=chosen,
            population=self.population,
            environment=record,
            seconds={name: parts[name] for name in ("make", "keep", "update")},
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
        teachers = self.strategy.teachers(children, alive)
        handles = dict(zip(alive, self.executor.keep(alive, teachers), strict=True))
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
