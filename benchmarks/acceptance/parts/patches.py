"""Patches of images, whose distributions are compared."""

from __future__ import annotations

import numpy as np
from torch import Tensor

PATCH = 7


def cut(images: Tensor, number: int, rng: np.random.Generator) -> np.ndarray:
    """Return some patches of each image (N * P, C * 7 * 7), normalised by channel."""
    unfolded = images.unfold(2, PATCH, 1).unfold(3, PATCH, 1)
    rows, columns = rng.integers(0, unfolded.shape[2], (2, len(images), number))
    which = np.arange(len(images))[:, None]
    found = unfolded.permute(0, 2, 3, 1, 4, 5)[which, rows, columns].flatten(0, 1)
    mean, std = found.mean((0, 2, 3), keepdim=True), found.std((0, 2, 3), keepdim=True)
    normed: np.ndarray = ((found - mean) / std.clamp(min=1e-6)).flatten(1).numpy()
    return normed
