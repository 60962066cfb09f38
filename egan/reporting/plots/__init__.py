"""Figures of a run: fitness curves, winning mutations, quality against diversity, measures.

Every function takes tables and returns a matplotlib figure of its own; none touches pyplot, so
they are safe beside a user's plots, in threads and without a display.
"""

from egan.reporting.plots.comparison import Compared, compare_runs
from egan.reporting.plots.curves import fitness_curves
from egan.reporting.plots.looks import measure_curves
from egan.reporting.plots.scores import mutation_shares, quality_diversity

__all__ = [
    "Compared",
    "compare_runs",
    "fitness_curves",
    "measure_curves",
    "mutation_shares",
    "quality_diversity",
]
