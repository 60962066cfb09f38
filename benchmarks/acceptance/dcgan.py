"""DCGAN: beside fully connected networks, beside itself with rules broken, and D's features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import fitness
from acceptance import Check, above, below
from acceptance.training import built, num_parameters, reference, samples, task_of, train, trained
from egan.collection.dcgan import Dcgan
from egan.data.dataset import Dataset
from egan.data.splits import few_labels
from egan.training.model import Model

SEEDS = 5
UPDATES = 2000
NUM_JUDGED = 1000
BROKEN = {"halving": "pooling", "batch_norm": False, "slope": 0.0}
ENDS = (32 + 64, 64 + 1)
"""Inputs and outputs of a fully connected G and D of digits."""
MAX_DIFFERENCE = 0.05


def accept(seeds: Sequence[int], *, quick: bool) -> list[Check]:
    """Train each form at equal updates and parameters."""
    task = task_of(reference())
    options: dict[str, Any] = {"task": task, "updates": UPDATES, "quick": quick}
    whole = [trained("dcgan", seed, **options) for seed in seeds]
    broken = [trained("dcgan", seed, **options, **BROKEN) for seed in seeds]
    dense = [
        dense_rival(model, seed, quick=quick) for model, seed in zip(whole, seeds, strict=True)
    ]
    probes = [probe(model, seed) for model, seed in zip(whole, seeds, strict=True)]
    found = distances(whole, seeds)
    name = "Fréchet distance"
    return [
        below(name, found, distances(dense, seeds), baseline_name="fully connected GAN"),
        below(
            name,
            found,
            distances(broken, seeds),
            baseline_name="with pooling and ReLU in D, no batch norm",
        ),
        above(
            "linear classifier of D's features, 100 labels: accuracy",
            [features for features, _ in probes],
            [pixels for _, pixels in probes],
            baseline_name="of pixels",
        ),
    ]


def distances(models: Sequence[Model], seeds: Sequence[int]) -> list[float]:
    """Return the Fréchet distance of each model's samples."""
    pairs = zip(models, seeds, strict=True)
    return [reference().frechet(samples(model, NUM_JUDGED, seed)) for model, seed in pairs]


def dense_rival(model: Model, seed: int, *, quick: bool) -> Model:
    """Train the fully connected GAN, with its own tuned rates and as many parameters."""
    parts = ("generator", "discriminator")
    wanted = [num_parameters(model.networks[part]) for part in parts]
    widths = [dense_width(number, first) for number, first in zip(wanted, ENDS, strict=True)]
    sizes = {"width": widths[0], "discriminator_width": widths[1]}
    rival = built("gan", seed, task=model.task, quick=quick, **sizes)
    found = [num_parameters(rival.networks[part]) for part in parts]
    assert quick or abs(sum(found) / sum(wanted) - 1) < MAX_DIFFERENCE, (found, wanted)
    return train(rival, seed, updates=UPDATES, quick=quick)


def dense_width(num: int, ends: int) -> int:
    """Return the width w of two hidden layers with about w² + (ends + 2) w = `num` parameters."""
    half = (ends + 2) / 2
    return max(1, round((half**2 + num) ** 0.5 - half))


def probe(model: Model, seed: int) -> tuple[float, float]:
    """Return a linear classifier's accuracy on the test part, on D's features and on pixels."""
    judge = reference()
    assert isinstance(model, Dcgan)
    assert judge.train.labels is not None
    chosen = few_labels(judge.train.labels, seed=seed)
    parts = [(judge.train, chosen), (judge.test, np.arange(len(judge.test)))]
    found = []
    for features in (model.features, lambda images: images.flatten(1)):
        with model.judging():
            found.append(fitness.linear_probe(*(labelled(*part, features) for part in parts)))
    return found[0], found[1]


def labelled(data: Dataset, chosen: Any, features: Any) -> fitness.Labelled:
    """Return features of some samples, with their classes."""
    assert data.labels is not None
    return fitness.Labelled(features(data.tensor(chosen)).numpy(), data.labels[chosen])
