"""Selection rules: functions from scores to the places of the chosen, best first.

Scores are (N,) or (N, M) arrays, higher is better. NaN and infinite scores rank worst. Ties keep
their order, so a selection is a pure function of the scores.
"""

import numpy as np
import numpy.typing as npt

from fitness.pareto import crowding_distance, fronts

Scores = npt.NDArray[np.float64]


def ranking(scores: npt.ArrayLike) -> list[int]:
    """Return all places from best to worst, (N,) -> N integers."""
    return [int(i) for i in np.argsort(-usable(scores), kind="stable")]


def usable(scores: npt.ArrayLike) -> Scores:
    """Return the scores with NaN and both infinities as -inf: none of them may win."""
    values = np.asarray(scores, dtype=np.float64)
    return np.where(np.isfinite(values), values, -np.inf)


def truncation(scores: npt.ArrayLike, count: int) -> list[int]:
    """Return the ``count`` best places; fewer where fewer scores are finite."""
    values = usable(scores)
    return [i for i in ranking(values)[:count] if values[i] > -np.inf]


def tournament(
    scores: npt.ArrayLike, count: int, *, size: int = 2, rng: np.random.Generator
) -> list[int]:
    """Return ``count`` winners of tournaments among ``size`` places drawn without replacement."""
    values = usable(scores)
    entrants = min(size, len(values))
    draws = (rng.choice(len(values), size=entrants, replace=False) for _ in range(count))
    return [int(draw[np.argmax(values[draw])]) for draw in draws]


def pareto(scores: npt.ArrayLike, count: int) -> list[int]:
    """Return the ``count`` best places of (N, M) scores by front, then by crowding (NSGA-II).

    Deb et al. 2002, section III. Rows with a score that is not finite are never chosen.
    """
    values = np.asarray(scores, dtype=np.float64)
    finite = np.flatnonzero(np.isfinite(values).all(axis=1))
    chosen: list[int] = []
    for front in fronts(values[finite]):
        crowding = crowding_distance(values[finite][front])
        order = np.argsort(-crowding, kind="stable")
        chosen += [int(finite[np.asarray(front)[i]]) for i in order]
    return chosen[:count]
