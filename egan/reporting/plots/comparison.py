"""Runs side by side, on an axis that all of them have: updates, generations, or seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.figure import Figure

from egan.judging.measures import OBJECTIVE, leading_of, measure
from egan.reporting.about import About
from egan.reporting.plots.axes import draw_curve, place_steps, scale_axis
from egan.reporting.plots.style import (
    INK,
    MUTED,
    SERIES,
    dress,
    new_figure,
    plain,
)
from egan.reporting.plots.tables import require_score, thin, window, winners

SECONDS = "seconds"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A run as one curve, or a part of one, of a comparison."""

    label: str
    """The curve's name; runs of one label share it."""
    results: pd.DataFrame
    about: About
    metrics: pd.DataFrame | None = None


def compare_runs(
    runs: Sequence[Compared], *, score: str = OBJECTIVE, axis: str | None = None
) -> Figure:
    """Draw the best survivor's score over the run, the mean and the range over runs of one label.

    Where all runs have looked at the same leading measure, a second panel shows it.

    Args:
        runs: The runs; those of one label share a curve.
        score: The column to draw.
        axis: What the x axis shows; by default what :func:`common_axis` chooses.

    Raises:
        ValueError: There are no runs, one has no such column, or the axis is not one of all runs.
    """
    if not runs:
        raise ValueError("compare_runs needs at least one run, but got none.")
    for run in runs:
        require_score(run.results, score, source=run.label)
    axis = common_axis(runs, axis)
    shown = _panels(runs, score)
    figure = new_figure(width=12.0 if len(shown) > 1 else 9.0)
    panels = figure.subplots(1, len(shown), squeeze=False)[0]
    labels = list(dict.fromkeys(run.label for run in runs))
    for name, colour in zip(labels, cycle(SERIES), strict=False):
        _draw_group(panels, [run for run in runs if run.label == name], shown, axis, colour)
    for axes, panel in zip(panels, shown, strict=True):
        one = measure(panel.column)
        scale_axis(axes, one)
        title = one.title + panel.whose + _weak(runs, panel.column)
        dress(axes, title=title, x=_axis_label(runs, axis), y=one.label)
        place_steps(axes, narrow=len(shown) > 1, whole=axis != SECONDS)
    _name_curves(figure, panels[0], repeated=len(labels) < len(runs))
    return figure


class _Panel(NamedTuple):
    """What a panel shows: a column, whose it is, and its curve of a run."""

    column: str
    whose: str
    curve: Callable[[Compared], pd.Series]


def _panels(runs: Sequence[Compared], score: str) -> list[_Panel]:
    """Return a panel for the score, unless nobody has one, and one for what was looked at."""
    looked = common_measure(runs)
    found = []
    if not looked or score != OBJECTIVE or any(run.about.competes for run in runs):
        found.append(
            _Panel(score, _whose(runs), lambda run: winner_curve(run.results, score=score))
        )
    if looked:
        found.append(_Panel(looked, "", partial(looks, name=looked)))
    return found


def _draw_group(
    panels: Iterable[Any],
    group: Sequence[Compared],
    shown: Sequence[_Panel],
    axis: str,
    colour: str,
) -> None:
    """Draw the curve of the runs of one label in each panel: their mean and their range."""
    name = plain(group[0].label) + (f" ({len(group)} runs)" if len(group) > 1 else "")
    places = [positions(run, axis) for run in group]
    for axes, panel in zip(panels, shown, strict=True):
        draw_curve(axes, spread([panel.curve(run) for run in group], places), colour, name)


def common_axis(runs: Sequence[Compared], axis: str | None = None) -> str:
    """Return the axis asked for, else the steps that all runs count, else seconds.

    Raises:
        ValueError: Some run does not count these steps, or does not say how long it took.
    """
    steps = {run.about.step for run in runs}
    chosen = axis or (steps.pop() if len(steps) == 1 else SECONDS)
    for run in runs:
        if chosen == SECONDS and SECONDS not in run.results:
            raise ValueError(f"{run.label} does not say how long it took: no column {SECONDS!r}")
        if chosen not in (SECONDS, run.about.step):
            raise ValueError(
                f"{run.label} counts {run.about.step}, not {chosen}; compare over {SECONDS}"
            )
    return chosen


def _axis_label(runs: Sequence[Compared], axis: str) -> str:
    return "seconds of the members" if axis == SECONDS else runs[0].about.axis


def _whose(runs: Sequence[Compared]) -> str:
    """Return whose score a curve is, where a run has several."""
    kinds = {run.about.kind for run in runs}
    if kinds == {"evolve"}:
        return " of the winner"
    return "" if kinds == {"train"} else " of the best"


def _weak(runs: Sequence[Compared], name: str) -> str:
    """Return a word on curves that are taken in weak features."""
    return " (in weak features)" if any(run.about.caveat_of(name) for run in runs) else ""


def common_measure(runs: Sequence[Compared]) -> str | None:
    """Return the first leading measure that all runs have looked at, if there is one."""
    tables = [run.metrics for run in runs if run.metrics is not None]
    if len(tables) < len(runs):
        return None
    common = [str(name) for name in tables[0] if all(name in table for table in tables)]
    wanted = [name for run in runs for name in run.about.leading]
    return next((name for name in [*wanted, *leading_of(common)] if name in common), None)


def positions(run: Compared, axis: str) -> pd.Series:
    """Return the place of each generation on an axis, from generation 0 on.

    A generation takes as long as the slowest of its children, as if all were made at once; the
    seconds are those of the generations added up.
    """
    last = int(run.results["generation"].max())
    numbers = pd.RangeIndex(last + 1)
    if axis != SECONDS:
        return pd.Series(run.about.steps(numbers.to_numpy()), index=numbers)
    slowest = run.results.groupby("generation")[SECONDS].max()
    return slowest.reindex(numbers, fill_value=0.0).fillna(0.0).cumsum()


def looks(run: Compared, name: str) -> pd.Series:
    """Return a measure of the looks by generation."""
    assert run.metrics is not None
    rows = run.metrics.drop_duplicates("generation", keep="last").set_index("generation")[name]
    return rows[rows > 0] if measure(name).scale == "log" else rows


def winner_curve(results: pd.DataFrame, *, score: str) -> pd.Series:
    """Return the winner's score by generation, a moving median."""
    best = winners(results, score=score).set_index("generation")[score]
    width = window(best.index.to_series()) if len(best) else 1
    middle = best.rolling(width, center=True, min_periods=1).median()
    return middle.rolling((width + 1) // 2, center=True, min_periods=1).mean()


def spread(lines: Sequence[pd.Series], places: Sequence[pd.Series]) -> pd.DataFrame:
    """Return mean, lowest and highest of several runs, at the generations that all of them have.

    Returns:
        At most 600 rows with `x` (the mean of the runs' places), `middle`, `low` and `high`.
    """
    together = pd.concat(lines, axis=1, join="inner").sort_index()
    where = pd.concat(places, axis=1, join="inner").mean(axis=1)
    together = together[together.index.isin(where.index)]
    table = pd.DataFrame(
        {
            "x": where[together.index].to_numpy(),
            "middle": together.mean(axis=1).to_numpy(),
            "low": together.min(axis=1).to_numpy(),
            "high": together.max(axis=1).to_numpy(),
        }
    )
    return thin(table, 600)


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
