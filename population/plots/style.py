"""One look for both figures: a few strong colours over quiet ones, light grids, no boxes."""

import io
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

DPI = 120
INK, MUTED, RULE, ENDED = "#1F2328", "#59636E", "#E4E8EC", "#B9C1C9"
BEST = "#0072B2"
FOUNDERS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#882255", "#999933")
"""Okabe and Ito's colours, and two of Paul Tol's, which colour-blind readers tell apart."""


class Drawing(Figure):
    """A figure that shows itself in a notebook, although it is none of pyplot's."""

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png")
        return stream.getvalue()


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, sizes in inches, that arranges its own parts."""
    return Drawing(figsize=(width, height), dpi=DPI, layout="constrained", facecolor="white")


def dress(axes: Any, *, title: str = "", x: str = "", y: str = "") -> None:
    """Give axes their title and labels, a light grid, and no box."""
    axes.set_axisbelow(True)
    axes.grid(color=RULE, linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#9AA4AE")
    axes.tick_params(colors=MUTED, labelsize=9)
    axes.tick_params(which="minor", length=2, labelsize=0)
    axes.set_xlabel(x, color=MUTED, fontsize=10)
    axes.set_ylabel(y, color=MUTED, fontsize=10)
    if title:
        axes.set_title(plain(title), loc="left", color=INK, fontsize=11, fontweight="bold", pad=7)


def plain(text: str) -> str:
    """Return text that matplotlib shows as it is, without formulas."""
    return text.replace("$", r"\$")


def name_lines(figure: Figure, axes: Any) -> None:
    """Name the kinds of lines under the figure."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside lower left",
        ncols=4,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
    )


def whole_numbers() -> MaxNLocator:
    """Return ticks for generations and slots: at most ten whole numbers."""
    return MaxNLocator(nbins=10, integer=True, min_n_ticks=1)


def by_decades(axes: Any, values: npt.NDArray[np.float64]) -> None:
    """Give a y axis a logarithmic scale on which two to six numbers can be read."""
    finite = values[np.isfinite(values) & (values > 0)]
    places = ticks_of_decades(float(finite.min()), float(finite.max()))
    axes.set_yscale("log")
    axes.set_yticks(places, [f"{place:g}" for place in places])
    axes.set_yticks([], minor=True)


def ticks_of_decades(low: float, high: float) -> list[float]:
    """Return two to six round numbers over a range: 1, 2, 5; else decades; else its ends."""
    exponents = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    fine = [float(f"{digit}e{e}") for e in exponents for digit in (1, 2, 5)]
    whole = [float(f"1e{e}") for e in exponents]
    step = -(-len(whole) // 6)
    for choice in (fine, whole, whole[::step]):
        inside = [place for place in choice if 0.999 * low <= place <= 1.001 * high]
        if 2 <= len(inside) <= 6:
            return inside
    return sorted({float(f"{end:.3g}") for end in (low, (low * high) ** 0.5, high)})
