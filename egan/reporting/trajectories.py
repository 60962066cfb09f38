"""Curves of what was observed in episodes, a panel for each number of an observation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from egan.reporting.pictures import GENERATED, REAL

MOST_PANELS, COLUMNS = 6, 3
DPI = 100

Curves = tuple[npt.NDArray[Any], npt.NDArray[Any]]
"""Observations (N, T, S), and how many steps of each there were (N,)."""


def panels(curves: Curves, behind: Curves, *, names: Sequence[str] = ()) -> Image.Image:
    """Draw up to six numbers of a policy's observations over time, over an expert's in grey.

    Args:
        curves: What the policy saw.
        behind: What the expert saw.
        names: What the numbers are; their own numbers by default.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    size = curves[0].shape[2]
    shown = np.arange(min(size, MOST_PANELS)) * size // min(size, MOST_PANELS)
    columns = min(COLUMNS, len(shown)) if len(shown) != 4 else 2
    rows = -(-len(shown) // columns)
    figure = Figure(figsize=(2.6 * columns, 1.8 * rows), dpi=DPI, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    all_axes = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    for axes, number in zip(all_axes, shown, strict=False):
        for (values, lengths), colour, width in ((behind, REAL, 2.0), (curves, GENERATED, 0.9)):
            for one, length in zip(values, lengths, strict=True):
                axes.plot(one[:length, number], color=colour, linewidth=width)
        axes.set_title(names[number] if names else f"observed number {number}", fontsize=9)
        axes.tick_params(labelsize=8)
    for axes in all_axes[len(shown) :]:
        axes.set_visible(False)
    keys = {line.get_color(): line for line in all_axes[0].lines}
    known = {"expert": keys.get(REAL), "policy": keys.get(GENERATED)}
    handles = {label: line for label, line in known.items() if line is not None}
    figure.legend(
        list(handles.values()), list(handles), loc="outside upper right", ncols=2, fontsize=8
    )
    for axes in all_axes[max(0, len(shown) - columns) : len(shown)]:
        axes.set_xlabel("step", fontsize=8)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())
