"""Where the time goes: `timing.json`, summed over a run and its resumes.

``parts`` is the wall time of the whole run; ``phases`` that of its generations, among which the
members' own time in all processes.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from egan.files import write_json
from egan.runs.folder import TIMING, read_timing
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
        self.earlier: dict[str, Any] = {}
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
        if self.path is None:
            return
        now = {"preparing": self.preparing}
        now |= {NAMES.get(name, name): value for name, value in search.seconds.items()}
        wall = self.earlier["wall_seconds"] + time.perf_counter() - self.started
        timing = {
            "wall_seconds": round(wall, 3),
            "parts": _sum(self.earlier["parts"], now),
            "generations": self.earlier.get("generations", 0) + search.profile.generations,
            "phases": _sum(self.earlier.get("phases", {}), search.profile.phases),
        }
        with contextlib.suppress(OSError):  # a full disk is told of by the checkpoint
            write_json(self.path, timing)


def _sum(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    return {name: round(before.get(name, 0.0) + value, 3) for name, value in now.items()}
