"""What axes show: curves with bands, the scale and the ticks of a measure, and its baselines."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import cycle
from typing import TYPE_CHECKING, Any

from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, PercentFormatter

from egan.reporting.plots.style import MUTED, plain, whole_numbers

if TYPE_CHECKING:
    import pandas as pd

    from egan.judging.measures import Measure

FEW = 40
"""Points up to which every one gets a marker."""

DASHES = ((0, (6, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (3, 3)))
MOST_TICKS = {False: 8, True: 5}
"""Ticks of an axis of steps, in a figure of its own and in one of several panels."""

NARROW, WIDE = 5.0, 1e3
"""Ratios of the ends of an axis by decades: below, it has plain ticks; above, one a decade."""


def draw_curve(
    axes: Any, line: pd.DataFrame, colour: str, name: str, *, band: float = 0.16
) -> None:
    """Draw `middle` over `x` with a band from `low` to `high`, markers where points are few."""
    style = {"marker": "o", "markersize": 4} if len(line) <= FEW else {}
    axes.fill_between(line["x"], line["low"], line["high"], color=colour, alpha=band, linewidth=0)
    axes.plot(line["x"], line["middle"], color=colour, linewidth=1.6, label=name, **style)


def draw_baselines(axes: Any, worth: Mapping[str, float], one: Measure) -> None:
    """Draw what a measure is worth as dashed lines, named with their values in the legend.

    Where the scale is linear, one that lies so far out that it would flatten the curves is left
    out.
    """
    values = _values(axes)
    low, high = (min(values), max(values)) if values else (0.0, 0.0)
    room = 1.5 * (high - low) if one.scale == "linear" else float("inf")
    for (name, value), dashes in zip(worth.items(), cycle(DASHES), strict=False):
        if low - room <= value <= high + room and (value > 0 or one.scale != "log"):
            label = f"{plain(name)} {one.text(value)}"
            axes.axhline(value, color=MUTED, linewidth=1.1, linestyle=dashes, label=label, zorder=1)


def place_steps(axes: Any, *, narrow: bool = False, whole: bool = True) -> None:
    """Give the x axis few round numbers of steps, thousands as "20k" where they are many."""
    bins = MOST_TICKS[narrow]
    ticks = MaxNLocator(nbins=bins, steps=[1, 2, 2.5, 5, 10], integer=whole, min_n_ticks=1)
    axes.xaxis.set_major_locator(ticks)
    axes.xaxis.set_major_formatter(lambda value, _: short(value))


def short(value: float) -> str:
    """Return a number of steps for an axis: "500", "2,500", "20k"."""
    if abs(value) >= 10_000 and value % 100 == 0:
        return f"{value / 1000:g}k"
    return f"{value:,.0f}" if value == round(value) else f"{value:g}"


def scale_axis(axes: Any, one: Measure) -> None:
    """Give the y axis the scale of a measure, with ticks that can be read."""
    if one.scale == "log":
        _by_decades(axes)
    elif one.scale == "count":
        axes.margins(y=0.1)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_locator(whole_numbers())
    elif one.scale == "share":
        axes.set_ylim(min([-0.03, *_values(axes)]), 1.03)
    if one.scale == "share" or one.form.endswith("%"):
        axes.yaxis.set_major_formatter(PercentFormatter(xmax=1))


def _values(axes: Any) -> list[float]:
    """Return the finite values of all lines."""
    return [value for line in axes.lines for value in line.get_ydata() if math.isfinite(value)]


def _by_decades(axes: Any) -> None:
    """Show positive values on a logarithmic scale with plain numbers; leave an axis of none."""
    values = [value for value in _values(axes) if value > 0]
    if not values:
        return
    low, high = min(values), max(values)
    axes.set_yscale("log")
    if low == high:
        axes.set_ylim(low / 2, high * 2)
    subs = (1.0,) if high > WIDE * low else (1.0, 2.0, 5.0)
    ticks = MaxNLocator(nbins=6) if high < NARROW * low else LogLocator(subs=subs, numticks=12)
    axes.yaxis.set_major_locator(ticks)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda value, _: short(value))
