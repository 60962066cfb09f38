"""The figures of runs as PNG, drawn when they are looked at and anew when their tables change."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from egan.reporting.about import ABOUT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from egan.reporting.view import RunView

DPI = 90
MOST = 200
"""How many pictures are kept."""

TABLES = ("results.csv", "metrics.csv", ABOUT)


class Drawings:
    """Draws one figure at a time, and keeps the latest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Any, bytes] = OrderedDict()

    def png(self, name: str, views: Sequence[RunView], draw: Callable[[], Figure]) -> bytes:
        """Return a figure of runs as they are now.

        Args:
            name: The figure's name.
            views: The runs that it is drawn from.
            draw: What draws it.
        """
        key = name, *((str(view.path), fingerprint(view.path)) for view in views)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = _bytes(draw())
            self._kept.move_to_end(key)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
            return self._kept[key]


def fingerprint(path: Path, names: Sequence[str] = TABLES) -> str:
    """Return a text that changes when files of a folder do."""
    found = ((path / name).stat() for name in names if (path / name).exists())
    return "-".join(f"{stat.st_size:x}.{stat.st_mtime_ns:x}" for stat in found)


def _bytes(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=DPI)
    return stream.getvalue()
