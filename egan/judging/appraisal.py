"""What a trained generator is worth to a search: its samples against the data, as one number.

A fitness that comes from a member's own discriminator cannot be compared with another member's;
these can. What kind of data there is decides:

    images    fitness = -log(Fréchet distance of features)
    points    fitness = -squared MMD with a Gaussian kernel, at most about 0; other kinds alike,
              with the kernel that `egan.data.kinds` has for them
    mixtures  fitness = share of high-quality samples * modes / number of modes - squared MMD,
              at most about 1; the last term tells members apart before any mode is found
"""

from __future__ import annotations

import math

import numpy as np
import torch

import fitness
from egan.data.dataset import Dataset
from egan.data.kinds import Images
from egan.judging.features import Features

NUM_SAMPLES = 1000
"""How many samples of a generator are scored."""

SMALLEST = 1e-9
"""The distance below which images count as equal to the data."""


def appraise(dataset: Dataset, features: Features, samples: torch.Tensor) -> dict[str, float]:
    """Score samples (N, *shape) as models see them: ``fitness`` first, then what it is made of.

    Samples that are not finite score NaN throughout.
    """
    if not torch.isfinite(samples).all():
        return dict.fromkeys(names(dataset, features), math.nan)
    samples = samples.detach().cpu().float()
    values = _values(dataset, features, samples)
    return dict(zip(names(dataset, features), values, strict=True))


def names(dataset: Dataset, features: Features) -> tuple[str, ...]:
    """Return the names of the scores, in their order."""
    if dataset.mixture is not None:
        return "fitness", "modes", "high_quality", "mmd"
    if not isinstance(dataset.kind, Images):
        return "fitness", "mmd"
    labelled = features.classes(dataset.real(1)) is not None
    return ("fitness", "frechet", "classes") if labelled else ("fitness", "frechet")


def _values(dataset: Dataset, features: Features, samples: torch.Tensor) -> tuple[float, ...]:
    real, fake = features.reference(dataset), features.features(samples)
    if isinstance(dataset.kind, Images):
        distance = fitness.frechet_distance(real, fake)
        classes = features.classes(samples)
        seen = () if classes is None else (float(len(np.unique(classes))),)
        return -math.log(max(distance, SMALLEST)), distance, *seen
    distance = fitness.squared_mmd(real, fake, kernel=dataset.kind.kernel)
    if dataset.mixture is None:
        return -distance, distance
    mixture = dataset.mixture
    found = fitness.mode_coverage(
        samples, mixture.centres, std=mixture.std, weights=mixture.weights
    )
    share = found.modes / len(mixture.centres)
    total = share * found.high_quality - distance
    return total, float(found.modes), found.high_quality, distance
