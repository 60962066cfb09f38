"""Writes the report while the run goes on, so that there is something to look at."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from egan.reporting.about import write_about
from population import Callback

if TYPE_CHECKING:
    from pathlib import Path

    from egan.reporting.about import About
    from egan.runs.listeners.looker import Looker
    from population import Search
    from population.callbacks import Generation

logger = logging.getLogger("egan")

EARLIEST = 10.0
"""Seconds before the first report: a run that is shorter writes its only one at the end."""
SHARE = 0.05
"""The share of the run's time that reports may take."""


class Reporter(Callback):
    """Says what the run is, and writes its report at looks, as often as costs little time.

    A report that fails is logged; it never costs the run.

    Args:
        directory: The run directory.
        looker: Who knows when there are looks; it must hear of a generation first.
        about: What the run is.
    """

    def __init__(self, directory: Path, looker: Looker, about: About) -> None:
        self.directory = directory
        self.looker = looker
        self.about = about

    def on_start(self, search: Search, generations: int) -> None:  # noqa: ARG002 - the interface
        """Write down that the run goes on."""
        write_about(self.directory, self.about)
        self._next = time.monotonic() + EARLIEST

    def on_generation(self, search: Search, generation: Generation) -> None:  # noqa: ARG002
        """Write the report after a look, if it is time to."""
        now = time.monotonic()
        is_last = generation.number == self.looker.generations  # the outcome has one of its own
        if now < self._next or is_last or not self.looker.is_due(generation.number):
            return
        try:
            from egan.reporting.report import write_report

            write_report(self.directory)
        except Exception as error:  # a page must not cost the run
            logger.error("the report could not be written: %s", error, exc_info=True)
        end = time.monotonic()
        self._next = end + max(EARLIEST, (end - now) / SHARE)
