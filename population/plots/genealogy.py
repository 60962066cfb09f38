"""Who came from whom: a lane for each slot, coloured by score, with an arrow for each copy."""

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from population.plots.style import INK, MUTED, dress, name_lines, new_figure, plain, whole_numbers
from population.plots.tracks import Flags, Floats, Tracks, joined, tracks_of

if TYPE_CHECKING:
    from population.records.result import Record

COLOURS = "viridis"
PATH = "#D55E00"
MAX_COLUMNS = 1200
FEW_SLOTS = 40
"""Up to so many slots, lanes are parted by white lines."""

MAX_EDGES = 400
"""With more copies than this, those that left no descendants are not drawn."""


def plot_lineage(record: "Record", *, unit: str = "generation") -> Figure:
    """Draw generations on x and slots on y; a line from one lane to another is a copy.

    A lane's colour is the score of the member in this slot. Lines are dark where the copy has
    descendants at the end. The best member's ancestors are the thick line.

    Args:
        record: The result of a search, or what :func:`population.records.result.read_result` gives.
        unit: What a generation is called.

    Raises:
        ValueError: No member has a finite score.
    """
    tracks = tracks_of(record)
    slots = int(tracks.table["child"].max()) + 1
    figure = new_figure(10.0, float(np.clip(1.7 + 0.24 * slots, 3.2, 8.0)))
    axes = figure.subplots()
    colours = draw_lanes(axes, tracks, record.objective, slots)
    draw_edges(axes, tracks)
    draw_best(axes, tracks)
    dress(axes, title="Who came from whom", x=unit, y="member")
    axes.grid(visible=False)
    axes.xaxis.set_major_locator(whole_numbers())
    axes.yaxis.set_major_locator(whole_numbers())
    bar = figure.colorbar(colours, ax=axes, pad=0.015, aspect=30)
    bar.set_label(plain(record.objective), color=MUTED, fontsize=10)
    bar.ax.tick_params(colors=MUTED, labelsize=9)
    bar.outline.set_visible(False)
    name_lines(figure, axes)
    return figure


def draw_lanes(axes: Any, tracks: Tracks, objective: str, slots: int) -> ScalarMappable:
    """Draw the scores as an image, a row per slot; return what its colours mean."""
    scores = tracks.table[objective].to_numpy(dtype=float)
    picture = lanes(tracks, scores, slots)
    generations = tracks.table["generation"].to_numpy()
    first, last = generations.min(), generations.max()
    low, high = np.nanquantile(np.where(np.isfinite(scores), scores, np.nan), [0.1, 1.0])
    colours = ScalarMappable(Normalize(low, high if high > low else low + 1.0), COLOURS)
    extent = (first - 0.5, last + 0.5, slots - 0.5, -0.5)
    axes.imshow(
        picture,
        aspect="auto",
        extent=extent,
        interpolation="nearest",
        cmap=COLOURS,
        norm=colours.norm,
        alpha=0.9,
    )
    if slots <= FEW_SLOTS:
        gap = min(7.0, 120.0 / slots)
        for edge in np.arange(slots + 1) - 0.5:
            axes.axhline(edge, color="white", linewidth=gap, zorder=1.5)
    return colours


def lanes(tracks: Tracks, scores: Floats, slots: int) -> Floats:
    """Return scores by slot and generation, (slots, columns); NaN where nobody is."""
    generations = tracks.table["generation"].to_numpy()
    first, last = int(generations.min()), int(generations.max())
    picture = np.full((slots, last - first + 1), np.nan)
    finite = np.isfinite(scores)
    places = tracks.table["child"].to_numpy()[finite], generations[finite] - first
    picture[places] = scores[finite]
    columns = np.linspace(0, last - first, min(MAX_COLUMNS, last - first + 1)).round().astype(int)
    return picture[:, columns]


def draw_edges(axes: Any, tracks: Tracks) -> None:
    """Draw a line from the donor's lane to the copy's, faint where nothing came of it."""
    is_evolution = bool((tracks.table["operator"] != "").any())
    moved = (changed_lane(tracks) if is_evolution else tracks.copied) & (tracks.parents >= 0)
    word = "from another place" if is_evolution else "copied"
    groups = [(f"{word}, alive at the end", moved & tracks.alive, 0.9, 1.1)]
    if (moved & ~tracks.alive).sum() <= MAX_EDGES:
        groups.append((f"{word}, no descendants at the end", moved & ~tracks.alive, 0.4, 0.8))
    for name, chosen, alpha, width in groups:
        if count := int(chosen.sum()):
            faint = alpha * min(1.0, (150 / count) ** 0.5)
            style = {"color": INK, "alpha": faint, "linewidth": width, "zorder": 2}
            axes.plot(*edges(tracks, chosen), label=name, **style)


def changed_lane(tracks: Tracks) -> Flags:
    """Return which survivors have another place among their siblings than their parent had."""
    places = tracks.table["child"].to_numpy()
    survived = tracks.table["survived"].to_numpy(dtype=bool)
    return np.asarray(survived & (places != places[tracks.parents]), dtype=np.bool_)


def edges(tracks: Tracks, chosen: Flags) -> tuple[Floats, Floats]:
    """Return lines from each chosen one's parent to itself, with gaps between them."""
    rows = np.flatnonzero(chosen)
    x = tracks.table["generation"].to_numpy(dtype=float)
    y = tracks.table["child"].to_numpy(dtype=float)
    pairs = [np.array([tracks.parents[row], row]) for row in rows]
    return joined(pairs, x, y)


def draw_best(axes: Any, tracks: Tracks) -> None:
    """Draw the best member's line of ancestors over everything."""
    x = tracks.table["generation"].to_numpy(dtype=float)
    y = tracks.table["child"].to_numpy(dtype=float)
    points = joined([np.array(tracks.best)], x, y)
    width = 2.4 if y.max() < FEW_SLOTS else 1.5
    axes.plot(*points, color="white", linewidth=2.1 * width, zorder=3)
    axes.plot(*points, color=PATH, linewidth=width, zorder=4, label="ancestors of the best")
    end = tracks.best[-1]
    axes.plot(x[end], y[end], marker="o", markersize=7, color=PATH, mec="white", zorder=5)
