"""The squared maximum mean discrepancy between two sets of samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, TypeAlias

import numpy as np

from fitness.arrays import Array, Samples, as_pair, row_blocks, scaled, squared_distances

KERNELS = ("polynomial", "gaussian")
Kernel: TypeAlias = Callable[[Array, Array], Array]
_SMALLEST = 1e-150  # of samples up to 1; the square is a normal float64
_MEDIAN_OF = 2000  # samples, of all sets alike, that the default bandwidth looks at


def squared_mmd(
    a: Samples,
    b: Samples,
    *,
    kernel: Literal["polynomial", "gaussian"] = "polynomial",
    bandwidth: float | None = None,
) -> float:
    """Return the unbiased E[k(x, x')] + E[k(y, y')] − 2 E[k(x, y)], pairs x ≠ x', y ≠ y'.

    Samples or features a (N, F) and b (M, F). Zero on average for equal distributions, so that it
    may be negative; unlike the Fréchet distance its mean does not depend on N and M. Kernels:
    `polynomial` (xᵀy/F + 1)³, the kernel inception distance; `gaussian` exp(−‖x − y‖²/(2σ²)), σ
    being `bandwidth` or, by default, the median distance between different samples among the first
    1,000 of each set.

    Raises:
        ValueError: if a set is no matrix, has under two samples or values that are not finite, if
            the numbers of features differ, if `kernel` or `bandwidth` makes no sense, or if
            float64 does not hold the polynomial kernel or the distances.

    Gretton et al. 2012, JMLR 13; as KID, Bińkowski et al. 2018, arXiv 1801.01401.
    """
    pair = as_pair(a, b, names=("a", "b"), at_least=2)
    function, (a_NF, b_MF) = prepared(*pair, kernel=kernel, bandwidth=bandwidth)
    with np.errstate(over="ignore", invalid="ignore"):
        result = _unbiased(a_NF, b_MF, function)
    check_held(result, *pair)
    return result


def prepared(
    *sets: Array, kernel: str, bandwidth: float | None
) -> tuple[Kernel, tuple[Array, ...]]:
    """Return a kernel as a function, and sets of samples as it takes them.

    Raises:
        ValueError: `kernel` or `bandwidth` makes no sense, or float64 does not hold the distances.
    """
    _check_kernel(kernel, bandwidth)
    if kernel == "polynomial":
        return _polynomial, sets
    scale, sets = scaled(*sets)
    middle_F = np.median(np.concatenate(sets), axis=0)  # few far samples do not move it
    sets = tuple(one - middle_F for one in sets)
    _check_range(sets, scale)
    variance = _median_variance(*sets) if bandwidth is None else (bandwidth / scale) ** 2
    return partial(_gaussian, variance=variance), sets


def _check_range(sets: Sequence[Array], scale: float) -> None:
    """See that squares of most samples are above 0 beside those of the farthest."""
    typical = float(np.median(np.abs(np.concatenate(sets)).max(axis=1)))
    if 0 < typical < _SMALLEST:
        raise ValueError(
            f"samples around {typical * scale:.0e} and up to {scale:.0e} together have distances "
            "that no float64 holds; remove the far ones first."
        )


def check_held(result: float | Array, *sets: Array) -> None:
    """See that float64 holds what a kernel gave for sets of samples.

    Raises:
        ValueError: It does not, as may be with the polynomial one.
    """
    if not np.isfinite(result).all():
        largest = max(np.abs(one).max() for one in sets)
        raise ValueError(
            f"samples up to {largest:.0e} have a polynomial kernel that no float64 holds; scale "
            "them first, or take kernel='gaussian'."
        )


def mean_kernel(x_NF: Array, y_MF: Array, kernel: Kernel) -> float:
    """Return E[k(x, y)] over all pairs."""
    return _kernel_sum(x_NF, y_MF, kernel) / (len(x_NF) * len(y_MF))


def _unbiased(a_NF: Array, b_MF: Array, kernel: Kernel) -> float:
    n, m = len(a_NF), len(b_MF)
    pairs_a = _kernel_sum(a_NF, a_NF, kernel, skip_diagonal=True) / (n * (n - 1))
    pairs_b = _kernel_sum(b_MF, b_MF, kernel, skip_diagonal=True) / (m * (m - 1))
    return pairs_a + pairs_b - 2 * _kernel_sum(a_NF, b_MF, kernel) / (n * m)


def _kernel_sum(x_NF: Array, y_MF: Array, kernel: Kernel, *, skip_diagonal: bool = False) -> float:
    total = 0.0
    for rows in row_blocks(len(x_NF)):
        values = kernel(x_NF[rows], y_MF)
        if skip_diagonal:
            values[np.arange(len(values)), np.arange(rows.start, rows.stop)] = 0
        total += float(values.sum())
    return total


def _polynomial(x_NF: Array, y_MF: Array) -> Array:
    base: Array = x_NF @ y_MF.T / x_NF.shape[1] + 1
    return base * base * base  # much faster than numpy's general power


def _gaussian(x_NF: Array, y_MF: Array, *, variance: float) -> Array:
    result: Array = np.exp(-squared_distances(x_NF, y_MF) / (2 * variance))
    return result


def _median_variance(*sets: Array) -> float:
    """Return the squared median distance; equal samples are left out, and 1 if all are equal."""
    pooled = np.concatenate([one[: _MEDIAN_OF // len(sets)] for one in sets])
    squared, lengths = squared_distances(pooled, pooled), (pooled**2).sum(axis=1)
    # below this a distance is rounding: copies of one sample, which a collapsed generator makes;
    # by the lengths of the pair, so that one far sample does not make equals of all others
    squared = squared[np.triu(squared > 1e-12 * (lengths[:, None] + lengths), k=1)]
    return float(np.median(squared)) if len(squared) else 1.0


def _check_kernel(kernel: str, bandwidth: float | None) -> None:
    if kernel not in KERNELS:
        raise ValueError(f"unknown {kernel=}; choose from: {', '.join(KERNELS)}.")
    if bandwidth is not None and kernel != "gaussian":
        raise ValueError(f"{bandwidth=} has no effect on {kernel=}; leave it out or use gaussian.")
    if bandwidth is not None and not (np.isfinite(bandwidth) and bandwidth > 0):
        raise ValueError(f"bandwidth must be finite and above 0, but got {bandwidth=}.")
