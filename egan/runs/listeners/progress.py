"""Progress on the terminal: a bar where somebody watches, a line per look elsewhere."""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn

from egan.reporting.headline import duration
from population import Callback

if TYPE_CHECKING:
    from rich.console import Console

    from egan.runs.listeners.looker import Looker
    from population import Search
    from population.callbacks import Generation

RECENT = 100
"""Generations over which wins are counted."""


class ProgressBar(Callback):
    """Shows generation, fitness, which mutation wins, sample distance, speed and time left.

    Args:
        console: Where to.
        looker: Who knows the sample distance; it must hear of a generation first.
        unit: What the run is counted in.
    """

    def __init__(self, console: Console, looker: Looker, *, unit: str = "generation") -> None:
        self.console = console
        self.unit = unit
        self.looker = looker
        self.wins: deque[str] = deque(maxlen=RECENT)
        self.bar: Progress | None = None

    def on_start(self, search: Search, generations: int) -> None:
        """Begin where the run stands."""
        self.first, self.total = search.generation, generations
        self.started = time.monotonic()
        if self.console.is_terminal:
            columns = (BarColumn(24), TextColumn("{task.description}", markup=False))
            self.bar = Progress(*columns, console=self.console, transient=True)
            self.task = self.bar.add_task("", total=generations, completed=self.first)
            self.bar.start()
        elif self.first == 0:
            self.console.print(self._line(0, math.nan), markup=False)

    def on_generation(self, search: Search, generation: Generation) -> None:  # noqa: ARG002
        """Show where the run stands now."""
        operators = (generation.children[i].offspring.operator for i in generation.survivors)
        self.wins.extend(operator for operator in operators if operator)
        if self.bar is None and not self.looker.is_due(generation.number):
            return
        best = generation.population[0].scores if generation.population else {}
        line = self._line(generation.number, best.get("fitness", math.nan))
        if self.bar is None:
            self.console.print(line, markup=False)
        else:
            self.bar.update(self.task, completed=generation.number, description=line)

    def on_end(self, search: Search) -> None:  # noqa: ARG002 - the interface
        """Take the bar away."""
        if self.bar is not None:
            self.bar.stop()

    def _line(self, number: int, fitness: float) -> str:
        parts = [f"{self.unit} {number}/{self.total}"]
        if math.isfinite(fitness):
            parts.append(f"fitness {fitness:.3f}")
        if self.wins:
            name, count = Counter(self.wins).most_common(1)[0]
            parts.append(f"{name} wins {count / len(self.wins):.0%}")
        parts.append(samples_in_words(self.looker.latest))
        elapsed = time.monotonic() - self.started
        if number > self.first and elapsed > 0:
            speed = (number - self.first) / elapsed
            parts += [f"{speed:.0f}/s" if speed >= 10 else f"{speed:.2g}/s"]
            parts += [_left((self.total - number) / speed)]
        return " · ".join(part for part in parts if part)


def _left(seconds: float) -> str:
    if seconds < 1:
        return ""
    return f"{seconds:.0f} s left" if seconds < 60 else f"{duration(seconds)} left"


def samples_in_words(scores: dict[str, float]) -> str:
    """Return the scores that tell most: modes and quality of a mixture, else the distance."""
    if "modes" in scores:
        return f"{scores['modes']:.0f} modes, {scores['high_quality']:.0%} high quality"
    if "frechet" in scores:
        classes = f", {scores['classes']:.0f} classes" if "classes" in scores else ""
        return f"Fréchet distance {scores['frechet']:.4g}{classes}"
    return ""
