"""CapsNet: pairs of digits, one over the other, beside a CNN; what is drawn of each; digits.

The CNN has as many parameters in all, and its own loss and learning rate, found on a part of the
training digits as the capsules' settings were. It is no strong rival: with batch norm after each
convolution, and nothing else changed, it gets .206 to .209 of pairs wrong, fewer than the capsules.
The decoder learns from each digit alone, which the CNN never sees.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache
from math import prod
from statistics import median
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import fitness
from acceptance import Check, at_most, below
from acceptance.training import num_parameters, trained
from egan.collection.capsnet.model import BATCH, CapsNet, Scene, scenes
from egan.data import load
from egan.judging.features import Features
from egan.tasks import Recognition, Task

UPDATES, DIGITS_UPDATES = 2000, 1000
HALF_LIFE = 0.4
CNN_LR = 2e-3
POINT = 0.01


class Convolutional(CapsNet):
    """Three convolutions with pooling, then a hidden layer that makes up for the parameters."""

    def build(self) -> dict[str, nn.Module]:
        """Build the network, a logit per class."""
        size, width = num_parameters(*super().build().values()), self.settings.filters
        body = nn.Sequential(
            *(nn.Conv2d(self.shape[0], width, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(width, 2 * width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            nn.Flatten(),
        )
        features = body(torch.zeros(1, *self.shape)).shape[1]
        left = size - num_parameters(body) - self.num_classes
        hidden = round(left / (features + 1 + self.num_classes))
        head = [nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, self.num_classes)]
        self.network = body.extend(head)
        return {"capsnet": self.network}

    def update(self) -> None:
        """Descend the cross-entropy of the classes, each as likely as the other, once."""
        self.apply_settings()
        scene = self.drawn()
        targets = F.normalize(self.present(scene.classes), p=1.0)
        self.descend(F.cross_entropy(self.classify(scene.images), targets), "capsnet")

    def classify(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, K)."""
        logits: Tensor = self.network((images + 1) / 2)
        return logits


class Outcome(NamedTuple):
    """What training led to: the model, its errors on test data, and its CPU seconds."""

    model: CapsNet
    error: float
    seconds: float


def accept(seeds: Sequence[int], *, quick: bool) -> list[Check]:
    """Measure each clause."""
    pairs, digits = (task(name) for name in ("overlapped_digits", "digits"))
    routed = [capsules(pairs, seed, quick=quick) for seed in seeds]
    once = [capsules(pairs, seed, quick=quick, routing_iterations=1) for seed in seeds]
    plain = [convolutions(pairs, seed, quick=quick) for seed in seeds]
    drawn = [drawings(outcome.model) for outcome in routed]
    told = [capsules(digits, seed, quick=quick).error for seed in seeds]
    other = [convolutions(digits, seed, quick=quick).error for seed in seeds]
    more = [a - b for a, b in zip(told, other, strict=True)]
    errors, name = [one.error for one in routed], "pairs: share not exactly right"
    return [
        below(
            f"{name} ({seconds(routed)})",
            errors,
            [one.error for one in plain],
            baseline_name=f"CNN ({seconds(plain)})",
        ),
        below(
            f"{name}, 3 rounds of routing",
            errors,
            [one.error for one in once],
            baseline_name=f"1 round ({seconds(once)})",
        ),
        below(
            "squared error of each digit drawn alone, per pixel",
            [own for own, _, _ in drawn],
            [mixed for _, mixed, _ in drawn],
            baseline_name="the image of both",
        ),
        below(
            "the same",
            [own for own, _, _ in drawn],
            [scaled for _, _, scaled in drawn],
            baseline_name="the image of both, times the best number",
        ),
        at_most("digits: errors more than the CNN's", more, POINT),
    ]


@cache
def task(name: str) -> Task:
    """Return the task of a data set; nothing is judged by features."""
    train, test = (load(name, split=part) for part in ("train", "test"))
    return Recognition(train, test, Features(lambda samples: samples.flatten(1)))


def capsules(task: Task, seed: int, *, quick: bool, **changed: float) -> Outcome:
    """Train a CapsNet."""
    return outcome(CapsNet, task, seed, quick=quick, **changed)


def convolutions(task: Task, seed: int, *, quick: bool) -> Outcome:
    """Train a CNN."""
    return outcome(Convolutional, task, seed, quick=quick, lr=CNN_LR)


def outcome(
    kind: type[CapsNet], task: Task, seed: int, *, quick: bool, **changed: float
) -> Outcome:
    """Train a model; its learning rate halves every two fifths of the updates."""
    updates = UPDATES if task.data.labels is None else DIGITS_UPDATES
    changed["lr_half_life"] = int(HALF_LIFE * updates)
    started = time.process_time()
    model = trained(kind, seed, task=task, updates=updates, quick=quick, **changed)
    took = time.process_time() - started
    assert isinstance(model, CapsNet)
    return Outcome(model, error(model), took)


def error(model: CapsNet) -> float:
    """Return the share of test images whose classes are not exactly those that are told."""
    scene = everything(model)
    with model.judging():
        scores = [model.classify(part) for part in scene.images.split(BATCH)]
    return 1 - fitness.accuracy(torch.cat(scores), model.present(scene.classes))


def drawings(model: CapsNet) -> tuple[float, float, float]:
    """Return squared errors per pixel of drawing each of two digits alone.

    From the capsule of its class; as the image of both; and as that times the best number.
    """
    scene = everything(model)
    parts = zip(*(part.split(BATCH) for part in scene), strict=True)
    with model.judging():
        errors = [model.squared_errors(model.find(one[0]), Scene(*one)) for one in parts]
    own = float(torch.cat(errors).mean()) / prod(model.shape)
    mixed, alone = (scene.images[:, None] + 1) / 2, (scene.parts + 1) / 2
    best = (mixed * alone).mean() / mixed.square().mean()
    others = ((factor * mixed - alone).square().mean() for factor in (1, best))
    return own, *(float(other) for other in others)


def everything(model: CapsNet) -> Scene:
    """Return all test images."""
    held_out = model.task.held_out
    return scenes(held_out, held_out.spread(len(held_out)))


def seconds(outcomes: Sequence[Outcome]) -> str:
    """Say how long one training takes."""
    return f"{median(one.seconds for one in outcomes):.0f} CPU s"
