"""The score of a run: by mutation with the winner's path, of a population, or of one model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from egan.judging.measures import OBJECTIVE, measure
from egan.reporting.about import About, about_of
from egan.reporting.plots.axes import FEW, draw_baselines, draw_curve, place_steps, scale_axis
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
    members,
    require_score,
    tidy,
    window,
    winner_path,
)

STRIP_CELLS = 600


def fitness_curves(
    results: pd.DataFrame, *, score: str = OBJECTIVE, about: About | None = None
) -> Figure:
    """Draw the score over the run.

    Of an evolution the score of each mutation's children, and the winner's path over it: the line
    of ancestors of the last best survivor; the strip underneath shows which mutation made each of
    them. Of a search the best member, the median and the spread of the population. Of a training
    the model's own score. A line is a moving median, the band behind it reaches from the 10th to
    the 90th percentile.

    Args:
        results: A row per child, as in ``results.csv``.
        score: The column to draw.
        about: What the run is; by default what the table looks like.

    Raises:
        ValueError: There is no such column.
    """
    require_score(results, score)
    about = about or about_of(results, {})
    draw = {"train": _of_training, "evolve": _by_mutation}.get(about.kind, _of_population)
    return draw(tidy(results), score, about)


def _of_training(table: pd.DataFrame, score: str, about: About) -> Figure:
    """Draw the score of the one model over its updates."""
    one = measure(score)
    width = window(table["generation"])
    line = curve(table, score=score, width=width)
    figure = new_figure()
    axes = figure.subplots()
    draw_curve(axes, _placed(line, about), SERIES[0], plain(one.label))
    draw_baselines(axes, about.worth(score), one)
    scale_axis(axes, one)
    dress(axes, title=one.title, note=_smoothing(width, about), x=about.axis, y=one.label)
    place_steps(axes)
    if len(axes.lines) > 1:
        legend(axes)
    return figure


def _of_population(table: pd.DataFrame, score: str, about: About) -> Figure:
    """Draw the best member, the median one, and a band that holds most of the others."""
    one = measure(score)
    width = window(table["generation"])
    line = _placed(members(table, score=score, width=width), about)
    figure = new_figure()
    axes = figure.subplots()
    draw_curve(axes, line, SERIES[0], "median member")
    axes.plot(line["x"], line["best"], color=INK, linewidth=1.8, label="best member")
    draw_baselines(axes, about.worth(score), one)
    _leave_out_the_lost(axes, line)
    scale_axis(axes, one)
    note = f"{_every(width, about)}; band: 10th to 90th percentile"
    dress(axes, title=f"{one.title} of the members", note=note, x=about.axis, y=one.label)
    place_steps(axes)
    legend(axes, outside=True)
    return figure


def _leave_out_the_lost(axes: Any, line: pd.DataFrame) -> None:
    """Keep members that went wrong from flattening the others."""
    drawn = line.dropna()
    if drawn.empty:
        return
    low = drawn[["middle", "best"]].min(axis=None)
    span = drawn["best"].max() - low
    if drawn["low"].min() < low - span < low:
        top = drawn[["best", "high"]].max(axis=None)
        axes.set_ylim(low - span, top + 0.05 * (top - low))


def _placed(line: pd.DataFrame, about: About) -> pd.DataFrame:
    return line.assign(x=about.steps(line["generation"]))


def _every(width: int, about: About) -> str:
    """Return how often there is a score, or over how much a median goes."""
    steps = about.steps(width)
    if width > 1:
        return f"median over {steps:,} {about.step}"
    return f"every {about.word}" if steps == 1 else f"every {steps:,} {about.step}"


def _smoothing(width: int, about: About) -> str:
    return _every(width, about) + ("; band: 10th to 90th percentile" if width > 1 else "")


def _by_mutation(table: pd.DataFrame, score: str, about: About) -> Figure:
    """Draw each mutation's children, the winner's path, and who made each winner."""
    width = window(table["generation"])
    palette = colours(table["operator"])
    figure = new_figure()
    axes, strip = figure.subplots(
        2, 1, sharex=True, gridspec_kw={"height_ratios": [20, 1], "hspace": 0.02}
    )
    band = 0.16 if len(palette) <= 4 else 0.07
    for operator, colour in palette.items():
        line = curve(table[table["operator"] == operator], score=score, width=width)
        draw_curve(axes, _placed(line, about), colour, plain(label(operator)), band=band)
    path = winner_path(table, score=score)
    if not path.empty:
        _draw_path(axes, _placed(curve(path, score=score, width=width), about))
    _draw_strip(strip, path, palette, last=table["generation"].max(), about=about)
    axes.tick_params(labelbottom=False)
    one = measure(score)
    title = one.title + (" by mutation" if set(palette) - {""} else "")
    dress(axes, title=title, note=_smoothing(width, about), y=one.label)
    legend(axes, outside=True)
    return figure


def _draw_path(axes: Any, line: pd.DataFrame) -> None:
    style = {"marker": "o", "markersize": 2.5} if len(line) <= FEW else {}
    dashes = (0, (4, 1.6))
    x, y = line["x"], line["middle"]
    axes.plot(x, y, color=INK, linewidth=1.3, linestyle=dashes, label="winner's path", **style)


def _draw_strip(
    axes: Any, path: pd.DataFrame, palette: dict[str, str], *, last: int, about: About
) -> None:
    """Colour each generation with the operator that made the winner's ancestor alive in it.

    With more generations than cells, each cell shows one generation of its part of the run.
    """
    axes.set(yticks=[], xlabel=about.axis)
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
    extent = (about.steps(born[0] - 0.5), about.steps(last + 0.5), 0, 1)
    axes.imshow(pixels, aspect="auto", extent=extent, zorder=0)
