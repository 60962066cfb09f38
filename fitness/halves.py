"""How far a score of two sets of samples would vary with the samples: by random parts of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from fitness.arrays import Array

LARGEST, SMALLEST = 1000, 50
"""Samples that a part of the larger set has at most, and one of the smaller set at least."""


def parts(
    counts: tuple[int, int],
    *,
    rng: np.random.Generator,
    num: int,
    strata: tuple[Array | None, Array | None] = (None, None),
) -> Iterator[tuple[Array, Array]]:
    """Yield places of real samples and of fakes: the same share of both, without repetition.

    Repeated samples, as the bootstrap has them, would be each other's nearest neighbours and bias
    distances; parts without repetition do neither.

    Args:
        counts: How many samples there are of either kind.
        rng: Draws the parts.
        num: How many parts there are.
        strata: Of real samples and of fakes the classes (n,), which have the same share of each
            part as of all; None where there are none.
    """
    share = share_of(counts)
    for _ in range(num):
        real, fake = (
            _part(n, max(2, round(share * n)), classes, rng)
            for n, classes in zip(counts, strata, strict=True)
        )
        yield real, fake


def _part(count: int, size: int, classes: Array | None, rng: np.random.Generator) -> Array:
    """Draw places of samples, every so manieth of a random order in which classes lie together."""
    order = rng.permutation(count)
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
    steps = (np.arange(size) + rng.random()) * count / size
    return np.sort(order[steps.astype(np.int64)])


def share_of(counts: tuple[int, int]) -> float:
    """Return which share of the samples a part has: a half, and less of many, for speed."""
    return min(0.5, max(LARGEST / max(counts), SMALLEST / min(counts)))


def errors_of(drawn: Sequence[Mapping[str, float]], counts: tuple[int, int]) -> dict[str, float]:
    """Return standard errors of scores of all samples from those of `parts` of them, by name.

    NaN where a score was never finite.

    The deviation over parts of a share f, times sqrt(f / (1 − f)): the delete-d jackknife, Shao and
    Wu 1989, "A general theory for jackknife variance estimation". It holds for neighbours and
    quantiles too, where leaving out single samples does not.
    """
    share = share_of(counts)
    factor = math.sqrt(share / (1 - share))
    errors = {}
    for name in drawn[0]:
        values = np.array([one[name] for one in drawn])
        finite = values[np.isfinite(values)]
        errors[name] = factor * float(finite.std(ddof=1)) if len(finite) > 1 else math.nan
    return errors
