"""A verdict on samples without a model: real and generated ones, measured with intervals.

Measured is what a look measures (`egan.judging.judge`), and further

    accuracy              how often a classifier of the real images sees the class that a sample is
                          labelled with
    memorised             the share of samples nearer to a real image than that is to any other
    classification_score  the accuracy on real images of a classifier that has learned from labelled
                          samples alone (Ravuri and Vinyals 2019, arXiv 1905.10887)

Beside each stands its floor: what a half of the real samples is worth against the other half.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

import fitness
from egan.data.dataset import MODES
from egan.data.splits import split
from egan.judging.features import Features, extractor
from egan.judging.judge import COUNTED, distances
from egan.judging.measures import COPIED, measure

if TYPE_CHECKING:
    from pathlib import Path

    from egan.data.dataset import Array, Dataset
    from egan.data.kind import Kind
    from egan.judging.extractors import Extractor

LEAST = 20
"""Samples of either kind that a verdict needs."""
NORMAL_95 = 1.96
NUM_SPLITS = 10
MOST_OF_FLOOR = 4000
"""Real samples that are split in halves, for speed."""

Track = Callable[[Iterable[int], str, int], Iterable[int]]
"""Shows how far something is: what is gone through, what it is called, how long it is."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A measure of all samples.

    Attributes:
        value: What it is.
        low: The lower end of its 95% interval; NaN where nothing is known of its error.
        high: The upper end.
        floor: What real samples are worth against others; NaN where that says nothing.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    floor: float = math.nan


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was seen of N samples.

    Attributes:
        features: (N, F).
        samples: Points (N, D), for the modes of a mixture.
        classes: The class (N,) that a classifier sees in each, or None.
        labels: The class (N,) that each is said to be of, or None.
        modes: The mode (N,) of each stacked image, or None.
    """

    features: Array
    samples: Array
    classes: Array | None = None
    labels: Array | None = None
    modes: Array | None = None

    def __len__(self) -> int:
        return len(self.features)

    def part(self, places: Array) -> Seen:
        """Return some of them."""
        kept: dict[str, Any] = {k: None if v is None else v[places] for k, v in vars(self).items()}
        return Seen(**kept)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What there is to say of generated samples.

    Attributes:
        measures: By name, in the order of a report.
        memorisation: The nearest real sample of each.
        totals: Of how many a measure counts some: classes, modes.
        caveat: What to bear in mind of features; empty where nothing is amiss.
        notes: What was not measured, and why.
    """

    measures: dict[str, Estimate]
    memorisation: fitness.Memorisation
    totals: dict[str, int]
    caveat: str
    notes: tuple[str, ...]


def verdict(
    real: Dataset,
    made: Dataset,
    *,
    spec: str | Extractor | None = None,
    cache: Path | None = None,
    num_parts: int = 100,
    seed: int = 0,
    track: Track = lambda steps, *_: steps,
) -> Verdict:
    """Judge generated samples against real ones of the same shape.

    Args:
        real: The real ones; labels make a classifier of their classes.
        made: The generated ones; labels are numbers of the real ones' classes.
        spec: What features are, see `egan.judging.extractors`; else a classifier's.
        cache: The folder of trained classifiers.
        num_parts: How many random parts tell of a measure's error.
        seed: Draws these parts.
        track: Shows progress.

    Raises:
        ValueError: There are too few samples, or the features cannot be had.
    """
    for what, data in (("real", real), ("generated", made)):
        if len(data) < LEAST:
            raise ValueError(f"a verdict takes {LEAST} {what} samples or more; got {len(data)}.")
    known, test, notes = _parted(real)
    features = extractor(known, test=test, spec=spec, cache=cache)
    with threadpool_limits(limits=1, user_api="blas"):  # sums depend on the number of threads
        seen = tuple(_seen(one, features, track) for one in (real, made))
        estimates = _estimates(seen, real, num_parts, np.random.default_rng(seed), track)
    scored, more = _classification(known, test, made, features, cache=cache)
    return Verdict(
        measures=estimates | scored,
        memorisation=fitness.memorisation(seen[0].features, seen[1].features),
        totals=real.totals,
        caveat=features.caveat,
        notes=(*notes, *more),
    )


def _parted(real: Dataset) -> tuple[Dataset, Dataset | None, list[str]]:
    """Return what a classifier learns from and is tested on, and a note where that is amiss."""
    try:
        return split(real, "train"), split(real, "test"), []
    except ValueError:
        return real, None, ["no classification score: the classes have too few real images"]


def _seen(data: Dataset, features: Features, track: Track) -> Seen:
    """Look at all samples, a few hundred at a time."""
    parts = [range(i, min(i + 256, len(data))) for i in range(0, len(data), 256)]
    steps = track(range(len(parts)), f"features of {len(data):,}", len(parts))
    tensors = (data.tensor(parts[i]) for i in steps)
    seen = [
        Seen(
            features=features.features(one),
            samples=one.numpy() if one.ndim == 2 else np.empty((len(one), 0)),
            classes=features.classes(one),
            modes=features.modes(one) if features.num_modes else None,
        )
        for one in tensors
    ]
    return replace(_joined(seen), labels=data.labels)


def _joined(parts: list[Seen]) -> Seen:
    """Return what was seen of all samples from what was seen of a few at a time."""
    columns = {name: [vars(part)[name] for part in parts] for name in vars(parts[0])}
    whole: dict[str, Any] = {
        name: None if column[0] is None else np.concatenate(column)
        for name, column in columns.items()
    }
    return Seen(**whole)


def _estimates(
    seen: tuple[Seen, ...], real: Dataset, num: int, rng: np.random.Generator, track: Track
) -> dict[str, Estimate]:
    counts = len(seen[0]), len(seen[1])
    values = scores(*seen, data=real)
    strata = seen[0].labels, seen[1].labels
    parts = list(fitness.parts(counts, rng=rng, num=num, strata=strata))
    drawn = [
        _scaled(scores(seen[0].part(parts[i][0]), seen[1].part(parts[i][1]), data=real))
        for i in track(range(num), "intervals", num)
    ]
    errors = fitness.errors_of(drawn, counts)
    floor = _floor(seen[0], real, rng)
    return {
        name: _estimate(name, value, errors[name], floor.get(name, math.nan))
        for name, value in values.items()
    }


def _floor(seen: Seen, real: Dataset, rng: np.random.Generator) -> dict[str, float]:
    """Return what a half of the real samples is worth against the other: a mean over splits."""
    half, found = min(len(seen), MOST_OF_FLOOR) // 2, []
    for _ in range(NUM_SPLITS):
        order = rng.permutation(len(seen))
        parts = seen.part(order[:half]), seen.part(order[half : 2 * half])
        found.append(scores(*parts, data=real))
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


def _scaled(found: dict[str, float]) -> dict[str, float]:
    """Return scores on the scale of their axes: a distance is biased by a factor with few samples.

    That factor leaves the deviation of the logarithm as it is.
    """
    logs = {name for name in found if measure(name).scale == "log"}
    return {
        name: (math.log(value) if value > 0 else math.nan) if name in logs else value
        for name, value in found.items()
    }


def _estimate(name: str, value: float, error: float, floor: float) -> Estimate:
    """Return a value with its interval, on its own scale and within its range."""
    scale, reach = measure(name).scale, NORMAL_95 * error
    if scale == "log":
        low, high = value * math.exp(-reach), value * math.exp(reach)
    else:
        least = 0.0 if scale in ("share", "count") or name == "density" else -math.inf
        low, high = max(value - reach, least), value + reach
    if scale == "share":
        high = min(high, 1.0)
    return Estimate(value=value, low=low, high=high, floor=floor)


def scores(real: Seen, made: Seen, *, data: Dataset) -> dict[str, float]:
    """Return all that two sets of samples tell, by the names of the table of measures."""
    kind: Kind = data.kind
    found = distances(real.features, made.features, kernel=kind.kernel)
    found[COPIED] = fitness.memorisation(real.features, made.features).share
    if made.classes is not None:
        found["classes"] = float(len(np.unique(made.classes)))
        if made.labels is not None:
            found["accuracy"] = float((made.classes == made.labels).mean())
    if data.mixture is not None:
        mixture = data.mixture
        modes = fitness.mode_coverage(
            made.samples, mixture.centres, std=mixture.std, weights=mixture.weights
        )
        found |= {name: float(value) for name, value in modes._asdict().items()}
    if made.modes is not None:
        counted = fitness.class_coverage(made.modes, data.totals[MODES])
        found |= dict(zip(COUNTED, map(float, counted), strict=True))
    return found


def _classification(
    known: Dataset,
    test: Dataset | None,
    made: Dataset,
    features: Features,
    *,
    cache: Path | None,
) -> tuple[dict[str, Estimate], list[str]]:
    """Return the score of a classifier that learned from samples alone, or why there is none."""
    if not features.classifies or test is None:
        return {}, []
    if made.labels is None:
        return {}, ["no classification score: the generated images have no labels"]
    lacking = known.num_classes - len(np.unique(made.labels))
    if lacking:
        lack = f"{lacking} of {known.num_classes} classes"
        return {}, [f"no classification score: {lack} have no generated image"]
    share = extractor(made, test=test, cache=cache).accuracy or 0.0
    error = math.sqrt(share * (1 - share) / len(test))
    floor = math.nan if features.accuracy is None else features.accuracy
    return {"classification_score": _estimate("classification_score", share, error, floor)}, []
