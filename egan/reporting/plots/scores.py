"""Which mutations win, and what their children score."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from egan.judging.measures import PARTS, measure
from egan.reporting.plots.style import (
    INK,
    MUTED,
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
    results: pd.DataFrame, *, x: str = PARTS[0], y: str = PARTS[1]
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
    across, up = measure(x), measure(y)
    title = f"{across.title} against {up.label}"
    dress(left, title=title, note="by mutation", x=across.label, y=up.label)
    dress(right, note="by generation", x=across.label)
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
