"""One look for all figures: colours that stay with a mutation, light grids, readable labels."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import cycle
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from egan.files import atomic
from population.plots.style import Drawing

DPI = 120
INK, MUTED, RULE = "#1F2328", "#59636E", "#D9DEE3"
KEEP = "#C3CAD1"

MUTATIONS = {
    "minimax": "#0072B2",
    "heuristic": "#E69F00",
    "least_squares": "#009E73",
    "hinge": "#CC79A7",
    "wasserstein": "#882255",
    "ganetic": "#805030",
    "relativistic_logistic": "#56B4E9",
    "relativistic_hinge": "#D55E00",
    "relativistic_least_squares": "#332288",
}
"""Okabe and Ito's colours, two of Paul Tol's, and two as far from these as any."""

FIXED = {**MUTATIONS, "crossover": "#9922EE", "keep": KEEP}
SERIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#882255", "#56B4E9", "#D55E00", "#332288")


def colours(operators: Iterable[str]) -> dict[str, str]:
    """Return a colour for each operator: its own, or for unknown ones a colour nobody here has.

    Give all operators of a run, so that one has the same colour in all of the run's figures.
    """
    names = sorted(set(operators), key=lambda name: (name == "keep", _rank(name), name))
    taken = {FIXED[name] for name in names if name in FIXED}
    free = cycle([colour for colour in SERIES if colour not in taken] or SERIES)
    return {name: FIXED[name] if name in FIXED else next(free) for name in names}


def _rank(name: str) -> int:
    """Return the place of a mutation in the table, behind it for unknown ones."""
    return list(FIXED).index(name) if name in FIXED else len(FIXED)


def label(operator: str) -> str:
    """Return an operator's name for a reader."""
    return operator.replace("_", " ").strip() or "children"


def plain(text: str) -> str:
    """Return text that matplotlib shows as it is: no formulas, and no name hidden in a legend."""
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def new_figure(*, width: float = 9.0, height: float = 4.4) -> Figure:
    """Return an empty figure, sizes in inches, that arranges its own parts."""
    return Drawing(figsize=(width, height), dpi=DPI, layout="constrained", facecolor="white")


def dress(axes: Any, *, title: str = "", note: str = "", x: str = "", y: str = "") -> None:
    """Give axes their title, a quiet note at its right, labels, a light grid and no box."""
    axes.set_axisbelow(True)
    axes.grid(color=RULE, linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#9AA4AE")
    axes.tick_params(colors=MUTED, labelsize=9)
    axes.set_xlabel(x, color=MUTED, fontsize=10)
    axes.set_ylabel(y, color=MUTED, fontsize=10)
    if title:
        axes.set_title(title, loc="left", color=INK, fontsize=11.5, fontweight="bold", pad=9)
    if note:
        axes.set_title(note, loc="right", color=MUTED, fontsize=8.5, pad=9)


def legend(axes: Any, *, outside: bool = False, **options: Any) -> None:
    """Add a legend, inside where there is room or at the right of the axes."""
    place = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0)} if outside else {"loc": "best"}
    shown = axes.legend(fontsize=9, frameon=not outside, labelcolor=INK, **{**place, **options})
    shown.get_frame().set(edgecolor=RULE, alpha=0.9)


def whole_numbers() -> MaxNLocator:
    """Return ticks for generations, modes and classes: at most eight whole numbers."""
    return MaxNLocator(nbins=8, integer=True, min_n_ticks=1)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure in the format of the path's suffix, so that no reader sees half of it."""
    with atomic(path) as temporary:
        figure.savefig(temporary, dpi=DPI)
