"""Wasserstein-1 distances: of samples on a line, exact, and over lines in many dimensions."""

from __future__ import annotations

import numpy as np

from fitness.arrays import Array, Samples, as_numbers


def wasserstein_1d(
    a: Samples,
    b: Samples,
    *,
    a_weights: Samples | None = None,
    b_weights: Samples | None = None,
) -> float:
    """Return W₁ = ∫ |F_a(x) − F_b(x)| dx, F being the distribution functions.

    Numbers (N,) and (M,), or (N, 1) and (M, 1), equally likely unless there are weights of the same
    number, which need not sum to 1. With the points of a grid and their probabilities it is the
    distance of two laws on the grid. In the unit of the numbers; a critic with slope at most 1
    reaches it as E_a[f] − E_b[f].

    Raises:
        ValueError: if the samples are not on a line, not finite, or there are none; if weights have
            another number, are negative or sum to 0.

    Arjovsky et al. 2017, arXiv 1701.07875, estimate it in higher dimensions.
    """
    from scipy.stats import wasserstein_distance

    a_N, b_M = _on_a_line(a, "a"), _on_a_line(b, "b")
    weights = (_weights(a_weights, a_N, "a_weights"), _weights(b_weights, b_M, "b_weights"))
    return float(wasserstein_distance(a_N, b_M, *weights))


def sliced_wasserstein(
    a: Samples, b: Samples, *, rng: np.random.Generator, directions: int = 512
) -> float:
    """Return E_θ[W₁(a θ, b θ)] over directions θ, uniform on the unit sphere.

    At least 0, and 0 for equal samples, whatever the directions; in the unit of the samples. It
    falls as 1/√D where laws that differ in one of D dimensions are compared.

    Args:
        a: (N, D) samples.
        b: As many of another law, (N, D).
        rng: Of the directions.
        directions: How many are drawn.

    Raises:
        ValueError: if the samples are not finite points of one shape, or there are none.

    Rabin et al. 2011; of patches of images, Karras et al. 2017, arXiv 1710.10196, section 5.
    """
    a_ND, b_ND = as_numbers(a), as_numbers(b)
    if a_ND.ndim != 2 or a_ND.shape != b_ND.shape or not a_ND.size:
        raise ValueError(
            f"a and b must be as many points, (N, D), but got shapes {a_ND.shape}, {b_ND.shape}."
        )
    if not (np.isfinite(a_ND).all() and np.isfinite(b_ND).all()):
        raise ValueError("a and b must be finite, but got NaN or infinity.")
    lines = rng.normal(size=(a_ND.shape[1], directions))
    lines /= np.linalg.norm(lines, axis=0)
    return float(np.abs(np.sort(a_ND @ lines, axis=0) - np.sort(b_ND @ lines, axis=0)).mean())


def _on_a_line(samples: Samples, name: str) -> Array:
    array = as_numbers(samples)
    line = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    if line.ndim != 1 or not len(line) or not np.isfinite(line).all():
        raise ValueError(
            f"{name} must be at least one finite number, (N,) or (N, 1), but got shape "
            f"{array.shape}{'' if np.isfinite(array).all() else ' with NaN or infinity'}."
        )
    return line


def _weights(weights: Samples | None, line: Array, name: str) -> Array | None:
    if weights is None:
        return None
    array = as_numbers(weights)
    if (
        array.shape != line.shape
        or not (np.isfinite(array) & (array >= 0)).all()
        or not array.any()
    ):
        raise ValueError(
            f"{name} must be {line.shape}, at least 0 and not all 0, but got shape {array.shape} "
            f"from {array.min(initial=0):g} to {array.max(initial=0):g}."
        )
    return array
