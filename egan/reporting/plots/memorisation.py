"""How near generated samples come to real ones, beside how near real ones are to each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from egan.reporting.plots.style import SERIES, dress, legend, new_figure

MADE, REAL = SERIES[0], "#8C959F"


def memorisation_figure(distances: ArrayLike, among_real: ArrayLike) -> Figure:
    """Draw for each distance the share of samples whose nearest real sample is no farther.

    Where the curve of generated samples lies left of that of real ones, they are copies; where it
    lies right, they are unlike the real ones.

    Args:
        distances: Of each generated sample to its nearest real one, (M,).
        among_real: Of each real sample to the nearest other, (N,).
    """
    figure = new_figure(width=8.0, height=4.0)
    axes = figure.subplots()
    _steps(axes, among_real, REAL, "real samples, to the nearest other one")
    _steps(axes, distances, MADE, "generated samples, to the nearest real one")
    axes.set_ylim(0, 1)
    axes.set_xlim(left=0)
    title = "How near the nearest real sample is"
    dress(axes, title=title, x="distance in features", y="share of samples within it")
    legend(axes, loc="lower right")
    return figure


def _steps(axes: Any, values: ArrayLike, colour: str, label: str) -> None:
    ranked = np.sort(np.asarray(values, dtype=np.float64))
    shares = np.arange(1, len(ranked) + 1) / len(ranked)
    axes.step(
        np.concatenate([[0.0], ranked]),
        np.concatenate([[0.0], shares]),
        where="post",
        color=colour,
        linewidth=1.7,
        label=label,
    )
