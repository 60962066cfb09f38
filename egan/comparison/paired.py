"""Two methods seed by seed: the median of their differences, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from egan.judging.measures import Measure, measure

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]
RESAMPLES = 10_000
SEED = 1_987
INTERVAL = (2.5, 97.5)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A method's values of a measure beside another's, of the same seeds.

    Attributes:
        of: The measure.
        ours: A value for each seed (S,).
        theirs: The other's (S,).
    """

    of: Measure
    ours: Array
    theirs: Array

    @cached_property
    def differences(self) -> Array:
        """Ours minus theirs (S,); 0 where both runs were lost."""
        lost = np.isinf(self.ours) & (self.ours == self.theirs)
        return np.where(lost, 0.0, self.ours - np.where(lost, 0.0, self.theirs))

    @property
    def median(self) -> float:
        """The median of the differences."""
        return float(np.median(self.differences))

    @cached_property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of that median, seeds drawn again with replacement, pair by pair.

        Efron and Tibshirani 1993, "An introduction to the bootstrap", section 13.3 (percentiles).
        """
        rng = np.random.default_rng(SEED)
        drawn = rng.integers(len(self.differences), size=(RESAMPLES, len(self.differences)))
        medians = np.median(self.differences[drawn], axis=1)
        low, high = np.percentile(medians, INTERVAL, method="nearest")
        return float(low), float(high)

    @property
    def num_better(self) -> int:
        """In how many seeds ours is better."""
        return int((self.of.sign * self.differences > 0).sum())

    @property
    def surely_better(self) -> bool:
        """Whether the interval lies on the better side of 0."""
        return min(self.of.sign * end for end in self.interval) > 0

    @property
    def disjoint(self) -> bool:
        """Whether our worst seed is better than their best."""
        return bool((self.of.sign * self.ours).min() > (self.of.sign * self.theirs).max())

    @property
    def worst(self) -> tuple[float, float]:
        """The worst seed of ours, and of theirs."""
        sign = self.of.sign
        return float(sign * (sign * self.ours).min()), float(sign * (sign * self.theirs).min())

    def __str__(self) -> str:
        low, high = self.interval
        text = " to ".join(signed(self.of, end) for end in (low, high))
        return f"{signed(self.of, self.median)} ({text})"


def signed(one: Measure, value: float) -> str:
    """Return a difference of a measure's values, with its sign."""
    text = one.text(abs(value))
    sign = "+" if value > 0 else "-"
    return sign + text if text.strip("0.%") else text


def values(results: pd.DataFrame, method: str, name: str) -> pd.Series[float]:
    """Return a method's values by seed; a lost run counts as the worst there is.

    Args:
        results: Rows of one budget.
        method: The method.
        name: The measure.
    """
    rows = results[results["method"] == method].set_index("seed")[name].sort_index()
    return rows.astype(float).fillna(measure(name).worst)


def pair(results: pd.DataFrame, method: str, other: str, name: str) -> Pair | None:
    """Return two methods' values of the seeds that both have; None where there is no such seed."""
    ours, theirs = values(results, method, name), values(results, other, name)
    common = ours.index.intersection(theirs.index)
    if common.empty:
        return None
    numbers: tuple[Any, Any] = ours[common].to_numpy(), theirs[common].to_numpy()
    return Pair(of=measure(name), ours=numbers[0], theirs=numbers[1])


def best_of(results: pd.DataFrame, methods: list[str], name: str) -> str | None:
    """Return which of the methods has the best median of a measure, the first of equal ones."""
    known = [method for method in methods if (results["method"] == method).any()]
    sign = measure(name).sign
    medians = [sign * float(values(results, method, name).median()) for method in known]
    return known[int(np.argmax(medians))] if known else None
