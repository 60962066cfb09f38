"""The model of the best look so far, as a file: training may get worse, or be cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from egan.weights_file import BEST_WEIGHTS
from population import Callback

if TYPE_CHECKING:
    from pathlib import Path

    from egan.runs.listeners.alarm import CollapseAlarm
    from egan.runs.listeners.looker import Looker
    from egan.runs.plan import Plan
    from population import Search
    from population.callbacks import Generation


class Keeper(Callback):
    """Writes `best.safetensors`: the model at the look with the highest merit, where all was well.

    A resumed run takes the looks after its checkpoint again, and so writes the same bits again.

    Args:
        looker: Who has the model; it must hear of a generation first.
        alarm: Who knows which look was the best; it must hear of a generation first.
        plan: How the run is carried out.
        folder: The run directory.
    """

    def __init__(self, looker: Looker, alarm: CollapseAlarm, plan: Plan, *, folder: Path) -> None:
        self.looker, self.alarm, self.plan, self.folder = looker, alarm, plan, folder

    def on_generation(self, search: Search, generation: Generation) -> None:  # noqa: ARG002
        """Write the model that was just looked at, if none was better."""
        if self.alarm.best == generation.number:
            self.looker.attempt("best weights", self._write, generation.number)

    def _write(self, number: int) -> None:
        steps = number * self.plan.interval
        self.looker.showcase.save(self.folder / BEST_WEIGHTS, steps=steps)
