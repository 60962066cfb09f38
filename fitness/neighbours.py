"""Precision, recall, density and coverage: distances between samples through near neighbours.

Every sample stands for a ball that reaches to its k-th nearest neighbour in its own set. The union
of the balls around the real samples estimates where real data lie, and that of the fakes likewise.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fitness.arrays import Array, Samples, as_pair, centred, row_blocks, scaled, squared_distances


class SampleScores(NamedTuple):
    """Four scores of generated samples against real ones; higher is better.

    Attributes:
        precision: share of fakes inside some real sample's ball, in [0, 1].
        recall: share of real samples inside some fake's ball, in [0, 1].
        density: mean number of real balls around a fake, over k, at least 0, about 1 for equal
            distributions; unlike precision it is not fooled by one outlier with a large ball.
        coverage: share of real samples with some fake inside their ball, in [0, 1]; unlike recall
            it is not fooled by scattered fakes with large balls.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def precision_recall_density_coverage(real: Samples, fake: Samples, *, k: int = 5) -> SampleScores:
    """Compare real (N, F) and fake (M, F) samples or features by their k nearest neighbours.

    With r(x) the distance from x to its k-th nearest neighbour in its own set, itself excluded, and
    "inside" meaning strictly nearer than r:
    precision = E_fake[some real x: |y − x| < r(x)], recall = E_real[some fake y: |x − y| < r(y)],
    density = E_fake[number of real x: |y − x| < r(x)] / k,
    coverage = E_real[min over fakes |x − y| < r(x)].

    Raises:
        ValueError: if a set is no matrix of finite numbers, has fewer than k + 1 samples, or if the
            numbers of features differ.

    Kynkäänniemi et al. 2019, arXiv 1904.06991; Naeem et al. 2020, arXiv 2002.09797.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, the number of neighbours, but got {k=}.")
    real_NF, fake_MF = as_pair(real, fake, names=("real", "fake"))
    for name, samples in (("real", real_NF), ("fake", fake_MF)):
        if len(samples) <= k:
            raise ValueError(
                f"{name} must hold more than k={k} samples to have k neighbours each, but got "
                f"{len(samples)}; pass more samples or a smaller k."
            )
    _, small = scaled(real_NF, fake_MF)
    real_NF, fake_MF = centred(*small)
    return _compare(real_NF, fake_MF, k)


def _compare(real_NF: Array, fake_MF: Array, k: int) -> SampleScores:
    real_radii_N, fake_radii_M = _squared_radii(real_NF, k), _squared_radii(fake_MF, k)
    balls_around_M = np.zeros(len(fake_MF))
    recalled_N, covered_N = np.zeros(len(real_NF), bool), np.zeros(len(real_NF), bool)
    for rows in row_blocks(len(real_NF)):
        distances = squared_distances(real_NF[rows], fake_MF)
        in_real_ball = distances < real_radii_N[rows, None]
        balls_around_M += in_real_ball.sum(axis=0)
        covered_N[rows] = in_real_ball.any(axis=1)
        recalled_N[rows] = (distances < fake_radii_M).any(axis=1)
    return SampleScores(
        precision=float((balls_around_M > 0).mean()),
        recall=float(recalled_N.mean()),
        density=float(balls_around_M.mean() / k),
        coverage=float(covered_N.mean()),
    )


def _squared_radii(samples_NF: Array, k: int) -> Array:
    """Return each sample's squared distance (N,) to its k-th nearest other sample."""
    radii_N = np.empty(len(samples_NF))
    for rows in row_blocks(len(samples_NF)):
        distances = squared_distances(samples_NF[rows], samples_NF)
        # a sample is its own nearest, so that the k-th other is at index k
        distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = 0
        radii_N[rows] = np.partition(distances, k, axis=1)[:, k]
    return radii_N
