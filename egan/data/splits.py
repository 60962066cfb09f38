"""Fixed splits: what is learnt from, and what is kept for tests; the same on every machine.

A data set may say itself which samples are kept (digits: 500; overlapped digits: those made of
digits that the others are not made of). Elsewhere it is a fifth of every class, or domain; of
identities in several views, or at several ages, a fifth, each with all of its images.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from egan.data.dataset import DOMAIN, IDENTITY, Array, Dataset
from egan.data.store import taken

Split = Literal["all", "train", "test"]
SEED = 1797
LEAST = 2
"""How many samples a distance between two sets needs in each."""


def split(dataset: Dataset, part: Split) -> Dataset:
    """Return one part of a data set; `all` is the data set itself.

    A mixture or process goes on to draw fresh points, whatever the part.

    Raises:
        ValueError: If there is no such part, or the data set is too small to have it.
    """
    if part not in get_args(Split):
        raise ValueError(f"split must be one of {', '.join(get_args(Split))}, but got {part!r}.")
    if part == "all":
        return dataset
    test = dataset.test
    if test is None and IDENTITY in dataset.annotations:
        test = held_out_whole(dataset.annotations[IDENTITY])
    if test is None:
        strata = dataset.annotations.get(DOMAIN) if dataset.labels is None else dataset.labels
        test = held_out(strata, len(dataset), num_test=max(1, len(dataset) // 5))
    chosen = np.zeros(len(dataset), dtype=bool)
    chosen[test] = True
    return subset(dataset, np.flatnonzero(chosen if part == "test" else ~chosen))


def parted(dataset: Dataset, *, hold_out: bool) -> tuple[Dataset, Dataset]:
    """Return what a run learns from, and what its members are judged by.

    With `hold_out` the test part is left out altogether, and a part of the rest is held out.

    Raises:
        ValueError: There are too few samples for both.
    """
    known = held_out = learned(dataset, hold_out=hold_out)
    if hold_out:
        known, held_out = split(known, "train"), split(known, "test")
    least = 1 if dataset.simulator else LEAST  # an episode has many steps
    if len(known) < least:
        raise _too_few(dataset)
    return known, held_out


def learned(dataset: Dataset, *, hold_out: bool) -> Dataset:
    """Return the part of a data set that a run may see at all.

    Raises:
        ValueError: There are too few samples to keep some for tests.
    """
    if not hold_out:
        return dataset
    if len(dataset) < LEAST + 2:
        raise _too_few(dataset)
    return split(dataset, "train")


def _too_few(dataset: Dataset) -> ValueError:
    return ValueError(
        f"{dataset.name} has {len(dataset)} samples, but expected {LEAST + 2} or more: one is kept "
        f"for a final verdict, one to judge members by, and {LEAST} to learn from. Give more, or "
        "keep none from training: --data.no-hold-out."
    )


def subset(dataset: Dataset, indices: Array) -> Dataset:
    """Return the data set of the samples at `indices` (n,), with their labels and annotations.

    Raises:
        ValueError: If there are no indices.
    """
    if not len(indices):
        raise ValueError(
            f"a part of {dataset.name} without any of its {len(dataset)} samples in "
            f"{max(dataset.num_classes, 1)} classes. Give more, two of a class at least, or keep "
            "none from training: --data.no-hold-out."
        )
    labels = None if dataset.labels is None else dataset.labels[indices]
    known = {name: values[indices] for name, values in dataset.annotations.items()}
    samples = taken(dataset.samples, indices)
    return replace(dataset, samples=samples, labels=labels, annotations=known, test=None)


def held_out(labels: Array | None, count: int, *, num_test: int, seed: int = SEED) -> Array:
    """Draw `num_test` of `count` samples to keep, each class (labels (N,)) in its proportion.

    Shares are rounded down, and the classes with the largest remainders get one more. A class never
    gives its last sample, so that fewer are kept where classes are that small.
    """
    rng = np.random.default_rng(seed)
    if labels is None:
        return np.sort(rng.permutation(count)[:num_test])
    order = rng.permutation(count)
    classes, counts = np.unique(labels, return_counts=True)
    shares = counts * num_test / count
    quotas = np.floor(shares).astype(np.int64)
    quotas[np.argsort(quotas - shares, kind="stable")[: num_test - quotas.sum()]] += 1
    quotas = np.minimum(quotas, counts - 1)
    kept = [order[labels[order] == one][:quota] for one, quota in zip(classes, quotas, strict=True)]
    return np.sort(np.concatenate(kept))


def held_out_whole(identity: Array, *, seed: int = SEED) -> Array:
    """Draw the indices of a fifth of persons (N,) to keep, with all that there is of each."""
    persons = np.unique(identity)
    kept = np.random.default_rng(seed).permutation(persons)[: max(1, len(persons) // 5)]
    return np.flatnonzero(np.isin(identity, kept))


def few_labels(labels: Array, *, per_class: int = 10, seed: int = SEED) -> Array:
    """Draw the indices of `per_class` samples of every class, in rising order.

    For learning from few labels: the other samples are used without theirs.

    Raises:
        ValueError: If a class has fewer samples.
    """
    classes, counts = np.unique(labels, return_counts=True)
    if per_class < 1 or counts.min() < per_class:
        raise ValueError(
            f"per_class must be from 1 to {counts.min()}, the size of the smallest class, "
            f"but got {per_class}."
        )
    order = np.random.default_rng(seed).permutation(len(labels))
    chosen = [order[labels[order] == one][:per_class] for one in classes]
    return np.sort(np.concatenate(chosen))
