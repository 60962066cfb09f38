"""Judge samples against real data: the columns of `metrics.csv`."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import torch
from threadpoolctl import threadpool_limits

import fitness
from egan.data.dataset import Array, Dataset
from egan.judging.features import Features

NUM_NEIGHBOURS = 5
DISTANCES = ("frechet", "precision", "recall", "density", "coverage", "mmd")
MIXTURE = ("modes", "high_quality", "jsd")
COUNTED = ("modes", "kl_modes")
SAMPLES_A_MODE = 26
"""Samples that modes are counted among, as Srivastava et al. 2017 do: 26,000 for 1,000 modes."""


def columns(dataset: Dataset, features: Features) -> tuple[str, ...]:
    """Return the names of the scores that `judge` gives, in their order."""
    classes = ("classes",) if features.classes(dataset.real(1)) is not None else ()
    counted = COUNTED if features.num_modes else ()
    return DISTANCES + classes + counted + (MIXTURE if dataset.mixture is not None else ())


def judge(dataset: Dataset, features: Features, samples: torch.Tensor) -> dict[str, float]:
    """Score samples (N, *shape), images in [-1, 1], against the real data.

    Distances are between features, against up to 1,000 real examples. `classes` is the number of
    classes that the classifier sees at least once; `modes`, `high_quality` and `jsd` are given
    for mixtures, `modes` and `kl_modes` for stacked images. Of images distances take the first
    1,000 samples. Samples that are not finite score NaN throughout.
    """
    if not torch.isfinite(samples).all():
        return dict.fromkeys(columns(dataset, features), math.nan)
    with threadpool_limits(limits=1, user_api="blas"):  # sums depend on the number of threads
        return _scores(dataset, features, samples.detach().cpu().float())


def _scores(dataset: Dataset, features: Features, samples: torch.Tensor) -> dict[str, float]:
    few, kernel = samples[: dataset.kind.num_judged], dataset.kind.kernel
    scores = distances(features.reference(dataset), features.features(few), kernel=kernel)
    if features.num_modes:
        counted = fitness.class_coverage(features.modes(samples), features.num_modes)
        scores |= dict(zip(COUNTED, map(float, counted), strict=True))
    classes = features.classes(samples)
    if classes is not None:
        scores["classes"] = float(len(np.unique(classes)))
    if dataset.mixture is not None:
        mixture = dataset.mixture
        coverage = fitness.mode_coverage(
            samples, mixture.centres, std=mixture.std, weights=mixture.weights
        )
        scores |= {name: float(value) for name, value in coverage._asdict().items()}
    return scores


def distances(
    real: Array, fake: Array, *, kernel: Literal["polynomial", "gaussian"]
) -> dict[str, float]:
    """Compare features (N, F) and (M, F); the kernel is that of the squared MMD."""
    k = min(NUM_NEIGHBOURS, len(real) - 1, len(fake) - 1)
    near = fitness.precision_recall_density_coverage(real, fake, k=k)
    return {
        "frechet": fitness.frechet_distance(real, fake),
        **{name: float(value) for name, value in near._asdict().items()},
        "mmd": fitness.squared_mmd(real, fake, kernel=kernel),
    }
