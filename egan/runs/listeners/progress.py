"""Progress on the terminal: a bar where somebody watches, a line per look elsewhere."""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn

from egan.judging.measures import IN_FEATURES, OBJECTIVE, leading_of, measure
from egan.reporting.headline import duration
from population import Callback
from population.callbacks.console import is_watched

if TYPE_CHECKING:
    from rich.console import Console

    from egan.runs.listeners.alarm import CollapseAlarm
    from egan.runs.listeners.looker import Looker
    from population import Search
    from population.callbacks import Generation

RECENT = 100
"""Generations over which wins are counted."""

NONE: Mapping[str, int] = {}
MOST = 2
"""How many measures of a look fit in a line."""


class ProgressBar(Callback):
    """Shows how far the run is, fitness, which mutation wins, what a look saw, speed, time left.

    Args:
        console: Where to.
        looker: Who knows what the last look saw; it must hear of a generation first.
        unit: What the run is counted in, such as "generation" or "update".
        interval: How many of these there are in a generation of the search.
        leading: The measures of a look to show; by default those that lead a report.
        caveat: What to bear in mind of those that are taken in features.
        totals: Of how many a measure counts some, such as classes.
        competes: Whether members do, so that fitness and wins are worth a word.
        alarm: Who knows whether training has collapsed; it must hear of a generation first.
    """

    def __init__(
        self,
        console: Console,
        looker: Looker,
        *,
        unit: str = "generation",
        interval: int = 1,
        leading: Sequence[str] = (),
        caveat: str = "",
        totals: Mapping[str, int] = NONE,
        competes: bool = True,
        alarm: CollapseAlarm | None = None,
    ) -> None:
        self.competes = competes
        self.alarm = alarm
        self.console = console
        self.unit = unit
        self.interval = interval
        self.leading = leading
        self.caveat = caveat
        self.totals = totals
        self.looker = looker
        self.wins: deque[str] = deque(maxlen=RECENT)
        self.bar: Progress | None = None

    def on_start(self, search: Search, generations: int) -> None:
        """Begin where the run stands."""
        self.first, self.total = search.generation, generations
        self.started = time.monotonic()
        if is_watched(self.console):
            columns = (BarColumn(24), TextColumn("{task.description}", markup=False))
            self.bar = Progress(*columns, console=self.console, transient=True)
            self.task = self.bar.add_task("", total=generations, completed=self.first)
            self.bar.start()
        elif self.first == 0:
            self.console.print(self._line(0, math.nan), markup=False)

    def on_generation(self, search: Search, generation: Generation) -> None:  # noqa: ARG002
        """Show where the run stands now."""
        operators = (generation.children[i].offspring.operator for i in generation.survivors)
        self.wins.extend(operator for operator in operators if operator and self.competes)
        if self.bar is None and not self.looker.is_due(generation.number):
            return
        best = generation.population[0].scores if generation.population else {}
        line = self._line(generation.number, best.get(OBJECTIVE, math.nan))
        if self.bar is None:
            self.console.print(line, markup=False)
        else:
            self.bar.update(self.task, completed=generation.number, description=line)

    def on_end(self, search: Search) -> None:  # noqa: ARG002 - the interface
        """Take the bar away."""
        if self.bar is not None:
            self.bar.stop()

    def _line(self, number: int, fitness: float) -> str:
        parts = [f"{self.unit} {self.interval * number:,}/{self.interval * self.total:,}"]
        if math.isfinite(fitness) and self.competes:
            parts.append(measure(OBJECTIVE).phrase(fitness))
        if self.wins:
            name, count = Counter(self.wins).most_common(1)[0]
            parts.append(f"{name} wins {count / len(self.wins):.0%}")
        parts.append(
            samples_in_words(
                self.looker.latest, leading=self.leading, caveat=self.caveat, totals=self.totals
            )
        )
        parts += [] if self.alarm is None else [self.alarm.text]
        parts += self._pace(number)
        return " · ".join(part for part in parts if part)

    def _pace(self, number: int) -> Iterator[str]:
        """Yield speed and time left, once there is a speed."""
        elapsed = time.monotonic() - self.started
        if number > self.first and elapsed > 0:
            speed = (number - self.first) / elapsed
            steps = self.interval * speed
            yield f"{steps:.0f}/s" if steps >= 10 else f"{steps:.2g}/s"
            yield _left((self.total - number) / speed)


def _left(seconds: float) -> str:
    if seconds < 1:
        return ""
    return f"{seconds:.0f} s left" if seconds < 60 else f"{duration(seconds)} left"


def samples_in_words(
    scores: Mapping[str, float],
    *,
    leading: Sequence[str] = (),
    caveat: str = "",
    totals: Mapping[str, int] = NONE,
) -> str:
    """Return the scores that tell most: the first two that lead a report, but the fitness."""
    names = [name for name in leading or leading_of(scores) if name in scores and name != OBJECTIVE]
    known = [replace(measure(name), total=totals.get(name, 0)) for name in names[:MOST]]
    text = ", ".join(one.phrase(scores[one.name]) for one in known)
    weak = caveat and any(name in IN_FEATURES for name in names[:MOST])
    return f"{text} ({caveat})" if weak else text
