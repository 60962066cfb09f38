"""The figure of what contests are worth."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from egan.reporting.plots.style import MUTED, colours, dress, label, legend, new_figure


def regret_figure(
    branches: pd.DataFrame, *, value: tuple[float, float, float], horizon: int
) -> Figure:
    """Draw each child's score after the horizon, beside the mean of its litter.

    Args:
        branches: A row for each child: generation, operator, won, later.
        value: What a winner is above its siblings: the mean, and its interval.
        horizon: Generations that each was followed for.
    """
    figure = new_figure(height=4.6)
    axes = figure.subplots()
    middle = branches.groupby("generation")["later"].transform("mean")
    above = branches["later"] - middle
    won = branches["won"].astype(bool)
    for operator, colour in colours(branches["operator"].unique()).items():
        mine = branches["operator"] == operator
        places = branches.loc[mine, "generation"]
        axes.scatter(places, above[mine], s=22, color=colour, label=label(operator), zorder=3)
    axes.scatter(
        branches.loc[won, "generation"],
        above[won],
        s=90,
        facecolors="none",
        edgecolors=MUTED,
        linewidths=1.1,
        label="won",
        zorder=4,
    )
    axes.axhline(0.0, color=MUTED, linewidth=0.9)
    mean, low, high = value
    note = f"a winner is {mean:+.3g} above its siblings ({low:+.3g} to {high:+.3g})"
    title = f"Score {horizon} generations later, above the litter's mean"
    dress(axes, title=title, x="generation of the contest", y="score, higher is better")
    axes.text(0.0, -0.2, note, transform=axes.transAxes, color=MUTED, fontsize=9)
    legend(axes, outside=True)
    return figure
