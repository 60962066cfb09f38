"""Looks at the best survivor's samples: a picture, and a row of `metrics.csv`."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from egan.evolution.generator import averaged_weights
from egan.reporting.pictures import save_atomically
from population import Callback
from population.strategies.selection import ranking

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from egan.judging.features import Features
    from egan.runs.gallery import Gallery
    from egan.runs.showcase import Showcase
    from population import Search
    from population.callbacks import Generation
    from population.state import State

logger = logging.getLogger(__name__)


class Looker(Callback):
    """Looks at the random start, every `interval` generations, and at the last one.

    The averaged weights of the best survivor make the samples. A look that fails is logged and
    counted; it never costs the run.

    Args:
        gallery: What makes the samples.
        features: What they are judged by.
        folder: Where pictures go.
        interval: Generations between looks.
        weights: From a member's state to the weights that make the samples.
        by_slot: Whether the population stands in the order of its slots, not best first.

    Attributes:
        latest: The scores of the last look.
        failures: How many looks failed.
    """

    def __init__(
        self,
        gallery: Gallery | Showcase,
        *,
        features: Features,
        folder: Path,
        interval: int,
        weights: Callable[[State], Mapping[str, torch.Tensor]] = averaged_weights,
        by_slot: bool = False,
    ) -> None:
        self.gallery = gallery
        self.features = features
        self.folder = folder
        self.interval = interval
        self.weights = weights
        self.by_slot = by_slot
        self.generations = 0
        self.latest: dict[str, float] = {}
        self.failures = 0

    def on_start(self, search: Search, generations: int) -> None:
        """Look at the real data and, in a new run, at the random start."""
        self.generations = generations
        if not (self.folder / "real.png").exists():
            self._attempt("real data", self._save, "real", self.gallery.real_picture)
        if search.generation == 0 and not search.journal("metrics").columns:
            self._look(search)

    def on_generation(self, search: Search, generation: Generation) -> None:
        """Look at the best survivor, or at the one before where nobody survived."""
        if not self.is_due(generation.number):
            return
        place = self._best(search, generation)
        if place is not None:
            one = generation.population[place]
            self.gallery.load(self.weights(search.state(place)), one.hyperparameters)
        self._look(search)

    def _best(self, search: Search, generation: Generation) -> int | None:
        """Return the place of the member to look at; survivors of an evolution are best first."""
        scores = [search.strategy.score(one.scores) for one in generation.population]
        alive = [i for i, one in enumerate(generation.population) if one.state is not None]
        if not alive or not self.by_slot:
            return alive[0] if alive else None
        return next(i for i in ranking(scores) if i in alive)

    def is_due(self, number: int) -> bool:
        """Return whether a generation is looked at."""
        return number % self.interval == 0 or number == self.generations

    def _look(self, search: Search) -> None:
        started = time.perf_counter()
        number = search.generation
        self._attempt("picture", self._save, f"{number:06d}", self.gallery.picture)
        scores = self._attempt("scores", self.gallery.scores, self.features)
        unknown = dict.fromkeys(self.gallery.columns(self.features), math.nan)
        self.latest = scores or unknown
        seconds = round(time.perf_counter() - started, 3)
        search.journal("metrics").append(
            [{"generation": number, **self.latest, "seconds": seconds}]
        )

    def _save(self, name: str, draw: Any) -> None:
        save_atomically(draw(), self.folder / f"{name}.png")

    def _attempt(self, what: str, function: Any, *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except Exception as error:  # a picture must not cost the run
            self.failures += 1
            logger.error("the look failed (%s): %s", what, error, exc_info=True)
            return None
