"""Scores of samples by the classes that a classifier sees in them, or that they were meant to have.

Probabilities and scores are (N, K), a row per sample and a column per class; labels are (N,).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fitness.arrays import (
    Array,
    Samples,
    as_matrix,
    as_numbers,
    centred,
    row_blocks,
    scaled,
    squared_distances,
    whole_labels,
)


def inception_score(probabilities: Samples) -> float:
    """Return exp E_x KL(p(y|x) ‖ p(y)), p(y) being the mean over the samples; higher is better.

    Probabilities (N, K) -> a number in [1, K]: K where every sample is surely of some class and all
    classes are equally frequent, 1 where the classes tell nothing about the samples. It sees no
    variety within a class.

    Raises:
        ValueError: if the probabilities are no matrix of finite numbers, one is negative or a row
            does not sum to 1.

    Salimans et al. 2016, arXiv 1606.03498, there with the Inception network's classes.
    """
    p_NK = as_matrix(probabilities, name="probabilities")
    if p_NK.min() < 0 or np.abs(p_NK.sum(axis=1) - 1).max() > 1e-4:
        raise ValueError(
            "probabilities must be at least 0 and sum to 1 in each row, but the smallest is "
            f"{p_NK.min():.3g} and the rows sum to {p_NK.sum(axis=1).min():.4g} to "
            f"{p_NK.sum(axis=1).max():.4g}; apply softmax to logits first."
        )
    ratios_NK = np.divide(p_NK, p_NK.mean(axis=0), out=np.ones_like(p_NK), where=p_NK > 0)
    return float(np.exp((p_NK * np.log(ratios_NK)).sum(axis=1).mean()))


class ClassCoverage(NamedTuple):
    """How samples are spread over K classes.

    Attributes:
        modes: number of classes that are seen, in 0..K; higher is better.
        kl: KL(p || 1/K) of the classes' shares p, in nats, in [0, log K]; lower is better. Of N
            samples with equal shares it is about (K - 1) / 2N.
    """

    modes: int
    kl: float


def class_coverage(classes: Samples, num_classes: int) -> ClassCoverage:
    """Count which of `num_classes` classes (N,) are seen, and how evenly.

    Raises:
        ValueError: if there are no classes, they are no whole numbers, or one is not below
            `num_classes`.

    Srivastava et al. 2017, "VEEGAN", arXiv 1705.07761, there with the 1,000 classes of stacked
    MNIST and 26,000 samples.
    """
    classes_N = whole_labels(as_numbers(classes), name="classes")
    if classes_N.ndim != 1 or not len(classes_N) or not _within(classes_N, num_classes):
        raise ValueError(
            f"classes must be (N,) whole numbers from 0 to {num_classes - 1}, but got "
            f"{classes_N.shape}: {classes_N!r:.60}."
        )
    counts_K = np.bincount(classes_N.astype(np.int64), minlength=num_classes)
    p_K = counts_K[counts_K > 0] / len(classes_N)
    return ClassCoverage(modes=len(p_K), kl=float((p_K * np.log(p_K * num_classes)).sum()))


def _within(classes_N: Array, num_classes: int) -> bool:
    return bool(classes_N.min() >= 0 and classes_N.max() < num_classes)


def accuracy(scores: Samples, labels: Samples) -> float:
    """Return the share of samples whose classes are exactly those with the highest scores.

    Scores (N, K) such as logits or capsule lengths; labels are classes (N,), or (N, K) with ones at
    a sample's classes and zeros elsewhere: with k ones, its k highest scores must be there. Of
    equal scores the first class counts as higher. In [0, 1]; with two classes per image it is the
    share of exact pairs of Sabour et al. 2017, arXiv 1710.09829.

    Raises:
        ValueError: if the scores are no matrix of finite numbers, the labels have neither shape,
            are no whole numbers, name a class that has no score, or none at all.
    """
    scores_NK = as_matrix(scores, name="scores")
    wanted_NK = _indicator(as_numbers(labels), scores_NK.shape)
    order_NK = np.argsort(-scores_NK, axis=1, kind="stable")
    ranked_NK = np.take_along_axis(wanted_NK, order_NK, axis=1)
    counts_N1 = wanted_NK.sum(axis=1, keepdims=True)
    right_NK = ranked_NK == (np.arange(ranked_NK.shape[1]) < counts_N1)
    return float(right_NK.all(axis=1).mean())


def intra_class_diversity(features: Samples, labels: Samples) -> float:
    """Return the mean distance between two samples of one class, averaged over the classes.

    Features (N, F) and classes (N,) -> a number of at least 0, in the unit of the features; 0 where
    a class is one sample repeated. Classes with a single sample are left out.

    Raises:
        ValueError: if the features are no matrix of finite numbers, there is not one whole label
            for each sample, or no class has two samples.
    """
    features_NF = as_matrix(features, name="features", at_least=2)
    labels_N = as_numbers(labels)
    _check_labels(labels_N, len(features_NF))
    groups = [features_NF[labels_N == one] for one in np.unique(labels_N)]
    means = [_mean_distance(group) for group in groups if len(group) > 1]
    if not means:
        raise ValueError(
            f"no class has two samples to compare: {len(labels_N)} samples of {len(groups)} "
            "classes; pass more samples."
        )
    return float(np.mean(means))


def normalized_mutual_information(first: Samples, second: Samples) -> float:
    """Return I(a; b) / ((H(a) + H(b)) / 2) of two labellings (N,) of the same samples.

    In [0, 1]: 1 where each tells the other, whatever the labels are called; 0 where they are
    independent. For few samples it is biased upwards: print that of a random labelling beside it.

    Raises:
        ValueError: if the labellings are not of equal length, empty, or no whole numbers.
    """
    from sklearn.metrics import normalized_mutual_info_score

    first_N, second_N = as_numbers(first), as_numbers(second)
    _check_labels(first_N, second_N.size)
    _check_labels(second_N, len(first_N))
    return float(normalized_mutual_info_score(first_N, second_N))


def _indicator(labels: Array, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return (N, K), true at each sample's classes."""
    if labels.shape == shape:
        if not np.isin(labels, (0, 1)).all():
            raise ValueError("labels (N, K) must hold zeros and ones, but got other values.")
        if not (labels == 1).any(axis=1).all():
            num_none = int((labels != 1).all(axis=1).sum())
            raise ValueError(
                f"labels (N, K) must hold a one in each row, but {num_none} of {len(labels)} "
                "samples have no class; leave them out."
            )
        return np.asarray(labels == 1)
    _check_labels(labels, shape[0])
    if labels.min() < 0 or labels.max() >= shape[1]:
        raise ValueError(
            f"labels must be from 0 to {shape[1] - 1}, a score for each, but got "
            f"{labels.min():g} to {labels.max():g}."
        )
    return np.asarray(labels[:, None] == np.arange(shape[1]))


def _check_labels(labels: Array, count: int) -> None:
    if labels.shape != (count,) or not count:
        raise ValueError(
            f"labels must be ({count},), one for each of the samples, but got {labels.shape}."
        )
    whole_labels(labels)


def _mean_distance(samples_NF: Array) -> float:
    """Return the mean distance over pairs of different samples."""
    scale, (small_NF,) = scaled(samples_NF)
    (centred_NF,) = centred(small_NF)
    total = 0.0
    for rows in row_blocks(len(centred_NF)):
        distances = np.sqrt(squared_distances(centred_NF[rows], centred_NF))
        distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = 0
        total += distances.sum()
    return scale * float(total / (len(centred_NF) * (len(centred_NF) - 1)))
