"""CGAN: the class that was asked for, and samples of each class beside those of a DCGAN, sorted.

Who needs samples of a class can do without a conditional model: train the DCGAN of the collection
(its own tuned settings, as many updates, in about as many seconds) and sort its samples by a
classifier. Sorted by the second classifier they are judged in the features of the first; sorted by
the first, their classes are judged by the second, as CGAN's are. The saboteurs are a CGAN that
learns from labels of other samples, and one whose networks are never told a class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import nan
from typing import Any

import numpy as np
import torch
from torch import Tensor

import fitness
from acceptance import Figures
from acceptance.training import built, reference, task_of, trained
from egan.collection.cgan.model import Cgan
from egan.judging.features import Features
from egan.tasks import Batch, Codes, Generation, Task
from egan.training.game import Game
from egan.training.model import stream

UPDATES = 2000
NUM_CLASSES, PER_CLASS = 10, 100
TRIES = 20
DCGAN = "DCGAN at equal updates, sorted by a classifier"
SHUFFLED = "labels of other samples"


class Untold(Cgan):
    """The same networks, of which neither is ever told a class: the label is always 0."""

    def generate(self, network: torch.nn.Module, codes: Codes) -> Tensor:
        """Make samples of class 0."""
        return super().generate(network, codes | {"labels": torch.zeros_like(codes["labels"])})

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D about samples of class 0."""
        labels = torch.zeros_like(batch.labels)
        return super().discriminate(Batch(batch.samples, {"labels": labels}))


def accept(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Train with labels, with labels shuffled, and a DCGAN without any."""
    task = task_of(reference())
    told = [run(Cgan, seed, task=task, quick=quick) for seed in seeds]
    rivals = [run("dcgan", seed, task=task, quick=quick) for seed in seeds]
    wrong = run(Cgan, seeds[0], task=shuffled(task, seeds[0]), quick=quick)
    untold = built(Untold, seeds[0], task=task, quick=quick)
    right = [accuracy(asked(model, s)) for model, s in zip(told, seeds, strict=True)]
    pairs = list(zip(rivals, seeds, strict=True))
    return [
        Figures(
            mark="accuracy",
            found=right,
            saboteur=SHUFFLED,
            sabotaged=[accuracy(asked(wrong, seeds[0]))],
        ),
        Figures(
            mark="accuracy_beside",
            found=right,
            baseline=[accuracy(chosen(m, s, reference().features, quick=quick)) for m, s in pairs],
            baseline_name=DCGAN,
            saboteur=SHUFFLED,
            sabotaged=[accuracy(asked(wrong, seeds[0]))],
        ),
        Figures(
            mark="frechet_within",
            found=[within_classes(asked(m, s)) for m, s in zip(told, seeds, strict=True)],
            baseline=[
                within_classes(chosen(m, s, reference().second, quick=quick)) for m, s in pairs
            ],
            baseline_name=DCGAN,
            saboteur=SHUFFLED,
            sabotaged=[within_classes(asked(wrong, seeds[0]))],
        ),
        Figures(
            mark="told",
            found=[answers(m, s) for m, s in zip(told, seeds, strict=True)],
            saboteur="networks that are never told",
            sabotaged=[answers(untold, seeds[0])],
        ),
    ]


def run(kind: str | type[Cgan], seed: int, *, task: Task, quick: bool) -> Any:
    """Train one of them."""
    return trained(kind, seed, task=task, updates=UPDATES, quick=quick)


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


def chosen(model: Game, seed: int, classifier: Features, *, quick: bool) -> list[Tensor]:
    """Make samples until a classifier has seen each class 100 times; return as many of each."""
    rng = stream(seed)
    kept = [torch.empty(0, *model.shape)] * NUM_CLASSES
    for _ in range(1 if quick else TRIES):
        with model.judging():
            made = model.samples(NUM_CLASSES * PER_CLASS, rng)
        seen = torch.as_tensor(classifier.classes(made))
        kept = [torch.cat([old, made[seen == i]])[:PER_CLASS] for i, old in enumerate(kept)]
        if min(map(len, kept)) == PER_CLASS:
            break
    return kept


def accuracy(samples: Sequence[Tensor]) -> float:
    """Return how often a classifier of an independent seed sees the class of samples by class."""
    labels = np.repeat(np.arange(NUM_CLASSES), [len(part) for part in samples])
    return reference().conditional_accuracy(torch.cat(list(samples)), labels)


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


def answers(model: Any, seed: int) -> float:
    """Return how many different samples of one z ten classes give, or logits of one sample."""
    labels = torch.arange(NUM_CLASSES)
    z = model.codes(1, stream(seed))["z"].repeat(NUM_CLASSES, 1)
    with model.judging():
        made = model.made({"z": z, "labels": labels})
        same = Batch(made[:1].expand(NUM_CLASSES, *model.shape), {"labels": labels})
        logits = model.discriminate(same)
    counts = (len(one.flatten(1).unique(dim=0)) for one in (made, logits[:, None]))
    return float(min(counts))
