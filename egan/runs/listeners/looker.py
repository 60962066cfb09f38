"""Looks at the best member: a picture, and a row of `metrics.csv`."""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING, Any

from egan.reporting.pictures import save_atomically
from population import Callback

if TYPE_CHECKING:
    from pathlib import Path

    from egan.runs.plan import Plan
    from egan.runs.showcase import Showcase
    from population import Search
    from population.callbacks import Generation

logger = logging.getLogger(__name__)


class Looker(Callback):
    """Looks at the random start, every few generations, and at the last one.

    A look that fails is logged and counted; it never costs the run.

    Args:
        showcase: What makes pictures and scores.
        plan: How often looks are taken, and what of a member's state is shown.
        folder: Where pictures go.

    Attributes:
        latest: The scores of the last look.
        failures: How many looks failed.
    """

    def __init__(self, showcase: Showcase, plan: Plan, *, folder: Path) -> None:
        self.showcase = showcase
        self.plan = plan
        self.folder = folder
        self.generations = 0
        self.latest: dict[str, float] = {}
        self.failures = 0

    def on_start(self, search: Search, generations: int) -> None:
        """Look at the real data and, in a new run, at the random start."""
        self.generations = generations
        if not (self.folder / "real.png").exists():
            self.attempt("real data", self._save, "real", self.showcase.real_picture)
        metrics = search.journal("metrics")  # now, so that a resumed run's is cut back
        if search.generation == 0 and not metrics.columns:
            self._look(search)

    def on_generation(self, search: Search, generation: Generation) -> None:
        """Look at the best member, or at the one before where nobody survived."""
        if not self.is_due(generation.number):
            return
        self.showcase.follow(search, self.plan)
        self._look(search)

    def is_due(self, number: int) -> bool:
        """Return whether a generation is looked at."""
        return number % self.plan.look_every == 0 or number == self.generations

    def picture(self, number: int) -> Path:
        """Return where the picture of a look is, if it was taken."""
        return self.folder / f"{number:06d}.png"

    def _look(self, search: Search) -> None:
        started = time.perf_counter()
        number = search.generation
        self.attempt("picture", self._save, f"{number:06d}", self.showcase.picture)
        scores = self.attempt("scores", self.showcase.scores)
        unknown = dict.fromkeys(self.showcase.columns(), math.nan)
        self.latest = scores or unknown
        seconds = round(time.perf_counter() - started, 3)
        search.journal("metrics").append(
            [{"generation": number, **self.latest, "seconds": seconds}]
        )

    def _save(self, name: str, draw: Any) -> None:
        save_atomically(draw(), self.folder / f"{name}.png")

    def attempt(self, what: str, function: Any, *arguments: Any) -> Any:
        """Return what a part of a look gives; None where it fails, which is logged."""
        try:
            return function(*arguments)
        except Exception as error:  # a picture must not cost the run
            self.failures += 1
            logger.error("the look failed (%s): %s", what, error, exc_info=True)
            return None
