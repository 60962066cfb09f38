"""What can be measured on an image of a handwritten sign without a network: its ink, its slant.

A code that controls one of them is correlated with it. Chen et al. 2016, "InfoGAN", arXiv
1606.03657, find codes for the slant and the width of digits.
"""

from __future__ import annotations

import numpy as np

from fitness.arrays import Array, Samples, as_numbers


def ink(images: Samples) -> Array:
    """Return the mean brightness of images (N, C, H, W) in [-1, 1], as (N,) in [0, 1].

    White is 1; values beyond the range are clipped.

    Raises:
        ValueError: if the images have another shape or are not finite.
    """
    return np.asarray(_brightness(images).mean(axis=(1, 2)))


def slant(images: Samples) -> Array:
    """Return how far strokes lean to the right, Δx for each unit of height, as (N,).

    The slope of x on y by least squares, weighted by brightness: E[(x − x̄)(y − ȳ)] / E[(y − ȳ)²],
    y upwards. 0 for an upright sign and for a black image; shearing an image by s adds s.

    Raises:
        ValueError: if the images have another shape or are not finite.
    """
    weights_NHW = _brightness(images)
    weights_NHW = weights_NHW / np.maximum(weights_NHW.sum(axis=(1, 2), keepdims=True), 1e-12)
    y_H1 = -np.arange(weights_NHW.shape[1], dtype=np.float64)[:, None]
    x_W = np.arange(weights_NHW.shape[2], dtype=np.float64)
    mean_x, mean_y = ((weights_NHW * axis).sum(axis=(1, 2)) for axis in (x_W, y_H1))
    covariance = (weights_NHW * x_W * y_H1).sum(axis=(1, 2)) - mean_x * mean_y
    variance = (weights_NHW * y_H1**2).sum(axis=(1, 2)) - mean_y**2
    result: Array = np.divide(
        covariance, variance, out=np.zeros_like(variance), where=variance > 1e-9
    )
    return result


def _brightness(images: Samples) -> Array:
    """Return (N, H, W) in [0, 1]."""
    array = as_numbers(images)
    if array.ndim != 4 or 0 in array.shape or not np.isfinite(array).all():
        raise ValueError(
            f"images must be finite (N, C, H, W) in [-1, 1], but got shape {array.shape}"
            f"{'' if np.isfinite(array).all() else ' with NaN or infinity'}."
        )
    result: Array = (np.clip(array.mean(axis=1), -1.0, 1.0) + 1.0) / 2.0
    return result
