"""The figure of a comparison: every seed and the median at both budgets, and intervals.

The intervals are those of the median difference to the best single generator, seed by seed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import PercentFormatter

from egan.comparison.methods import colour_of, label_of
from egan.comparison.paired import pair
from egan.comparison.protocol import BUDGETS, CPU, TITLES
from egan.comparison.verdicts import Beside
from egan.judging.measures import Measure, deciding_of, measure
from egan.reporting.plots.style import (
    INK,
    MUTATIONS,
    MUTED,
    dress,
    new_figure,
    whole_numbers,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SPREAD = 0.26
"""Half the height of a strip, in rows."""


def comparison_figure(results: pd.DataFrame, *, title: str, beside: Beside | None = None) -> Figure:
    """Return a row of panels for every score that decides, methods from top to bottom.

    Dots are seeds; the bar is their median. A run without a finite score is a cross at the edge.
    The last panel of a row has the median difference to the best single generator with its 95%
    interval, where there is one.
    """
    beside = beside or Beside()
    names = tuple(dict.fromkeys([*deciding_of(results), *beside.measures]))
    methods = list(dict.fromkeys(results["method"]))
    height = 1.1 + len(names) * (0.9 + 0.42 * len(methods))
    figure = new_figure(width=15.0 if beside.singles else 10.5, height=height)
    figure.suptitle(title, x=0.01, ha="left", color=INK, fontsize=12.5, fontweight="bold")
    columns = len(BUDGETS) + bool(beside.singles)
    panels = figure.subplots(len(names), columns, squeeze=False, sharey=True)
    for axes_row, name in zip(panels, names, strict=True):
        _row(axes_row, results, name, methods)
        if beside.singles:
            _differences(axes_row[-1], results[results["budget"] == CPU], name, beside)
    return figure


def _row(panels: Any, results: pd.DataFrame, name: str, methods: list[str]) -> None:
    """Draw a score at both budgets, on the same axis."""
    panels[1].sharex(panels[0])  # before anything is drawn, so that its range has both
    for axes, budget in zip(panels, BUDGETS, strict=False):
        rows = results[results["budget"] == budget]
        _panel(axes, rows, name, methods)
        _caption(axes, rows, name, budget)
    _widen(panels[0], measure(name).least_span)


def _panel(axes: Any, rows: pd.DataFrame, name: str, methods: list[str]) -> None:
    """Draw one strip for each method."""
    for place, method in enumerate(methods):
        values = rows.loc[rows["method"] == method, name].to_numpy(dtype=float)
        finite = values[np.isfinite(values)]
        colour = _colour(method)
        heights = place + np.linspace(-SPREAD, SPREAD, len(finite)) * (len(finite) > 1)
        axes.plot(finite, heights, "o", color=colour, markersize=5.5, alpha=0.75, clip_on=False)
        axes.plot(
            [0.0] * (len(values) - len(finite)),
            [place] * (len(values) - len(finite)),
            "x",
            color=colour,
            transform=axes.get_yaxis_transform(),
        )
        middle = float(np.median(np.nan_to_num(values, nan=measure(name).worst)))
        axes.plot([middle] * 2, [place - 0.4, place + 0.4], color=colour, linewidth=2.5)
    axes.set_yticks(range(len(methods)), [label_of(m) for m in methods])
    axes.set_ylim(len(methods) - 0.4, -0.6)


def _differences(axes: Any, rows: pd.DataFrame, name: str, beside: Beside) -> None:
    """Draw each method's median difference to the best single generator, and its interval."""
    best = beside.best(rows, name)
    for place, method in enumerate(dict.fromkeys(rows["method"])):
        found = pair(rows, method, best, name) if best and method != best else None
        ends = (found.median, *found.interval) if found else (np.nan,)
        if np.isfinite(ends).all() and found:
            axes.plot(found.interval, [place] * 2, color=_colour(method), linewidth=2)
            axes.plot(found.median, place, "o", color=_colour(method), markersize=6)
    axes.axvline(0, color=INK, linewidth=1)
    one = measure(name)
    x = f"median difference in {one.label}, 95% interval ({one.better} is better)"
    dress(axes, title=f"Beside {label_of(best)}" if best else "", x=x)
    axes.grid(visible=False, axis="y")
    _widen(axes, one.least_span)
    _scaled(axes, one)


def _colour(method: str) -> str:
    return colour_of(method) or MUTATIONS.get(method.split("+", maxsplit=1)[0], MUTED)


def _widen(axes: Any, least: float) -> None:
    """Keep an axis from blowing up differences that mean nothing."""
    low, high = axes.get_xlim()
    if (lack := least - (high - low)) > 0:
        axes.set_xlim(low - lack / 2, high + lack / 2)


def _caption(axes: Any, rows: pd.DataFrame, name: str, budget: str) -> None:
    score = measure(name)
    column = "generations" if budget == "steps" else "cpu_seconds"
    amount = float(rows[column].median())
    note = f"{amount:,.0f} generations" if budget == "steps" else f"{amount:.3g} CPU-seconds"
    x = f"{score.label} ({score.better} is better)" if score.better else score.label
    dress(axes, title=f"At {TITLES[budget]}", note=note, x=x)
    axes.grid(visible=False, axis="y")
    _scaled(axes, score)


def _scaled(axes: Any, score: Measure) -> None:
    if score.form.endswith("%"):
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    if score.scale == "count":
        axes.xaxis.set_major_locator(whole_numbers())
