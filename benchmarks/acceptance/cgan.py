"""CGAN: the class that was asked for, samples of each class, and what labels at random would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import nan

import numpy as np
import torch
from torch import Tensor

import fitness
from acceptance import Check, above, at_least, below
from acceptance.training import reference, task_of, trained
from egan.collection.cgan import Cgan
from egan.tasks import Batch, Codes, Generation, Task
from egan.training.model import stream

UPDATES = 2000
NUM_CLASSES, PER_CLASS = 10, 100
TRIES = 20
CHANCE, MARGIN = 0.1, 0.03


class Unconditional(Cgan):
    """The same networks, of which neither is ever told a class: the label is always 0."""

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z)."""
        drawn = super().codes(count, rng)
        return drawn | {"labels": torch.zeros_like(drawn["labels"])}

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D about samples alone."""
        labels = torch.zeros_like(batch.labels)
        return super().discriminate(Batch(batch.samples, {"labels": labels}))


def accept(seeds: Sequence[int], *, quick: bool) -> list[Check]:
    """Train with labels, with labels shuffled, and without."""
    task = task_of(reference())
    told = [run(Cgan, seed, task=task, quick=quick) for seed in seeds]
    wrong = [run(Cgan, seed, task=shuffled(task, seed), quick=quick) for seed in seeds]
    untold = [run(Unconditional, seed, task=task, quick=quick) for seed in seeds]
    right = [accuracy(model, seed) for model, seed in zip(told, seeds, strict=True)]
    mixed = [accuracy(model, seed) for model, seed in zip(wrong, seeds, strict=True)]
    return [
        at_least("accuracy of the class asked for, by an independent classifier", right, 0.9),
        above("the same", right, [CHANCE] * len(seeds), baseline_name="chance", factor=5),
        below(
            "Fréchet distance within a class, mean of 10",
            [within_classes(asked(m, s)) for m, s in zip(told, seeds, strict=True)],
            [within_classes(found(m, s)) for m, s in zip(untold, seeds, strict=True)],
            baseline_name="the same networks without labels, samples sorted by class",
        ),
        Check(
            name="accuracy after training on shuffled labels",
            found=mixed,
            mark=f"{CHANCE} +- {MARGIN}",
            kept=bool(abs(np.median(mixed) - CHANCE) <= MARGIN),
        ),
    ]


def run(kind: type[Cgan], seed: int, *, task: Task, quick: bool) -> Cgan:
    """Train one of them."""
    model = trained(kind, seed, task=task, updates=UPDATES, quick=quick)
    assert isinstance(model, Cgan)
    return model


def shuffled(task: Task, seed: int) -> Task:
    """Return the task with labels that belong to other samples."""
    assert task.data.labels is not None
    labels = np.random.default_rng(seed).permutation(task.data.labels)
    return Generation(replace(task.data, labels=labels), task.held_out, task.features)


def asked(model: Cgan, seed: int) -> list[Tensor]:
    """Make 100 samples of each class that is asked for."""
    z = model.codes(NUM_CLASSES * PER_CLASS, stream(seed))["z"]
    labels = torch.arange(NUM_CLASSES).repeat_interleave(PER_CLASS)
    with model.judging():
        return list(model.made({"z": z, "labels": labels}).split(PER_CLASS))


def accuracy(model: Cgan, seed: int) -> float:
    """Return how often a classifier of an independent seed sees the class asked for."""
    labels = np.repeat(np.arange(NUM_CLASSES), PER_CLASS)
    return reference().conditional_accuracy(torch.cat(asked(model, seed)), labels)


def found(model: Cgan, seed: int) -> list[Tensor]:
    """Make samples until a classifier has seen each class 100 times; return as many of each."""
    rng, judge = stream(seed), reference()
    kept = [torch.empty(0, *model.shape)] * NUM_CLASSES
    for _ in range(TRIES):
        with model.judging():
            made = model.samples(NUM_CLASSES * PER_CLASS, rng)
        seen = torch.as_tensor(judge.second.classes(made))
        kept = [torch.cat([old, made[seen == i]])[:PER_CLASS] for i, old in enumerate(kept)]
        if min(map(len, kept)) == PER_CLASS:
            break
    return kept


def within_classes(samples: Sequence[Tensor]) -> float:
    """Return the mean over classes of the Fréchet distance to that class; NaN if one is missing."""
    judge = reference()
    if min(map(len, samples)) < PER_CLASS:
        return nan
    distances = []
    for label, made in enumerate(samples):
        real = judge.train.tensor(np.flatnonzero(judge.train.labels == label)[:PER_CLASS])
        features = [judge.features.features(part) for part in (real, made)]
        distances.append(fitness.frechet_distance(*features))
    return float(np.mean(distances))
