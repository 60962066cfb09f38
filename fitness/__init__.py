"""Scores: of a generator in its environment, of samples, of several objectives at once.

Pure functions. Importing this package loads nothing; each name loads its own module when it is
first used. Only `fitness.adversarial` and `fitness.pairwise` need torch: sample distances accept
tensors but compute with numpy in float64, and `fitness.pareto` is numpy alone. What scikit-learn or
scipy has is taken from there, when it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fitness.adversarial import Diversity, combine, diversity, quality
    from fitness.classes import (
        ClassCoverage,
        accuracy,
        class_coverage,
        inception_score,
        intra_class_diversity,
        normalized_mutual_information,
    )
    from fitness.copies import Memorisation, memorisation
    from fitness.frechet import frechet_distance
    from fitness.halves import errors_of, parts
    from fitness.masks import information_quality_ratio, intersection_over_union, paired_iou
    from fitness.melodies import out_of_scale, repetition, tone_span
    from fitness.mixture import MixtureScores, mode_coverage
    from fitness.mmd import squared_mmd
    from fitness.neighbours import SampleScores, precision_recall_density_coverage
    from fitness.ngrams import distinct, ngram_divergence
    from fitness.pairwise import pairwise_distances, pairwise_diversity
    from fitness.pareto import crowded_order, crowding_distance, fronts
    from fitness.probe import Labelled, linear_probe
    from fitness.regions import boundary_f, component_error, mean_iou
    from fitness.restored import gradient_energy, psnr, sharpness, spectral_distance, ssim
    from fitness.strokes import ink, slant
    from fitness.wasserstein import sliced_wasserstein, wasserstein_1d
    from fitness.weights import mixture_weights, removal_costs

__all__ = [
    "ClassCoverage",
    "Diversity",
    "Labelled",
    "Memorisation",
    "MixtureScores",
    "SampleScores",
    "accuracy",
    "boundary_f",
    "class_coverage",
    "combine",
    "component_error",
    "crowded_order",
    "crowding_distance",
    "distinct",
    "diversity",
    "errors_of",
    "frechet_distance",
    "fronts",
    "gradient_energy",
    "inception_score",
    "information_quality_ratio",
    "ink",
    "intersection_over_union",
    "intra_class_diversity",
    "linear_probe",
    "mean_iou",
    "memorisation",
    "mixture_weights",
    "mode_coverage",
    "ngram_divergence",
    "normalized_mutual_information",
    "out_of_scale",
    "paired_iou",
    "pairwise_distances",
    "pairwise_diversity",
    "parts",
    "precision_recall_density_coverage",
    "psnr",
    "quality",
    "removal_costs",
    "repetition",
    "sharpness",
    "slant",
    "sliced_wasserstein",
    "spectral_distance",
    "squared_mmd",
    "ssim",
    "tone_span",
    "wasserstein_1d",
]

_MODULES = {
    "ClassCoverage": "classes",
    "Diversity": "adversarial",
    "Labelled": "probe",
    "Memorisation": "copies",
    "MixtureScores": "mixture",
    "SampleScores": "neighbours",
    "accuracy": "classes",
    "boundary_f": "regions",
    "class_coverage": "classes",
    "combine": "adversarial",
    "component_error": "regions",
    "crowded_order": "pareto",
    "crowding_distance": "pareto",
    "distinct": "ngrams",
    "diversity": "adversarial",
    "errors_of": "halves",
    "frechet_distance": "frechet",
    "fronts": "pareto",
    "gradient_energy": "restored",
    "inception_score": "classes",
    "information_quality_ratio": "masks",
    "ink": "strokes",
    "intersection_over_union": "masks",
    "intra_class_diversity": "classes",
    "linear_probe": "probe",
    "mean_iou": "regions",
    "memorisation": "copies",
    "mixture_weights": "weights",
    "mode_coverage": "mixture",
    "ngram_divergence": "ngrams",
    "normalized_mutual_information": "classes",
    "out_of_scale": "melodies",
    "paired_iou": "masks",
    "pairwise_distances": "pairwise",
    "pairwise_diversity": "pairwise",
    "parts": "halves",
    "precision_recall_density_coverage": "neighbours",
    "psnr": "restored",
    "quality": "adversarial",
    "removal_costs": "weights",
    "repetition": "melodies",
    "sharpness": "restored",
    "slant": "strokes",
    "sliced_wasserstein": "wasserstein",
    "spectral_distance": "restored",
    "squared_mmd": "mmd",
    "ssim": "restored",
    "tone_span": "melodies",
    "wasserstein_1d": "wasserstein",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load the module of a public name when it is first asked for."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
