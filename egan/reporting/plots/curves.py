"""Curves over generations: fitness by mutation with the winner's path, and runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from egan.reporting.plots.scores import distance_axes
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
from egan.reporting.plots.tables import (
    curve,
    require_score,
    thin,
    tidy,
    window,
    winner_path,
    winners,
)

FEW = 40  # generations up to which every one gets a marker
STRIP_CELLS = 600


def fitness_curves(results: pd.DataFrame, *, score: str = "fitness") -> Figure:
    """Draw the score of each mutation's children over generations, and the winner's path over it.

    A line is a moving median, the band behind it reaches from the 10th to the 90th percentile. The
    winner's path is the line of ancestors of the last best survivor; the strip underneath shows
    which mutation made each of them.

    Args:
        results: A row per child, as in ``results.csv``.
        score: The column to draw.

    Raises:
        ValueError: There is no such column.
    """
    require_score(results, score)
    table = tidy(results)
    width = window(table["generation"])
    palette = colours(table["operator"])
    figure = new_figure()
    axes, strip = figure.subplots(
        2, 1, sharex=True, gridspec_kw={"height_ratios": [20, 1], "hspace": 0.02}
    )
    band = 0.16 if len(palette) <= 4 else 0.07
    for operator, colour in palette.items():
        line = curve(table[table["operator"] == operator], score=score, width=width)
        _draw_curve(axes, line, colour, plain(label(operator)), band=band)
    path = winner_path(table, score=score)
    if not path.empty:
        _draw_path(axes, curve(path, score=score, width=width))
    _draw_strip(strip, path, palette, last=table["generation"].max())
    axes.tick_params(labelbottom=False)
    title = label(score).capitalize() + (" by mutation" if set(palette) - {""} else "")
    dress(axes, title=title, note=_smoothing(width), y=label(score))
    legend(axes, outside=True)
    return figure


def _smoothing(width: int) -> str:
    if width == 1:
        return "every generation"
    return f"median over {width} generations; band: 10th to 90th percentile"


def _draw_curve(
    axes: Any, line: pd.DataFrame, colour: str, name: str, *, band: float = 0.16
) -> None:
    """Draw a line with its band, with markers where there are few generations."""
    style = {"marker": "o", "markersize": 4} if len(line) <= FEW else {}
    x = line["generation"]
    axes.fill_between(x, line["low"], line["high"], color=colour, alpha=band, linewidth=0)
    axes.plot(x, line["middle"], color=colour, linewidth=1.6, label=name, **style)


def _draw_path(axes: Any, line: pd.DataFrame) -> None:
    style = {"marker": "o", "markersize": 2.5} if len(line) <= FEW else {}
    dashes = (0, (4, 1.6))
    x, y = line["generation"], line["middle"]
    axes.plot(x, y, color=INK, linewidth=1.3, linestyle=dashes, label="winner's path", **style)


def _draw_strip(axes: Any, path: pd.DataFrame, palette: dict[str, str], *, last: int) -> None:
    """Colour each generation with the operator that made the winner's ancestor alive in it.

    With more generations than cells, each cell shows one generation of its part of the run.
    """
    axes.set(yticks=[], xlabel="generation")
    axes.xaxis.set_major_locator(whole_numbers())
    axes.xaxis.label.set(color=MUTED, fontsize=10)
    axes.tick_params(colors=MUTED, labelsize=9)
    axes.spines[:].set_visible(False)
    axes.set_ylabel("winner", rotation=0, ha="right", va="center", color=MUTED, fontsize=9)
    if path.empty:
        return
    born = path["generation"].to_numpy()
    cells = min(STRIP_CELLS, int(last - born[0] + 1))
    shown = np.linspace(born[0], last, cells).round()
    owner = np.searchsorted(born, shown, side="right") - 1
    pixels = np.array([to_rgb(palette[path["operator"].iloc[i]]) for i in owner])[None]
    axes.imshow(pixels, aspect="auto", extent=(born[0] - 0.5, last + 0.5, 0, 1), zorder=0)


def compare_runs(
    runs: Sequence[tuple[str, pd.DataFrame]],
    *,
    score: str = "fitness",
    metrics: Sequence[pd.DataFrame] | None = None,
) -> Figure:
    """Draw the winner's score over generations, the mean and the range over runs of one label.

    Args:
        runs: Label and results of each run; runs of the same label share a curve.
        score: The column to draw.
        metrics: The runs' ``metrics.csv``, in the same order, for a panel of sample distances.

    Raises:
        ValueError: There are no runs, or one has no such column.
    """
    if not runs:
        raise ValueError("compare_runs needs at least one run, but got none.")
    for name, results in runs:
        require_score(results, score, source=name)
    labels = list(dict.fromkeys(name for name, _ in runs))
    has_distance = metrics is not None and all("frechet" in table for table in metrics)
    figure = new_figure(width=12.0 if has_distance else 9.0)
    panels = figure.subplots(1, 1 + has_distance, squeeze=False)[0]
    for name, colour in zip(labels, cycle(SERIES), strict=False):
        members = [i for i, (other, _) in enumerate(runs) if other == name]
        lines = [[winner_curve(runs[i][1], score=score) for i in members]]
        if metrics is not None and has_distance:
            lines += [[_distances(metrics[i]) for i in members]]
        times = f" ({len(members)} runs)" if len(members) > 1 else ""
        for axes, series in zip(panels, lines, strict=True):
            _draw_curve(axes, spread(series), colour, plain(name) + times)
    title = f"{label(score).capitalize()} of the winner"
    dress(panels[0], title=title, x="generation", y=label(score))
    if has_distance:
        distance_axes(panels[1])
    for axes in panels:
        axes.xaxis.set_major_locator(whole_numbers())
    _name_curves(figure, panels[0], repeated=len(labels) < len(runs))
    return figure


def _name_curves(figure: Figure, axes: Any, *, repeated: bool) -> None:
    """Name the curves under the figure and say what the bands are."""
    handles, captions = axes.get_legend_handles_labels()
    columns = max(1, min(4, int(12 * figure.get_figwidth()) // (12 + max(map(len, captions)))))
    shown = figure.legend(
        handles,
        captions,
        loc="outside lower left",
        ncols=columns,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        alignment="left",
        title="mean; band: lowest to highest run" if repeated else None,
        title_fontsize=8.5,
    )
    shown.get_title().set_color(MUTED)


def _distances(metrics: pd.DataFrame) -> pd.Series:
    return metrics.drop_duplicates("generation", keep="last").set_index("generation")["frechet"]


def winner_curve(results: pd.DataFrame, *, score: str) -> pd.Series:
    """Return the winner's score by generation, a moving median."""
    best = winners(results, score=score).set_index("generation")[score]
    width = window(best.index.to_series()) if len(best) else 1
    middle = best.rolling(width, center=True, min_periods=1).median()
    return middle.rolling((width + 1) // 2, center=True, min_periods=1).mean()


def spread(lines: Sequence[pd.Series]) -> pd.DataFrame:
    """Return mean, lowest and highest of several runs, at the generations that all of them have.

    Returns:
        At most 600 rows with `generation`, `middle`, `low` and `high`.
    """
    together = pd.concat(lines, axis=1, join="inner")
    table = pd.DataFrame(
        {
            "generation": together.index,
            "middle": together.mean(axis=1).to_numpy(),
            "low": together.min(axis=1).to_numpy(),
            "high": together.max(axis=1).to_numpy(),
        }
    )
    return thin(table, 600)
