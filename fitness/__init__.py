"""Scores: of a generator in its environment, of samples, of several objectives at once.

Pure functions. Importing this package loads nothing; each name loads its own module when it is
first used. Only `fitness.adversarial` and `fitness.pairwise` need torch: sample distances accept
tensors but compute with numpy in float64, and `fitness.pareto` is numpy alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fitness.adversarial import Diversity, combine, diversity, quality
    from fitness.frechet import frechet_distance
    from fitness.mixture import MixtureScores, mode_coverage
    from fitness.mmd import squared_mmd
    from fitness.neighbours import SampleScores, precision_recall_density_coverage
    from fitness.pairwise import pairwise_diversity
    from fitness.pareto import crowded_order, crowding_distance, fronts

__all__ = [
    "Diversity",
    "MixtureScores",
    "SampleScores",
    "combine",
    "crowded_order",
    "crowding_distance",
    "diversity",
    "frechet_distance",
    "fronts",
    "mode_coverage",
    "pairwise_diversity",
    "precision_recall_density_coverage",
    "quality",
    "squared_mmd",
]

_MODULES = {
    "Diversity": "adversarial",
    "MixtureScores": "mixture",
    "SampleScores": "neighbours",
    "combine": "adversarial",
    "crowded_order": "pareto",
    "crowding_distance": "pareto",
    "diversity": "adversarial",
    "frechet_distance": "frechet",
    "fronts": "pareto",
    "mode_coverage": "mixture",
    "pairwise_diversity": "pairwise",
    "precision_recall_density_coverage": "neighbours",
    "quality": "adversarial",
    "squared_mmd": "mmd",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load the module of a public name when it is first asked for."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
