"""Experiment trackers: curves of every generation, and what the looks saw, with their pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from population import Callback
from population.callbacks import MissingExtraError, TensorBoard, Tracker, WandB

if TYPE_CHECKING:
    from egan.config import RunConfig
    from egan.runs.listeners.looker import Looker
    from population import Search
    from population.callbacks import Generation

__all__ = ["MissingExtraError", "Tracking", "trackers_of"]


def trackers_of(config: RunConfig) -> list[Tracker]:
    """Return the trackers that a run is to have, before it begins.

    Raises:
        MissingExtraError: The package of one is not installed.
    """
    found: list[Tracker] = [TensorBoard()] if config.tensorboard else []
    return found + ([WandB(project=config.wandb)] if config.wandb else [])


class Tracking(Callback):
    """Hands each look to trackers: its measures as "look/NAME", and the picture as "samples".

    Args:
        trackers: Where to; they must hear of the start first.
        looker: Who knows what a look saw; it must hear of a generation first.
    """

    def __init__(self, trackers: Sequence[Tracker], looker: Looker) -> None:
        self.trackers = trackers
        self.looker = looker

    def on_start(self, search: Search, generations: int) -> None:  # noqa: ARG002 - the interface
        """Hand over the look at the random start."""
        if search.generation == 0:
            self._hand_over(0)

    def on_generation(self, search: Search, generation: Generation) -> None:  # noqa: ARG002
        """Hand over a look that was just taken."""
        if self.looker.is_due(generation.number):
            self._hand_over(generation.number)

    def _hand_over(self, number: int) -> None:
        latest = self.looker.latest
        values = {f"look/{name}": value for name, value in latest.items() if math.isfinite(value)}
        for tracker in self.trackers:
            tracker.attempt(lambda one=tracker: one.log(values, number))  # type: ignore[misc]
            tracker.attempt(lambda one=tracker: self._show(one, number))  # type: ignore[misc]

    def _show(self, tracker: Tracker, number: int) -> None:
        from PIL import Image

        path = self.looker.picture(number)
        if path.is_file():
            with Image.open(path) as picture:
                tracker.show("samples", picture, number)
