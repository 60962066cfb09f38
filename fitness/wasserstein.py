"""The exact Wasserstein-1 distance of samples on a line."""

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
