"""How near restored images are to the true ones: pixel by pixel, in structure, and in texture.

Images are (N, C, H, W), arrays or tensors, each beside the true one. The first two compare every
image with its own truth; the last two ask how much detail there is, wherever it lies: an average of
all that may have been is near in pixels and has too little of it.
"""

from __future__ import annotations

import math

import numpy as np

from fitness.arrays import Array, Samples, as_numbers

WINDOW, SIGMA = 11, 1.5
STABLE = 0.01, 0.03
SMALLEST = 1e-10
"""The least squared error, in squares of the range: 100 dB stand for an image that is right."""


def psnr(made: Samples, true: Samples, *, span: float = 2.0, where: Samples | None = None) -> float:
    """Return the mean peak signal-to-noise ratio: E[10 log₁₀(span² / MSE)], in dB.

    The mean squared error is an image's, over its channels and pixels.

    Args:
        made: (N, C, H, W) images.
        true: As many true ones.
        span: The range of a pixel; 2 for images in [-1, 1].
        where: (N, 1, H, W), 1 at the pixels that count, some in each image, and 0 elsewhere; all
            count by default.

    Raises:
        ValueError: The shapes differ, or are none of images.
    """
    made, true = _alike(made, true)
    squares = (made - true) ** 2
    if where is None:
        errors = squares.mean(axis=(1, 2, 3)) / span**2
    else:
        _, weights = _alike(squares[:, :1], where)
        found = (squares.mean(axis=1, keepdims=True) * weights).sum(axis=(1, 2, 3))
        errors = found / weights.sum(axis=(1, 2, 3)) / span**2
    return float(-10 * np.log10(np.maximum(errors, SMALLEST)).mean())


def ssim(made: Samples, true: Samples, *, span: float = 2.0) -> float:
    """Return the mean structural similarity, at most 1, which equal images have.

        (2 μ_x μ_y + c₁)(2 σ_xy + c₂) / ((μ_x² + μ_y² + c₁)(σ_x² + σ_y² + c₂))

    with means and variances under a Gaussian window of 11 pixels, σ = 1.5 (as many pixels, an odd
    number, as there are in smaller images), wherever it fits whole; c = (.01 span)², (.03 span)².

    Raises:
        ValueError: The shapes differ, or are none of images.

    Wang et al. 2004, IEEE Transactions on Image Processing 13(4).
    """
    x, y = _alike(made, true)
    rows, columns = (_window(size) for size in x.shape[2:])

    def mean(images: Array) -> Array:
        found: Array = rows @ images @ columns.T
        return found

    mean_x, mean_y = mean(x), mean(y)
    var_x, var_y = mean(x * x) - mean_x**2, mean(y * y) - mean_y**2
    both = mean(x * y) - mean_x * mean_y
    c1, c2 = ((factor * span) ** 2 for factor in STABLE)
    light = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    return float((light * (2 * both + c2) / (var_x + var_y + c2)).mean())


def sharpness(made: Samples, true: Samples, *, span: float = 2.0) -> float:
    """Return how alike edges are, in dB.

    The mean over images of 10 log₁₀(1 / E|(∇ᵢ + ∇ⱼ) true − (∇ᵢ + ∇ⱼ) made|), with ∇ᵢ and ∇ⱼ the
    absolute differences to the pixel above and to that on the left, as shares of `span`. Higher is
    better; a blurred image has less than a sharp one whose edges are in place.

    Raises:
        ValueError: The shapes differ, are none of images, or a side has one pixel.

    Mathieu et al. 2015, arXiv 1511.05440, section 4.1 ("sharpness difference").
    """
    both = _alike(made, true)
    if min(both[0].shape[2:]) < 2:
        raise ValueError(f"edges take images of 2x2 pixels or more, but got {both[0].shape}.")
    made_edges, true_edges = (_edges(images) for images in both)
    errors = np.abs(true_edges - made_edges).mean(axis=(1, 2, 3)) / span
    return float(-10 * np.log10(np.maximum(errors, SMALLEST)).mean())


def _edges(images: Array) -> Array:
    down, across = (np.abs(np.diff(images, axis=axis)) for axis in (2, 3))
    edges: Array = down[:, :, :, 1:] + across[:, :, 1:]
    return edges


def gradient_energy(made: Samples, true: Samples) -> float:
    """Return E‖∇made‖² / E‖∇true‖², differences of neighbours: below 1 where edges are soft.

    Beside flat images it is infinite, or 1 where those made are flat too.

    Raises:
        ValueError: The shapes differ, or are none of images.
    """
    found, wanted = (
        sum(float((np.diff(images, axis=axis) ** 2).sum()) for axis in (2, 3))
        for images in _alike(made, true)
    )
    if wanted == 0:
        return 1.0 if found == 0 else math.inf
    return found / wanted


def spectral_distance(made: Samples, true: Samples) -> float:
    """Return how far apart power spectra are, in dB: √E_k[(10 log₁₀ P_made(k) / P_true(k))²].

    P(k) is the mean power of all images and channels at the spatial frequencies that round to k
    cycles an image, k from 1 to half the shorter side.

    Raises:
        ValueError: The shapes differ, or are none of images.
    """
    made_power, true_power = (_spectrum(images) for images in _alike(made, true))
    least = SMALLEST * max(float(true_power.max()), SMALLEST)
    ratios = np.log10(np.maximum(made_power, least) / np.maximum(true_power, least))
    return float(np.sqrt(((10 * ratios) ** 2).mean()))


def _spectrum(images: Array) -> Array:
    """Return the mean power (K,) of images (N, C, H, W) at each number of cycles."""
    height, width = images.shape[2:]
    power = (np.abs(np.fft.fft2(images)) ** 2).mean(axis=(0, 1))
    down, across = (np.fft.fftfreq(size) * min(height, width) for size in (height, width))
    cycles = np.rint(np.hypot(down[:, None], across)).astype(np.int64)
    sums, counts = (np.bincount(cycles.ravel(), weights=w) for w in (power.ravel(), None))
    found: Array = (sums / counts)[1 : min(height, width) // 2 + 1]
    return found


def _window(size: int) -> Array:
    """Return what takes the windows' means along an axis: (places, size), rows of sum 1."""
    width = min(WINDOW, size - (size + 1) % 2)
    weights = np.exp(-0.5 * ((np.arange(width) - width // 2) / SIGMA) ** 2)
    found = np.zeros((size - width + 1, size))
    for place, row in enumerate(found):
        row[place : place + width] = weights / weights.sum()
    return found


def _alike(made: Samples, true: Samples) -> tuple[Array, Array]:
    images = as_numbers(made), as_numbers(true)
    shapes = [one.shape for one in images]
    if shapes[0] != shapes[1] or len(shapes[0]) != 4 or not all(shapes[0]):
        raise ValueError(
            f"made and true images must both be (N, C, H, W), but got {shapes[0]} and {shapes[1]}."
        )
    return images
