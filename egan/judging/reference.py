"""Judge samples by networks that no model has had a hand in, beside figures to compare with.

Two small classifiers are trained on the training split of a data set, once, and cached: the first
gives the features of all distances, the second, from another seed, says whether a sample shows the
class that it was asked to show. The calibration figures tell what a score is worth:

    floor     real samples that were kept for tests, as if a model had made them
    gaussian  the naive model: each pixel normal, with its own mean and deviation
    noise     uniform noise
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

import fitness
from egan.data.dataset import Array, Dataset
from egan.judging import judge
from egan.judging.classifier import Recipe
from egan.judging.features import NUM_REFERENCE, Features, extractor

FIRST = Recipe(seed=1706, examples_per_step=4)
SECOND = Recipe(seed=1801, examples_per_step=4)
SEED = 8500
MANY = 2**28
"""Numbers of which means and deviations are taken, a GiB."""
CLASSES = ("inception_score", "confidence", "intra_class_diversity")

Scores = Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Reference:
    """Judges samples (N, *shape), images in [-1, 1], against a data set.

    Attributes:
        train: What models learn from, and what their samples are compared with.
        test: What is kept from them.
        features: Of the first classifier; of points, the points themselves.
        second: The classifier of an independent seed; it tells no classes where there are none.
    """

    train: Dataset
    test: Dataset
    features: Features
    second: Features

    def frechet(self, samples: torch.Tensor) -> float:
        """Return the Fréchet distance of features to up to 1,000 training examples; NaN if lost.

        Lower is better; `calibration` says how low. The estimate is biased upwards for few samples:
        give 1,000.
        """
        if not torch.isfinite(samples).all():
            return math.nan
        with threadpool_limits(limits=1, user_api="blas"):
            features = self.features.features(samples.detach().cpu().float())
            return fitness.frechet_distance(self.features.reference(self.train), features)

    def conditional_accuracy(self, samples: torch.Tensor, labels: Array) -> float:
        """Return how often the second classifier sees the class (N,) that was asked for, in [0, 1].

        Raises:
            ValueError: If the data set has no classes, or there is not one label for each sample.
        """
        if not torch.isfinite(samples).all():
            return math.nan
        probabilities = self.second.probabilities(samples.detach().cpu().float())
        if probabilities is None:
            raise ValueError(
                f"{self.train.name} has no classes to be right or wrong about: the conditional "
                "accuracy needs a data set with labels."
            )
        return fitness.accuracy(probabilities, labels)

    def judge(self, samples: torch.Tensor, *, labels: Array | None = None) -> dict[str, float]:
        """Score samples in all respects.

        To the scores of `egan.judging.judge` it adds, where there are classes, `inception_score`,
        `confidence` (the mean of the highest probability), `intra_class_diversity` (within `labels`
        or the classes that are seen) and, with `labels` (N,), `conditional_accuracy`. Samples that
        are not finite score NaN throughout.
        """
        scores = judge.judge(self.train, self.features, samples)
        if self.features.classifies:
            scores |= dict(zip(CLASSES, self._of_classes(samples, labels), strict=True))
            if labels is not None:
                scores["conditional_accuracy"] = self.conditional_accuracy(samples, labels)
        return scores

    def _of_classes(self, samples: torch.Tensor, labels: Array | None) -> list[float]:
        if not torch.isfinite(samples).all():
            return [math.nan] * len(CLASSES)
        samples = samples.detach().cpu().float()
        probabilities = self.features.probabilities(samples)
        assert probabilities is not None
        seen = probabilities.argmax(axis=1) if labels is None else labels
        return [
            fitness.inception_score(probabilities),
            float(probabilities.max(axis=1).mean()),
            fitness.intra_class_diversity(self.features.features(samples), seen),
        ]

    @cached_property
    def calibration(self) -> dict[str, dict[str, float]]:
        """The scores of `judge` for ``floor``, ``gaussian`` and ``noise``, computed once.

        Labels of the two baselines are drawn from those of the data.
        """
        chosen = self.train.spread(NUM_REFERENCE)
        kept = self.test.spread(NUM_REFERENCE)
        generator = torch.Generator().manual_seed(SEED)
        order = torch.randperm(len(chosen), generator=generator).numpy()
        rows = {
            "floor": (self.test.tensor(kept), _labels(self.test, kept)),
            "gaussian": (naive_samples(self.train, len(chosen), generator), None),
            "noise": (uniform_noise(self.train, len(chosen), generator), None),
        }
        asked = _labels(self.train, chosen[order])
        return {
            name: self.judge(samples, labels=asked if labels is None else labels)
            for name, (samples, labels) in rows.items()
        }

    def beside(self, name: str, value: float) -> str:
        """Return a score and the calibration figures beside it, as a line."""
        figures = {row: scores[name] for row, scores in self.calibration.items()}
        known = ", ".join(f"{row} {figure:.3g}" for row, figure in figures.items())
        return f"{name} {value:.3g} ({known})"


def prepare(train: Dataset, test: Dataset, *, cache: Path | None = None) -> Reference:
    """Train the classifiers of a data set, or read them from `cache` (see `egan.judging.features`).

    Args:
        train: One part of a data set, such as `load("digits", split="train")`.
        test: The other, `load("digits", split="test")`.
        cache: The folder of trained classifiers.
    """
    features, second = (
        extractor(train, test=test, recipe=recipe, cache=cache) for recipe in (FIRST, SECOND)
    )
    return Reference(train=train, test=test, features=features, second=second)


def naive_samples(dataset: Dataset, n: int, generator: torch.Generator) -> torch.Tensor:
    """Draw (n, *shape) samples, each number normal with its own mean and deviation in the data.

    Of data of more than 268 million numbers, in a part that is spread evenly over them.
    """
    most = MANY // math.prod(dataset.shape)
    return dataset.kind.naive(dataset.real(most), n, generator)


def uniform_noise(dataset: Dataset, n: int, generator: torch.Generator) -> torch.Tensor:
    """Draw (n, *shape) uniform samples: images in [-1, 1], points where the data are."""
    return dataset.kind.noise(dataset.samples, n, generator)


def _labels(dataset: Dataset, indices: Array) -> Array | None:
    return None if dataset.labels is None else dataset.labels[indices]
