"""Ranking by several scores at once: non-dominated fronts and crowding, as in NSGA-II.

Scores are (N, M), one row per candidate and one column per score, all higher is better. A row that
holds NaN or infinity is worse than any row that does not, and dominates nothing. Numpy only.

Deb et al. 2002, "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE Transactions
on Evolutionary Computation 6(2).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Indices = NDArray[np.intp]
Scores = NDArray[np.float64]


def fronts(scores: ArrayLike) -> list[Indices]:
    """Sort candidates into fronts, best first; each front holds row indices in rising order.

    a dominates b if it is at least as good in every score and better in one. The first front is
    dominated by nobody, each later one only by those before it; equal rows share a front. All rows
    that are not finite make one last front. Together the fronts hold each of the N rows once;
    there is none for N = 0.

    Raises:
        ValueError: if `scores` has no shape (N, M) with M at least 1.
    """
    matrix_NM = _as_scores(scores)
    finite_N = np.isfinite(matrix_NM).all(axis=1)
    left, result = np.flatnonzero(finite_N), []
    dominates = _domination(matrix_NM[left])
    while len(left):
        best = ~dominates.any(axis=0)
        result.append(left[best])
        left, dominates = left[~best], dominates[~best][:, ~best]
    if not finite_N.all():
        result.append(np.flatnonzero(~finite_N))
    return result


def crowding_distance(scores: ArrayLike) -> Scores:
    """Return for each member of one front how far its neighbours are, (N, M) -> (N,).

    The sum over scores of (next higher value − next lower value) / range: large where a front is
    thinly populated. Infinite for the best and the worst in any score, so that the ends of a front
    survive; a score that is equal for all counts 0. Of equal rows at an end the one that comes
    first (lowest) or last (highest) is the end. Rows that are not finite get 0 and are nobody's
    neighbours.

    Raises:
        ValueError: if `scores` has no shape (N, M) with M at least 1.
    """
    matrix_NM = _as_scores(scores)
    finite_N = np.isfinite(matrix_NM).all(axis=1)
    result = np.zeros(len(matrix_NM))
    if finite_N.sum() <= 2:
        result[finite_N] = np.inf
        return result
    result[finite_N] = np.sum([_gaps(column_N) for column_N in matrix_NM[finite_N].T], axis=0)
    return result


def crowded_order(scores: ArrayLike) -> Indices:
    """Return all row indices, best first: by front, then by falling crowding distance, then index.

    (N, M) -> (N,). The first μ are NSGA-II's survivors.

    Raises:
        ValueError: if `scores` has no shape (N, M) with M at least 1.
    """
    matrix_NM = _as_scores(scores)
    ordered = [
        front[np.argsort(-crowding_distance(matrix_NM[front]), kind="stable")]
        for front in fronts(matrix_NM)
    ]
    return np.concatenate(ordered) if ordered else np.empty(0, dtype=np.intp)


def _domination(scores_NM: Scores) -> NDArray[np.bool_]:
    """Return (N, N), whether the row's candidate dominates the column's."""
    mine, other = scores_NM[:, None], scores_NM[None, :]
    return np.asarray((mine >= other).all(axis=2) & (mine > other).any(axis=2))


def _gaps(column_N: Scores) -> Scores:
    """Return one score's part of the crowding distance."""
    order = np.argsort(column_N, kind="stable")
    ordered = column_N[order]
    gaps = np.zeros(len(column_N))
    if ordered[0] == ordered[-1]:
        return gaps
    gaps[order[1:-1]] = (ordered[2:] - ordered[:-2]) / (ordered[-1] - ordered[0])
    gaps[order[[0, -1]]] = np.inf
    return gaps


def _as_scores(scores: ArrayLike) -> Scores:
    matrix = np.asarray(scores, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] == 0:
        raise ValueError(
            f"scores must have shape (N, M), a row per candidate and a column per score, but got "
            f"{matrix.shape}; a single score becomes a column by scores[:, None]."
        )
    return matrix
