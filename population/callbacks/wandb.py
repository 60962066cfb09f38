"""Curves in Weights & Biases."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from population.callbacks.tracker import Tracker
from population.extras import load_extra

if TYPE_CHECKING:
    from population.search import Search


class WandB(Tracker):
    """Logs scores, hyperparameters and the environment's records by generation.

    Args:
        run: A run of yours that is already under way; it is not finished at the end.
        members: How many members have curves of their own.
        options: What ``wandb.init`` takes: project, entity, group, mode.

    Raises:
        MissingExtraError: wandb is not installed.
    """

    def __init__(self, run: Any = None, *, members: int = 16, **options: Any) -> None:
        super().__init__(members=members)
        self._wandb = load_extra("wandb", extra="wandb")
        self._options = options
        self._owned = run is None
        self._run = run

    def open(self, search: "Search") -> None:
        """Begin a run with the search's name and settings."""
        if self._owned:
            settings = {"name": search.name, "config": search.identity, **self._options}
            self._run = self._wandb.init(**settings)

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Log a point on each curve, with the generation as the step."""
        self._run.log(dict(values), step=step)

    def show(self, name: str, picture: Any, step: int) -> None:
        """Log a picture, with the generation as the step."""
        self._run.log({name: self._wandb.Image(picture)}, step=step)

    def close(self) -> None:
        """Finish the run, unless it was handed in."""
        if self._owned and self._run is not None:
            self._run.finish()
            self._run = None
