"""Curves in TensorBoard."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from population.callbacks.tracker import Tracker
from population.extras import load_extra

if TYPE_CHECKING:
    from population.search import Search


class TensorBoard(Tracker):
    """Writes an event file: scores, hyperparameters and the environment's records by generation.

    Args:
        directory: Where to; by default ``tensorboard`` in the search's own directory.
        members: How many members have curves of their own.

    Raises:
        MissingExtraError: TensorBoard is not installed.
        ValueError: Neither the listener nor the search has a directory.
    """

    def __init__(self, directory: str | Path | None = None, *, members: int = 16) -> None:
        super().__init__(members=members)
        self.directory = directory
        self._writers = load_extra("torch.utils.tensorboard", extra="tensorboard")

    def open(self, search: "Search") -> None:
        """Begin an event file; what it holds beyond a resumed run's generation is hidden."""
        if self.directory is None and search.directory is None:
            raise ValueError(
                "TensorBoard() does not know where to write: give TensorBoard(directory), or give "
                "the search a directory."
            )
        folder = self.directory or (search.directory or Path()) / "tensorboard"
        self._writer = self._writers.SummaryWriter(
            str(folder), purge_step=search.generation + 1 if search.generation else None
        )

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Write a point on each curve."""
        for name, value in values.items():
            self._writer.add_scalar(name.replace(" ", "_"), value, step)

    def show(self, name: str, picture: Any, step: int) -> None:
        """Show a picture under its name, a slide for each step."""
        pixels = np.asarray(picture.convert("RGB"))
        self._writer.add_image(name.replace(" ", "_"), pixels, step, dataformats="HWC")

    def close(self) -> None:
        """Close the event file."""
        if hasattr(self, "_writer"):
            self._writer.close()
