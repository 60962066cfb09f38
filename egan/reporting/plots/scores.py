"""Which mutations win, what their children score, and how far the samples are from the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, PercentFormatter

from egan.reporting.plots.style import (
    INK,
    MUTED,
    SERIES,
    colours,
    dress,
    label,
    legend,
    new_figure,
    plain,
    whole_numbers,
)
from egan.reporting.plots.tables import thin, tidy, window, winning_shares

MOST_POINTS = 1800
COUNTS = ("modes", "classes")
SHARES = ("high_quality", "coverage", "precision", "recall")


def mutation_shares(results: pd.DataFrame) -> Figure | None:
    """Draw each mutation's share of the survivors over the run, as figure 4 of arXiv 1803.00657.

    None where no child has survived.
    """
    shares = winning_shares(results)
    if shares.empty:
        return None
    generations = results["generation"]
    width = window(generations)
    starts = np.array(shares.index)
    widths = np.minimum(starts + width, generations.max() + 1) - starts
    figure = new_figure()
    axes = figure.subplots()
    bottom = np.zeros(len(shares))
    for operator, colour in colours(shares.columns).items():
        heights = shares[operator].to_numpy()
        axes.bar(
            starts - 0.5,
            heights,
            widths,
            bottom=bottom,
            align="edge",
            color=colour,
            edgecolor="white",
            linewidth=0.4,
            label=f"{plain(label(operator))}  {_overall(results, operator):.0%}",
        )
        bottom += heights
    axes.set(ylim=(0, 1), xlim=(generations.min() - 0.5, generations.max() + 0.5))
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1))
    axes.xaxis.set_major_locator(whole_numbers())
    note = "every generation" if width == 1 else f"windows of {width} generations"
    dress(axes, title="Winning mutations", note=note, x="generation", y="share of survivors")
    legend(axes, outside=True, reverse=True)
    return figure


def _overall(results: pd.DataFrame, operator: str) -> float:
    """Return an operator's share of all survivors of the run."""
    table = tidy(results)
    return float((table.loc[table["survived"], "operator"] == operator).mean())


def quality_diversity(
    results: pd.DataFrame, *, x: str = "quality", y: str = "diversity"
) -> Figure | None:
    """Draw two scores of the children against each other, survivors filled and larger.

    Left by mutation, right by generation. None where the scores are not there.
    """
    if not {x, y} <= set(results.select_dtypes("number")):
        return None
    table = tidy(results).dropna(subset=[x, y])
    if table.empty:
        return None
    limits = {"xlim": _bulk(table[x]), "ylim": _bulk(table[y])}
    figure = new_figure(width=11.0)
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    palette = colours(tidy(results)["operator"])
    shown = thin(table, MOST_POINTS)
    colour = shown["operator"].map(palette)
    _scatter(left, shown, x, y, colours_of=colour.to_numpy(dtype=object))
    spots = _scatter(right, shown, x, y, colours_of=shown["generation"].to_numpy())
    for operator, shade in palette.items():
        left.scatter([], [], s=26, color=shade, label=plain(label(operator)))
    title = f"{label(x).capitalize()} against {label(y)}"
    dress(left, title=title, note="by mutation", x=label(x), y=label(y))
    dress(right, note="by generation", x=label(x))
    left.set(**limits)
    legend(left)
    bar = figure.colorbar(spots, ax=right, pad=0.02, aspect=30)
    bar.outline.set_visible(False)
    bar.ax.yaxis.set_major_locator(whole_numbers())
    bar.ax.tick_params(colors=MUTED, labelsize=9)
    bar.set_label("generation", color=MUTED, fontsize=10)
    _explain(right)
    return figure


def _scatter(axes: Any, table: pd.DataFrame, x: str, y: str, *, colours_of: Any) -> Any:
    """Draw the losers small and faint, the survivors over them with a dark rim."""
    survived = table["survived"].to_numpy()
    scale: dict[str, Any] = {}
    if colours_of.dtype.kind in "if":
        scale = {"cmap": "viridis", "vmin": colours_of.min(), "vmax": colours_of.max()}
    lost = table[~survived]
    axes.scatter(lost[x], lost[y], c=colours_of[~survived], s=9, alpha=0.45, linewidths=0, **scale)
    kept = table[survived]
    return axes.scatter(
        kept[x], kept[y], c=colours_of[survived], s=24, edgecolors=INK, linewidths=0.6, **scale
    )


def _explain(axes: Any) -> None:
    axes.scatter([], [], s=24, color="white", edgecolors=INK, linewidths=0.6, label="survived")
    axes.scatter([], [], s=9, color="#7A838C", label="did not")
    legend(axes)


def _bulk(values: pd.Series) -> tuple[float, float]:
    """Return limits that show all values, or, where a few lie far out, all but those."""
    low, high = values.min(), values.max()
    bulk = values.quantile([0.005, 0.995])
    if high - low > 3 * (bulk.iloc[1] - bulk.iloc[0]) > 0:
        low, high = bulk
    margin = 0.06 * (high - low) or 0.5
    return float(low - margin), float(high + margin)


def sample_distance(metrics: pd.DataFrame) -> Figure | None:
    """Draw how far the samples are from the data over generations.

    The Fréchet distance on a logarithmic axis; beside it, where they were measured, the number of
    modes or classes, and the shares in [0, 1] (high quality, coverage, precision, recall). None
    where nothing was measured.
    """
    numbers = metrics.replace([np.inf, -np.inf], np.nan).dropna(axis=1, how="all")
    groups = [
        [name for name in names if name in numbers] for names in (("frechet",), COUNTS, SHARES)
    ]
    groups = [names for names in groups if names]
    if not groups or "generation" not in numbers:
        return None
    figure = new_figure(width=(6.0, 9.5, 12.5)[len(groups) - 1], height=3.9)
    for axes, names in zip(figure.subplots(1, len(groups), squeeze=False)[0], groups, strict=True):
        for name, colour in zip(names, SERIES, strict=False):
            _draw(axes, numbers, name, colour)
        _dress_panel(axes, names)
    return figure


def _draw(axes: Any, table: pd.DataFrame, name: str, colour: str) -> None:
    rows = table.dropna(subset=[name])
    rows = rows[rows[name] > 0] if name == "frechet" else rows
    style = {"marker": "o", "markersize": 4} if len(rows) <= 40 else {}
    text = label(name)
    axes.plot(rows["generation"], rows[name], color=colour, linewidth=1.7, label=text, **style)


def _dress_panel(axes: Any, names: list[str]) -> None:
    axes.xaxis.set_major_locator(whole_numbers())
    if names == ["frechet"]:
        distance_axes(axes)
    elif set(names) <= set(COUNTS):
        axes.set_ylim(bottom=0)
        axes.margins(y=0.1)
        axes.yaxis.set_major_locator(whole_numbers())
        title = f"{label(names[0]).capitalize()} among the samples"
        dress(axes, title=title, x="generation", y="number")
    else:
        axes.set_ylim(-0.03, 1.03)
        dress(axes, title="Shares", x="generation", y="share")
        legend(axes)


def distance_axes(axes: Any) -> None:
    """Dress axes that show Fréchet distances: a logarithmic scale with plain numbers."""
    values = [value for line in axes.lines for value in line.get_ydata() if value > 0]
    if values:
        axes.set_yscale("log")
        if len(set(values)) == 1:
            axes.set_ylim(values[0] / 2, values[0] * 2)
        narrow = max(values) < 5 * min(values)
        ticks = MaxNLocator(nbins=6) if narrow else LogLocator(subs=(1, 2, 5))
        axes.yaxis.set_major_locator(ticks)
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    title = "Fréchet distance to the data"
    dress(axes, title=title, x="generation", y="distance (log)")
