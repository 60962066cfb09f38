"""Whether somebody watches a console, so that a live display is worth drawing there."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def is_watched(console: "Console") -> bool:
    """Return whether a console is a terminal, or a notebook that has the widgets to draw anew."""
    return console.is_terminal or (console.is_jupyter and find_spec("ipywidgets") is not None)
