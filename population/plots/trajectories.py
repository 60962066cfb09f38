"""Scores and hyperparameters over generations, a line for each line of descent."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from population.plots.style import (
    BEST,
    ENDED,
    FOUNDERS,
    MUTED,
    by_decades,
    dress,
    name_lines,
    new_figure,
    plain,
    whole_numbers,
)
from population.plots.tracks import Floats, Places, Tracks, joined, tracks_of
from population.records.cells import encode
from population.records.journal import with_numbers
from population.records.lineage import hyperparameter_names
from population.spaces.domain import is_nan

if TYPE_CHECKING:
    import pandas as pd

    from population.records.result import Record

MAX_PANELS = 9
MAX_MARKS = 60
DECADES = 30.0
"""The ratio of the 90th to the 10th percentile from which an axis is logarithmic."""

OPTIONS = ("Choice", "Ordinal")
"""Domains of options: each has a place of its own, also where they are numbers."""
BESIDE = 0.15
"""How far lines lie off their option at most, so that each is plainly at one."""
MAX_OPTIONS, MAX_LETTERS = 12, 24

OTHERS = "other lines"
LIVING = "alive at the end (a colour for each founder)"
ANCESTORS = "ancestors of the best"


def plot_search(record: "Record", *, unit: str = "generation") -> Figure:
    """Draw the objective and each hyperparameter that varies, over generations.

    The best member's ancestors are on top; lines that are alive at the end are coloured by their
    founder; those that ended are grey.

    Args:
        record: The result of a search, or what :func:`population.records.result.read_result` gives.
        unit: What a generation is called.

    Raises:
        ValueError: No member has a finite score.
    """
    tracks = tracks_of(record)
    names = [name for name in hyperparameter_names(tracks.table) if varies(tracks.table[name])]
    shown = names[:MAX_PANELS]
    figure = new_figure(9.0, 3.4 + 1.55 * len(shown))
    ratios = [2.1, *(1.0 for _ in shown)]
    options = {"height_ratios": ratios}
    panels = figure.subplots(len(ratios), 1, sharex=True, squeeze=False, gridspec_kw=options)[:, 0]
    scores = tracks.table[record.objective].to_numpy(dtype=float)
    scores = np.where(np.isfinite(scores), scores, np.nan)
    groups = grouped(tracks, scores)
    draw(panels[0], tracks, groups, scores)
    panels[0].set_ylim(*limits(scores, scores[tracks.best]))
    below = int((scores < panels[0].get_ylim()[0]).sum())
    dress(panels[0], title=f"{record.objective} over {unit}s", y=plain(record.objective))
    for axes, name in zip(panels[1:], shown, strict=True):
        dress(axes, y=plain(name))
        draw(axes, tracks, groups, scale(axes, tracks, name, record))
    notes = [f"{below} scores are below the axis"] if below else []
    if len(names) > len(shown):
        notes.append(f"{len(names) - len(shown)} more hyperparameters are not shown")
    finish(figure, panels, note="; ".join(notes), unit=unit)
    return figure


def finish(figure: Figure, panels: Any, *, note: str, unit: str) -> None:
    """Label the shared axis and name the lines."""
    panels[-1].set_xlabel(unit, color=MUTED, fontsize=10)
    panels[-1].xaxis.set_major_locator(whole_numbers())
    panels[-1].margins(x=0.015)
    panels[0].set_title(note, loc="right", color=MUTED, fontsize=8.5)
    figure.align_ylabels()
    name_lines(figure, panels[0])


def varies(column: "pd.Series[Any]") -> bool:
    """Return whether a column has more than one value."""
    return len({encode(value) for value in column if not is_nan(value)}) > 1


def grouped(tracks: Tracks, scores: Floats) -> list[tuple[str, str, list[Places]]]:
    """Return (name, colour, lines) from the quietest group to the best one's line."""
    best, *others = tracks.lines()
    others.sort(key=lambda line: -np.nan_to_num(scores[line[-1]], nan=-np.inf))
    living = [line for line in others if tracks.alive[line[-1]]]
    ended = [line for line in others if not tracks.alive[line[-1]]]
    first = int(tracks.founder[best[-1]])
    counts = Counter(int(tracks.founder[line[-1]]) for line in living)
    common = [founder for founder, _ in counts.most_common() if founder != first]
    colours = dict(zip([first, *common], FOUNDERS, strict=False))
    families: dict[str, list[Places]] = {}
    for line in living:
        colour = colours.get(int(tracks.founder[line[-1]]), ENDED)
        families.setdefault(colour, []).append(line)
    grey = ended + families.pop(ENDED, [])
    groups = [(OTHERS, ENDED, grey)] if grey else []
    for i, (colour, lines) in enumerate(families.items()):
        groups.append((LIVING if i == 0 else "", colour, lines))
    return [*groups, (ANCESTORS, BEST, [best])]


def draw(
    axes: Any, tracks: Tracks, groups: list[tuple[str, str, list[Places]]], values: Floats
) -> None:
    """Draw each group as one line with gaps, and a mark where the best one's line was a copy."""
    x = tracks.table["generation"].to_numpy(dtype=float)
    quiet = float(np.clip(9.0 * x.max() / len(x), 0.18, 0.75))
    for name, colour, lines in groups:
        points = joined(lines, x, values)
        style = {"color": colour, "label": name or None, "linewidth": 0.9, "zorder": 2.0}
        if colour == BEST:
            axes.plot(*points, color="white", linewidth=4.0, alpha=0.85, zorder=4)
            style |= {"linewidth": 2.0, "zorder": 5.0}
        else:
            style["alpha"] = quiet if colour == ENDED else max(quiet, 0.45)
        axes.plot(*points, **style)
        alone = np.array([line[0] for line in lines if len(line) == 1], dtype=np.int64)
        axes.plot(x[alone], values[alone], ".", color=colour, markersize=4, zorder=style["zorder"])
    copied = [row for row in tracks.best if tracks.copied[row]]
    if copied and len(copied) <= MAX_MARKS:
        marks = {"marker": "o", "s": 16, "color": "white", "edgecolors": BEST, "zorder": 6}
        axes.scatter(x[copied], values[copied], linewidths=1.2, label="copied another", **marks)


def limits(values: Floats, best: Floats) -> tuple[float, float]:
    """Return the range of an axis that is not stretched by terrible scores."""
    finite = values[np.isfinite(values)]
    low = min(np.quantile(finite, 0.25), np.nanquantile(best, 0.05))
    high = finite.max()
    room = 2.0 if finite.min() > low - 2.0 * (high - low) else 0.5
    low = max(finite.min(), low - room * (high - low))
    margin = 0.04 * (high - low) or 0.5
    return float(low - margin), float(high + margin)


def scale(axes: Any, tracks: Tracks, name: str, record: "Record") -> Floats:
    """Return a hyperparameter's values as numbers, and give the axis the scale they need.

    Options become whole numbers, each a little off by its slot, so that lines can be told apart.
    """
    column: Any = with_numbers(tracks.table[[name]])[name]
    domain = record.settings.get("space", {}).get(name, {})
    numbers = column.dtype.kind in "iuf"
    if numbers and not (domain and domain["domain"] in OPTIONS):
        values: Floats = column.to_numpy(dtype=float)
        whole = bool((values == np.round(values))[np.isfinite(values)].all())
        if is_logarithmic(values, domain):
            by_decades(axes, values)
        elif whole:
            axes.yaxis.set_major_locator(whole_numbers())
        return values
    slots = tracks.table["child"].to_numpy(dtype=float)
    slots = slots if tracks.copied.any() else slots[tracks.founder]
    beside = 2 * BESIDE * (slots / max(1.0, slots.max()) - 0.5)
    return np.asarray(by_options(axes, column) + beside, dtype=np.float64)


def by_options(axes: Any, column: "pd.Series[Any]") -> Floats:
    """Return the places (N,) of options on an axis that names each; numbers in their order."""
    numbers = column.dtype.kind in "iuf"
    cells = ["" if is_nan(value) else encode(value) for value in column]
    first = dict(zip(cells, column, strict=True))
    known = sorted(set(cells) - {""}, key=lambda cell: first[cell] if numbers else cell)
    texts = [f"{first[cell]:g}" if numbers else plain(cell) for cell in known]
    short = [text if len(text) <= MAX_LETTERS else f"{text[: MAX_LETTERS - 1]}…" for text in texts]
    step = -(-len(known) // MAX_OPTIONS)
    axes.set_yticks(range(0, len(known), step), short[::step])
    axes.set_ylim(-0.5, len(known) - 0.5)
    places = {cell: float(i) for i, cell in enumerate(known)}
    return np.asarray([places.get(cell, np.nan) for cell in cells], dtype=np.float64)


def is_logarithmic(values: Floats, domain: Any) -> bool:
    """Return whether a hyperparameter is searched by decades, or spreads over some."""
    finite = values[np.isfinite(values)]
    if not len(finite) or finite.min() <= 0:
        return False
    if domain:
        return bool(domain["domain"] == "LogUniform" or domain.get("log"))
    low, high = np.quantile(finite, [0.1, 0.9])
    return bool(high / low >= DECADES)
