"""Writes to `log.txt` how far a run is, at every look, whatever the terminal is shown."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from egan.judging.measures import OBJECTIVE, measure
from egan.runs.console import JOURNAL
from egan.runs.listeners.progress import samples_in_words
from population import Callback

if TYPE_CHECKING:
    from egan.reporting.about import About
    from egan.runs.listeners.alarm import CollapseAlarm
    from egan.runs.listeners.looker import Looker
    from population import Search
    from population.callbacks import Generation

logger = logging.getLogger(JOURNAL)


class Logbook(Callback):
    """A line a look.

    Args:
        looker: Who knows what the last look saw; it must hear of a generation first.
        about: What the run is.
        alarm: Who knows whether training has collapsed; it must hear of a generation first.
    """

    def __init__(self, looker: Looker, about: About, *, alarm: CollapseAlarm | None = None) -> None:
        self.alarm = alarm
        self.looker = looker
        self.about = about

    def on_generation(self, search: Search, generation: Generation) -> None:  # noqa: ARG002
        """Write where the run stands."""
        if not self.looker.is_due(generation.number):
            return
        parts = [
            f"{self.about.where(generation.number)} of {self.looker.generations}",
            self._fitness(generation),
            samples_in_words(
                self.looker.latest,
                leading=self.about.leading,
                caveat=self.about.caveat,
                totals=self.about.totals,
            ),
            "" if self.alarm is None else self.alarm.text,
        ]
        logger.info("%s", " · ".join(part for part in parts if part))

    def _fitness(self, generation: Generation) -> str:
        best = generation.population[0].scores if generation.population else {}
        fitness = best.get(OBJECTIVE, math.nan)
        if not math.isfinite(fitness):
            return "no finite score"
        return measure(OBJECTIVE).phrase(fitness) if self.about.competes else ""
