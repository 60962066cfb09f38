"""Figures of a search: scores and hyperparameters over generations, and who came from whom."""

from population.plots.genealogy import plot_lineage
from population.plots.trajectories import plot_search

__all__ = ["plot_lineage", "plot_search"]
