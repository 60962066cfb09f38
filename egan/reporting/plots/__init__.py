"""Figures of a run: fitness curves, winning mutations, quality against diversity, distances.

Every function takes tables and returns a matplotlib figure of its own; none touches pyplot, so
they are safe beside a user's plots, in threads and without a display.
"""

from egan.reporting.plots.curves import compare_runs, fitness_curves
from egan.reporting.plots.scores import mutation_shares, quality_diversity, sample_distance

__all__ = [
    "compare_runs",
    "fitness_curves",
    "mutation_shares",
    "quality_diversity",
    "sample_distance",
]
