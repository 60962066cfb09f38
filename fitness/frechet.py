"""The Fréchet distance between Gaussians fitted to two sets of samples."""

from __future__ import annotations

import math

import numpy as np

from fitness.arrays import Array, Samples, as_pair, scaled


def frechet_distance(a: Samples, b: Samples) -> float:
    """Return ‖μ_a − μ_b‖² + tr(A + B − 2 (A^½ B A^½)^½), the squared Wasserstein-2 distance.

    μ are means and A, B covariances (with N − 1) of samples or features (N, F) and (M, F). In the
    squared unit of the features, at least 0, symmetric, 0 for equal sets. The trace of the root is
    the sum of the roots of the eigenvalues of A^½ B A^½, a symmetric product, so that there is no
    general matrix root and nothing complex. The estimate is biased upwards for few samples: compare
    at equal N and M.

    Raises:
        ValueError: if a set is no matrix, has under two samples or values that are not finite, if
            the numbers of features differ, or the distance is beyond what float64 holds.

    Dowson and Landau 1982; as FID on Inception features, Heusel et al. 2017, arXiv 1706.08500.
    """
    scale, (a_NF, b_MF) = scaled(*as_pair(a, b, names=("a", "b"), at_least=2))
    distance = max(_distance(a_NF, b_MF), 0.0)
    if distance > 0 and not math.isfinite(distance * scale * scale):
        raise ValueError(
            f"samples up to {scale:.0e} have a distance that no float64 holds; scale them first."
        )
    return distance * scale * scale


def _distance(a_NF: Array, b_MF: Array) -> float:
    mean_distance = ((a_NF.mean(axis=0) - b_MF.mean(axis=0)) ** 2).sum()
    many_features = max(len(a_NF), len(b_MF)) < a_NF.shape[1]
    of = _traces_of_samples if many_features else _traces
    traces, trace_of_root = of(a_NF, b_MF)
    return float(mean_distance + traces - 2 * trace_of_root)


def _traces(a_NF: Array, b_MF: Array) -> tuple[float, float]:
    """Return tr(A + B) and tr (A^½ B A^½)^½ from matrices (F, F)."""
    cov_a_FF, cov_b_FF = _covariance(a_NF), _covariance(b_MF)
    root_FF = _symmetric_root(cov_a_FF)
    eigenvalues = np.linalg.eigvalsh(root_FF @ cov_b_FF @ root_FF)
    # rounding makes zero eigenvalues slightly negative
    trace_of_root = np.sqrt(np.maximum(eigenvalues, 0)).sum()
    return np.trace(cov_a_FF) + np.trace(cov_b_FF), trace_of_root


def _traces_of_samples(a_NF: Array, b_MF: Array) -> tuple[float, float]:
    """Return the same from a matrix (N, M), which is smaller where features outnumber samples.

    With A = XᵀX and B = YᵀY the eigenvalues of A^½ B A^½ are the squared singular values of XYᵀ.
    """
    x_NF, y_MF = (_deviations(one) for one in (a_NF, b_MF))
    trace_of_root = np.linalg.svd(x_NF @ y_MF.T, compute_uv=False).sum()
    return (x_NF**2).sum() + (y_MF**2).sum(), trace_of_root


def _deviations(samples_NF: Array) -> Array:
    """Return the samples less their mean, over √(N − 1)."""
    centred_NF = samples_NF - samples_NF.mean(axis=0)
    result: Array = centred_NF / np.sqrt(len(samples_NF) - 1)
    return result


def _covariance(samples_NF: Array) -> Array:
    """Return the unbiased covariance (F, F), also for a single feature."""
    centred_NF = samples_NF - samples_NF.mean(axis=0)
    result: Array = centred_NF.T @ centred_NF / (len(samples_NF) - 1)
    return result


def _symmetric_root(matrix_FF: Array) -> Array:
    """Return the positive semi-definite root of a positive semi-definite matrix."""
    eigenvalues_F, vectors_FF = np.linalg.eigh(matrix_FF)
    result: Array = (vectors_FF * np.sqrt(np.maximum(eigenvalues_F, 0))) @ vectors_FF.T
    return result
