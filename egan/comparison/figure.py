"""The figure of a comparison: a dot for every seed, a bar for the median, at both budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import PercentFormatter

from egan.comparison.study import BANDIT, BUDGETS, CONTEST, EGAN, NICHES, RANDOM
from egan.comparison.table import TITLES
from egan.judging.measures import deciding_of, measure
from egan.reporting.plots.style import (
    INK,
    MUTATIONS,
    MUTED,
    dress,
    label,
    new_figure,
    whole_numbers,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

COLOURS = {**MUTATIONS, EGAN: "#B3261E", RANDOM: MUTED}
NAMES = {EGAN: "E-GAN", RANDOM: "random mutation"}
NUMBERED = {
    CONTEST: ("last winner, contest 1 in ", "#AA4499"),
    BANDIT: ("bandit, contest 1 in ", INK),
    NICHES: ("niches, generators: ", "#117733"),
}
"""Names and colours of the methods that have a number, by how the method's name begins."""
SPREAD = 0.26
"""Half the height of a strip, in rows."""


def comparison_figure(results: pd.DataFrame, *, title: str) -> Figure:
    """Return a panel for every deciding score and budget, methods from top to bottom.

    Dots are seeds; the bar is their median. A run without a finite score is a cross at the edge.
    """
    names = deciding_of(results)
    methods = list(dict.fromkeys(results["method"]))
    height = 1.1 + len(names) * (0.9 + 0.42 * len(methods))
    figure = new_figure(width=10.5, height=height)
    figure.suptitle(title, x=0.01, ha="left", color=INK, fontsize=12.5, fontweight="bold")
    panels = figure.subplots(len(names), len(BUDGETS), squeeze=False, sharex="row", sharey=True)
    for axes_row, name in zip(panels, names, strict=True):
        for axes, budget in zip(axes_row, BUDGETS, strict=True):
            rows = results[results["budget"] == budget]
            _panel(axes, rows, name, methods)
            _caption(axes, rows, name, budget)
        _widen(axes_row[0], measure(name).least_span)
    return figure


def _panel(axes: Any, rows: pd.DataFrame, name: str, methods: list[str]) -> None:
    """Draw one strip for each method."""
    for place, method in enumerate(methods):
        values = rows.loc[rows["method"] == method, name].to_numpy(dtype=float)
        finite = values[np.isfinite(values)]
        colour = _look(method)[1]
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
    axes.set_yticks(range(len(methods)), [_look(m)[0] for m in methods])
    axes.set_ylim(len(methods) - 0.4, -0.6)


def _look(method: str) -> tuple[str, str]:
    """Return a method's name for a reader, and its colour."""
    for start, (name, colour) in NUMBERED.items():
        if method.startswith(start):
            return name + method.removeprefix(start), colour
    return NAMES.get(method, label(method)), COLOURS[method]


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
    if score.form.endswith("%"):
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    if score.scale == "count":
        axes.xaxis.set_major_locator(whole_numbers())
