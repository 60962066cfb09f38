"""Where the time of generations goes, phase by phase; nothing else depends on it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from population.strategy import PHASES
from population.worker import Report

__all__ = ["OUTSIDE", "PARTS", "PHASES", "Lesson", "Profile", "columns"]

PARTS = ("start", "ask", "make", "keep", "update", "callbacks", "checkpoint")
"""What a search does, in wall time."""

OUTSIDE = ("start", "callbacks", "checkpoint")
"""Parts that are no generation's."""


class Lesson(NamedTuple):
    """What an environment's update gave to record, and its own seconds."""

    record: Mapping[str, float] = {}
    seconds: float = 0.0


@dataclass(slots=True)
class Profile:
    """Seconds so far.

    Attributes:
        seconds: Wall seconds by part.
        phases: Seconds by phase, of all generations.
        generations: How many.
    """

    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))
    phases: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PHASES, 0.0))
    generations: int = 0
    _before: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))
    _mark: float = field(default_factory=time.perf_counter)

    def timed(self, part: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function; count its wall time as a part's."""
        started = time.perf_counter()
        try:
            return function(*arguments)
        finally:
            self.seconds[part] += time.perf_counter() - started

    def begin(self) -> None:
        """Begin with the first generation."""
        self._mark, self._before = time.perf_counter(), dict(self.seconds)

    def end(
        self,
        reports: Sequence[Report],
        *,
        busiest: Sequence[Report],
        lesson: Lesson,
        selection: float,
    ) -> dict[str, float]:
        """Return a generation's seconds by phase, counted from the end of the one before.

        Args:
            reports: Of its children.
            busiest: Of those that the worker with most to do has made.
            lesson: The environment's.
            selection: How long it took to choose the survivors.
        """
        spent = {part: now - self._before[part] for part, now in self.seconds.items()}
        wall = time.perf_counter() - self._mark - sum(spent[part] for part in OUTSIDE)
        found = {
            "variation": _sum(reports, "variation"),
            "scoring": _sum(reports, "scoring"),
            "selection": selection,
            "transfer": _sum(busiest, "transfer")
            + spent["keep"]
            + max(0.0, spent["update"] - lesson.seconds),
            "environment": lesson.seconds,
        }
        at_work = sum(report.seconds for report in busiest)
        accounted = at_work + selection + spent["keep"] + spent["update"]
        found["bookkeeping"] = max(0.0, wall - accounted)
        self.generations += 1
        for phase, seconds in found.items():
            self.phases[phase] += seconds
        self.begin()
        return found


def _sum(reports: Sequence[Report], phase: str) -> float:
    return sum(report.parts.get(phase, 0.0) for report in reports)


def columns(reports: Sequence[Report], phases: Mapping[str, float]) -> list[dict[str, float]]:
    """Return for each child its seconds by phase, so that a generation's add up to its own.

    Variation and scoring are the child's; of the others it has an equal share.
    """
    shares = {phase: seconds / len(reports) for phase, seconds in phases.items()}
    return [
        {f"{phase}_seconds": round(report.parts.get(phase, 0.0), 6) for phase in PHASES[:2]}
        | {f"{phase}_seconds": round(shares[phase], 6) for phase in PHASES[2:]}
        for report in reports
    ]
