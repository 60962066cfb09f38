"""Scores of samples from a mixture of round Gaussians, whose modes are known."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from fitness.arrays import Array, Samples, as_pair


class MixtureScores(NamedTuple):
    """How well samples fit a mixture of K modes.

    Attributes:
        modes: number of modes covered, in 0..K; higher is better.
        high_quality: share of samples that belong to some mode, in [0, 1]; higher is better.
        jsd: Jensen-Shannon divergence between the modes' shares and those that they should have, in
            nats, in [0, log 2]; lower is better.
    """

    modes: int
    high_quality: float
    jsd: float


def mode_coverage(
    samples: Samples,
    centres: Samples,
    *,
    std: float,
    weights: Samples | None = None,
    radius: float = 3.0,
    share: float = 0.1,
) -> MixtureScores:
    """Score samples (N, F) against a mixture of Gaussians at `centres` (K, F).

    They are as likely as `weights` (K,) say, whose sum is 1; by default all alike, q = 1/K.

    A sample is of high quality, and belongs to the nearest centre, if it lies within `radius`
    times `std` of it. A mode is covered if at least `share` of its fair share q N of the samples
    belong to it. The divergence, to base e, compares the modes' shares p of the high-quality
    samples with q: ½ KL(p ‖ (p+q)/2) + ½ KL(q ‖ (p+q)/2). Where no sample belongs to any mode there
    is no p, and it is log 2, the value for distributions without anything in common.

    In two dimensions a Gaussian has 98.9% of its mass within 3 std.

    Raises:
        ValueError: if samples or centres are no matrices of finite numbers, or none, if their
            numbers of features differ, if `std`, `radius` or `share` is not above 0, or if there is
            not a weight above 0 for each centre.

    Lin et al. 2018, "PacGAN", arXiv 1712.04086, and Srivastava et al. 2017, arXiv 1705.07761, for
    the use of modes and high-quality samples.
    """
    for name, value in (("std", std), ("radius", radius), ("share", share)):
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be finite and above 0, but got {value!r}.")
    samples_NF, centres_KF = as_pair(samples, centres, names=("samples", "centres"))
    counts_K = _samples_per_mode(samples_NF, centres_KF, (radius * std) ** 2)
    q_K = _shares(weights, len(centres_KF))
    return MixtureScores(
        modes=int((counts_K >= share * len(samples_NF) * q_K).sum()),
        high_quality=float(counts_K.sum() / len(samples_NF)),
        jsd=_divergence(counts_K, q_K),
    )


def _shares(weights: Samples | None, count: int) -> Array:
    """Return the shares (K,) that modes should have."""
    if weights is None:
        return np.full(count, 1 / count)
    shares_K = np.asarray(weights, dtype=np.float64)
    fits = shares_K.shape == (count,) and (shares_K > 0).all()
    if not fits or not math.isclose(float(shares_K.sum()), 1.0, rel_tol=1e-6):
        raise ValueError(
            f"weights must be {count} numbers above 0, their sum 1, but got {weights}."
        )
    return shares_K


def _samples_per_mode(samples_NF: Array, centres_KF: Array, squared_radius: float) -> Array:
    """Count the high-quality samples (K,) by their nearest centre."""
    distances_NK = ((samples_NF[:, None] - centres_KF) ** 2).sum(axis=2)
    nearest_N = distances_NK.argmin(axis=1)
    good_N = distances_NK.min(axis=1) <= squared_radius
    return np.bincount(nearest_N[good_N], minlength=len(centres_KF)).astype(np.float64)


def _divergence(counts_K: Array, q_K: Array) -> float:
    """Return the Jensen-Shannon divergence of counts from shares, log 2 if all counts are 0."""
    if counts_K.sum() == 0:
        return math.log(2)
    p_K = counts_K / counts_K.sum()
    middle_K = (p_K + q_K) / 2
    return max(0.5 * (_kl(p_K, middle_K) + _kl(q_K, middle_K)), 0.0)


def _kl(p_K: Array, q_K: Array) -> float:
    """Return Σ p log(p/q), where terms with p = 0 are 0."""
    some = p_K > 0
    return float((p_K[some] * np.log(p_K[some] / q_K[some])).sum())
