"""What a strategy reads from training curves: scores by generation, higher is better."""

import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

Curve = Sequence[float]

SHIFTS = 10
"""How many shifts of a curve that lies above another one's are tried."""
HOPELESS = 2.0
"""The p-value of a curve that lies below another one's, above every threshold."""


def smoothed(curve: Curve) -> Curve:
    """Return the mean of a Gaussian process with noise that is fitted to a curve, (N,) -> (N,).

    A Matern kernel of smoothness 5/2, over a time from 0 to 1. A curve of fewer than three points,
    or one that never moves, is returned as it is.
    """
    return _smoothed(tuple(curve))


@lru_cache(maxsize=1024)  # a curve is compared with several others
def _smoothed(curve: tuple[float, ...]) -> tuple[float, ...]:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped,unused-ignore]

    values = np.asarray(curve, dtype=np.float64)
    if len(values) < 3 or values.std() == 0:
        return curve
    times = np.linspace(0.0, 1.0, len(values))[:, None]
    kernel = ConstantKernel(1.0, (1e-2, 1e2)) * Matern(0.3, (0.05, 3.0), nu=2.5)
    model = GaussianProcessRegressor(kernel + WhiteKernel(0.1, (1e-4, 1e1)))
    middle, scale = values.mean(), values.std()
    with threadpool_limits(1), warnings.catch_warnings():  # the same bits on every machine
        warnings.simplefilter("ignore")
        model.fit(times, (values - middle) / scale)
        mean = model.predict(times)
    return tuple((middle + scale * mean).tolist())


class Overlap(NamedTuple):
    """Where two curves pass the same scores.

    Attributes:
        first: Where the first one begins to overlap.
        second: The same of the second one.
        length: Over how many points.
    """

    first: int
    second: int
    length: int


def overlap(first: Curve, second: Curve) -> Overlap | None:
    """Return from where on two curves pass the same scores, or None where they never meet.

    The one that starts lower begins where it has come to the other one's start.
    """
    starts = 0, 0
    if first[0] < second[0]:
        reached = [i for i, value in enumerate(first) if value >= second[0]]
        starts = (reached[0], 0) if reached else (len(first), 0)
    else:
        reached = [i for i, value in enumerate(second) if value >= first[0]]
        starts = (0, reached[0]) if reached else (0, len(second))
    length = min(len(first) - starts[0], len(second) - starts[1])
    return Overlap(*starts, length) if length else None


def best_score_difference(first: Curve, second: Curve) -> float:
    """Return how much higher the first curve gets than the second from the same score on.

    max of the first - max of the second, over their :func:`overlap` when smoothed. A curve that
    lies above the other one everywhere is moved down until it does not, by several shifts, and has
    the best difference of these, at least 0; for any other that never meets it, it is 0.
    """
    found = _difference(first, second)
    if found is not None:
        return found
    least, most = min(first) - max(second), min(first) - min(second)
    if least <= 0 or np.isclose(least, most):
        return 0.0
    shifts = np.linspace(least, most, SHIFTS, endpoint=False)
    differences = (_difference([v - shift for v in first], second) for shift in shifts)
    return max(0.0, *(one or 0.0 for one in differences))


def _difference(first: Curve, second: Curve) -> float | None:
    shared = overlap(smoothed(first), smoothed(second))
    if shared is None:
        return None
    return max(_of(first, shared.first, shared)) - max(_of(second, shared.second, shared))


def binomial_p(first: Curve, second: Curve) -> float:
    """Return the p-value of the first curve being above the second by chance, point by point.

    Points are paired from the same score on, see :func:`overlap`; from their starts on, where the
    smoothed curves never meet. One that lies above the other everywhere gives 0, and one that lies
    below it 2, more than any threshold.
    """
    from scipy.stats import binomtest

    shared = overlap(smoothed(first), smoothed(second))
    if shared is None:
        if min(first) > max(second):
            return 0.0
        if max(first) < min(second):
            return HOPELESS
        shared = Overlap(0, 0, min(len(first), len(second)))
    pairs = zip(_of(first, shared.first, shared), _of(second, shared.second, shared), strict=True)
    wins = sum(a > b for a, b in pairs)
    return float(binomtest(wins, shared.length, alternative="greater").pvalue)


def _of(curve: Curve, start: int, shared: Overlap) -> Curve:
    return curve[start : start + shared.length]
