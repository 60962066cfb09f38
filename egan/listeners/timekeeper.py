"""Where the time goes: `timing.json`, summed over a run and its resumes."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from egan.files import write_json
from egan.rundir import TIMING, read_timing
from population import Callback

if TYPE_CHECKING:
    from pathlib import Path

    from population import Search

NAMES = {"start": "starting workers", "make": "making children", "callbacks": "looks"}
"""Names for a reader, where the engine's are not."""


class Timekeeper(Callback):
    """Writes wall time and its parts at every checkpoint and at the end."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.preparing = 0.0
        self.earlier: dict[str, Any] = {"wall_seconds": 0.0, "parts": {}}
        self.path: Path | None = None

    def on_checkpoint(self, search: Search) -> None:
        """Write the time so far."""
        self._write(search)

    def on_end(self, search: Search) -> None:
        """Write the time of the whole search."""
        self._write(search)

    def prepared(self, directory: Path) -> None:
        """Note that the search begins, and in which directory, with its earlier sessions' times."""
        self.preparing = time.perf_counter() - self.started
        self.path, self.earlier = directory / TIMING, read_timing(directory)

    def _write(self, search: Search) -> None:
        now = {"preparing": self.preparing}
        now |= {NAMES.get(name, name): value for name, value in search.seconds.items()}
        before = self.earlier["parts"]
        parts = {name: round(before.get(name, 0.0) + value, 3) for name, value in now.items()}
        wall = self.earlier["wall_seconds"] + time.perf_counter() - self.started
        if self.path is not None:
            with contextlib.suppress(OSError):  # a full disk is told of by the checkpoint
                write_json(self.path, {"wall_seconds": round(wall, 3), "parts": parts})
