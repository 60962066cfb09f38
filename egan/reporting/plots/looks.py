"""What the looks at a run measured, as curves: leading measures first, with their baselines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from egan.judging.measures import OBJECTIVE, Measure, leading_of, measure, ordered
from egan.reporting.about import About, about_of
from egan.reporting.plots.axes import FEW, draw_baselines, place_steps, scale_axis
from egan.reporting.plots.style import SERIES, dress, legend, new_figure, plain

COLUMNS = (0, 1, 2, 3, 2)
"""How many panels lie side by side where there are so many in all; with more, three."""

MOST_INSIDE = 4
"""Names of a legend that have room inside a panel."""

WIDTHS, HEIGHT = (6.0, 9.5, 12.5), 3.9


def measure_curves(metrics: pd.DataFrame, *, about: About | None = None) -> Figure | None:
    """Draw the measures of ``metrics.csv`` over the run; None where nothing was measured.

    The first leading measure has a panel of its own; shares, numbers, and measures of one quantity
    share theirs. Baselines are dashed lines in panels of one curve. What the table of measures
    calls quiet is drawn only where it leads.
    """
    about = about or about_of(None, {})
    numbers = metrics.replace([np.inf, -np.inf], np.nan).select_dtypes("number")
    numbers = numbers.dropna(axis=1, how="all")
    groups = panels(list(numbers), leading=about.leading)
    if not groups or "generation" not in numbers:
        return None
    columns = COLUMNS[len(groups)] if len(groups) < len(COLUMNS) else 3
    rows = -(-len(groups) // columns)
    figure = new_figure(width=WIDTHS[columns - 1], height=HEIGHT * rows)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, group in zip(grid, groups, strict=False):
        _draw_panel(axes, numbers, group, about)
    for axes in grid[len(groups) :]:
        axes.set_visible(False)
    return figure


def measured(columns: list[str], leading: Any = ()) -> list[str]:
    """Return the columns that are measures, in the order of a report."""
    names = [name for name in columns if name not in ("generation", "seconds")]
    return ordered(names, leading or leading_of(names))


def panels(columns: list[str], *, leading: Any = ()) -> list[list[Measure]]:
    """Return the measures that share a panel, panel by panel."""
    leading = tuple(leading) or leading_of(columns)
    groups: dict[object, list[Measure]] = {}
    for i, name in enumerate(measured(columns, leading)):
        one = measure(name)
        if (one.quiet and name not in leading) or name == OBJECTIVE:
            continue
        first = i == 0 and name in leading
        key = name if first or not one.group else (one.scale, one.group)
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def _draw_panel(axes: Any, table: pd.DataFrame, group: list[Measure], about: About) -> None:
    """Draw the curves of one panel."""
    for i, one in enumerate(group):
        _draw(axes, table, one, SERIES[i % len(SERIES)], about)
    first = group[0]
    if len(group) == 1:
        draw_baselines(axes, about.worth(first.name), first)
    scale_axis(axes, first)
    place_steps(axes, narrow=True)
    axes.margins(x=0.03)
    title = first.title if len(group) == 1 else first.group
    dress(axes, title=plain(title), x=about.axis, y=_axis_label(group))
    if len(group) > MOST_INSIDE:
        legend(axes, loc="upper center", bbox_to_anchor=(0.45, -0.22), ncols=2)
    elif len(axes.lines) > 1:
        legend(axes)


def _axis_label(group: list[Measure]) -> str:
    """Return the label of the y axis: whose values these are, and if its scale is by decades."""
    one = group[0]
    name = {"share": "share", "count": "number"}.get(one.scale) or one.quantity or one.label
    return plain(f"{name} (log)" if one.scale == "log" else name)


def _draw(axes: Any, table: pd.DataFrame, one: Measure, colour: str, about: About) -> None:
    rows = table.dropna(subset=[one.name])
    rows = rows[rows[one.name] > 0] if one.scale == "log" else rows
    style = {"marker": "o", "markersize": 4} if len(rows) <= FEW else {}
    x = about.steps(rows["generation"])
    axes.plot(x, rows[one.name], color=colour, linewidth=1.7, label=plain(one.label), **style)
