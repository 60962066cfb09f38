"""Whether samples are copies: how near they come to real samples, beside how near those are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fitness.arrays import Array, Samples, as_pair, centred, row_blocks, scaled, squared_distances

ROUNDING = 1e-6
"""The share of a typical distance below which two samples count as one."""


class Memorisation(NamedTuple):
    """The nearest real sample of each of M fakes, and of each of N real samples the nearest other.

    Attributes:
        nearest: its place among the real ones, (M,).
        distances: how far it is, (M,), in the unit of the features.
        among_real: of each real sample the distance to the nearest other, (N,).
        share: share of fakes that are nearer to their nearest real sample than that one is to any
            other real one, in [0, 1]: about a half for new samples of the same law, 1 for copies.
    """

    nearest: NDArray[np.int64]
    distances: Array
    among_real: Array
    share: float


def memorisation(real: Samples, fake: Samples) -> Memorisation:
    """Compare fakes (M, F) with the real samples or features (N, F) that they were learned from.

    The share is one minus the authenticity of Alaa et al. 2022, arXiv 2102.08921, section 4.3.

    Raises:
        ValueError: if a set is no matrix of finite numbers, there are fewer than two real samples,
            or the numbers of features differ.
    """
    real_NF, fake_MF = as_pair(real, fake, names=("real", "fake"))
    if len(real_NF) < 2:
        raise ValueError(f"real must hold 2 samples or more to compare, but got {len(real_NF)}.")
    scale, small = scaled(real_NF, fake_MF)
    real_NF, fake_MF = centred(*small)
    _, among_N = _nearest(real_NF, real_NF, others=True)
    nearest_M, distances_M = _nearest(fake_MF, real_NF)
    nearer_M = distances_M <= among_N[nearest_M] + ROUNDING * float(np.median(among_N))
    return Memorisation(nearest_M, scale * distances_M, scale * among_N, float(nearer_M.mean()))


def _nearest(
    samples_NF: Array, among_MF: Array, *, others: bool = False
) -> tuple[NDArray[np.int64], Array]:
    """Return place and distance (N,) of the nearest; with `others` none is its own neighbour."""
    places_N = np.empty(len(samples_NF), np.int64)
    for rows in row_blocks(len(samples_NF)):
        distances = squared_distances(samples_NF[rows], among_MF)
        if others:
            distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = np.inf
        places_N[rows] = distances.argmin(axis=1)
    # once more and exactly: between equals the formula above leaves rounding
    return places_N, np.linalg.norm(samples_NF - among_MF[places_N], axis=1)
