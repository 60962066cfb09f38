"""How much a linear classifier can read off features: a measure of what they have disentangled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fitness.arrays import Array, Samples, as_numbers, as_pair, whole_labels


class Labelled(NamedTuple):
    """Features (N, F) and their classes (N,)."""

    features: Samples
    labels: Samples


def linear_probe(train: Labelled, test: Labelled, *, strength: float = 1.0) -> float:
    """Return the accuracy on `test` of a linear support vector machine trained on `train`.

    Features are brought to mean 0 and deviation 1 first; the machine has squared hinge loss, an L2
    penalty and one class against the others. In [0, 1], the same at every call.

    Args:
        train: Features (N, F) and classes (N,) to learn from.
        test: Features (M, F) and classes (M,) to be right on.
        strength: Weight C of the loss against the penalty: smaller is smoother.

    Raises:
        ValueError: if features are no matrices of finite numbers, their numbers or those of the
            labels differ, labels are no whole numbers, or `train` has fewer than two classes.

    Radford et al. 2015, arXiv 1511.06434 (features of a discriminator); Karras et al. 2018, arXiv
    1812.04948 (separability of attributes).
    """
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    names = ("train.features", "test.features")
    train_NF, test_MF = as_pair(train.features, test.features, names=names)
    train_N, test_M = (
        _labels(part.labels, len(features), name)
        for part, features, name in ((train, train_NF, "train"), (test, test_MF, "test"))
    )
    if len(np.unique(train_N)) < 2:
        raise ValueError(f"train needs two classes to tell apart, but got {np.unique(train_N)}.")
    machine = LinearSVC(C=strength, dual=False, max_iter=10_000, random_state=0)
    fitted = make_pipeline(StandardScaler(), machine).fit(train_NF, train_N)
    return float((fitted.predict(test_MF) == test_M).mean())


def _labels(labels: Samples, count: int, name: str) -> Array:
    array = as_numbers(labels)
    if array.shape != (count,):
        raise ValueError(f"{name}.labels must be ({count},), but got {array.shape}.")
    return whole_labels(array, name=f"{name}.labels")
