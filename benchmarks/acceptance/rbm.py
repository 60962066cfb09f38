"""Boltzmann machines: gradients and likelihoods that are known, digits and noise, a deep machine.

Digits are in black and white. Exact likelihoods are of 3x4 of their pixels and 8 hidden units.
The law of two neighbours has its backing searched on a fifth of the training digits (1 to 100),
the machines their rates there, seed 100, in 1,600 updates: .03, .1 and .3, of the deep one .03 and
.1. The best stand below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor

from acceptance import Figures
from acceptance.training import built, reference, task_of, train
from egan.collection.rbm.model import LEVELS, Rbm
from egan.data.levels import quantised
from egan.judging.tables import two_neighbours
from egan.tasks import Task
from egan.training.model import stream

SEEDS = 3
UPDATES = 1200
STAGES = ((1.0, 2), (0.3, 1), (0.1, 1))
"""Shares of the learning rate, and quarters of the updates."""
RESTRICTED = {"hidden": 64, "lr": 0.3}
DEEP = {"hidden": 64, "second_hidden": 32, "pretraining": 500, "gibbs_steps": 5, "lr": 0.1}
SMALL = {"hidden": 8, "num_chains": 100, "lr": 0.1}
SMALL_UPDATES, LEARNED = 400, 300
PATCH = np.s_[:, :, 1:7:2, 2:6]
"""3x4 pixels of a digit."""
BACKING = 3.0
NUM_CHAINS = 4000
ROUNDS = (1, 10)
TRIED = (
    "Missed: CD-10 is no nearer to the gradient than CD-1. After 300 updates the weights of so "
    "small a machine are small, one round of Gibbs sampling forgets nearly all, and the chance of "
    "the chains decides. With weights of deviation 0.7 the tests see CD-10 nearer "
    "(tests/egan/collection/test_rbm.py). Nothing else was tried."
)


class Negated(Rbm):
    """It climbs what it should descend."""

    def loss(self, visible: Tensor) -> Tensor:
        """Return minus what is descended."""
        return -super().loss(visible)


class FromNoise(Rbm):
    """Its chains start anywhere, not at the data."""

    def sampled(self, positive: dict[int, Tensor]) -> dict[int, Tensor]:
        """Return the noise itself."""
        return self.noise(len(positive[0]), self.rng)


def accept(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Measure each mark."""
    digits = task_of(reference())
    return [
        *exact_marks(seeds, patches(digits), quick=quick),
        *digits_marks(seeds, digits, quick=quick),
    ]


def exact_marks(seeds: Sequence[int], task: Task, *, quick: bool) -> list[Figures]:
    """Measure what is known by summing over all states."""
    ones, tens = zip(*(cosines(Rbm, seed, task, quick=quick) for seed in seeds), strict=True)
    _, still = cosines(FromNoise, seeds[0], task, quick=quick)
    astray, _ = cosines(Negated, seeds[0], task, quick=quick)
    return [
        Figures(
            mark="rises",
            found=[risen(Rbm, seed, task, quick=quick) for seed in seeds],
            saboteur="the gradient's negative",
            sabotaged=[risen(Negated, seed, task, quick=quick) for seed in seeds[:1]],
        ),
        Figures(
            mark="nearer",
            found=tens,
            baseline=ones,
            baseline_name="CD-1",
            saboteur="chains that start anywhere and stay there",
            sabotaged=[still],
        ),
        Figures(
            mark="near",
            found=ones,
            saboteur="the gradient's negative",
            sabotaged=[astray],
        ),
    ]


def digits_marks(seeds: Sequence[int], task: Task, *, quick: bool) -> list[Figures]:
    """Measure machines of whole digits."""
    models = [machine(Rbm, seed, task, quick=quick, **RESTRICTED) for seed in seeds]
    deep = [machine(Rbm, seed, task, quick=quick, **DEEP) for seed in seeds]
    fresh = built(Rbm, seeds[0], task=task, quick=quick, **RESTRICTED)
    fresh_deep = built(Rbm, seeds[0], task=task, quick=quick, **DEEP)
    beside = {
        "baseline": [neighbours(task)] * len(seeds),
        "baseline_name": "two neighbours",
        "saboteur": "untrained",
    }
    return [
        Figures(
            mark="likelihood",
            found=[nats(one) for one in models],
            sabotaged=[nats(fresh)],
            **beside,
        ),
        Figures(
            mark="deep", found=[nats(one) for one in deep], sabotaged=[nats(fresh_deep)], **beside
        ),
        Figures(
            mark="separates",
            found=[told_apart(one, seed) for one, seed in zip(models, seeds, strict=True)],
            saboteur="untrained",
            sabotaged=[told_apart(fresh, seeds[0])],
        ),
        Figures(
            mark="alike",
            found=[alike(one) for one in models],
            saboteur="untrained",
            sabotaged=[alike(fresh)],
        ),
    ]


def machine(kind: type[Rbm], seed: int, task: Task, *, quick: bool, **settings: Any) -> Any:
    """Train a machine, whose rate falls."""
    model = built(kind, seed, task=task, quick=quick, **settings)
    given = {name: getattr(model.settings, name) for name in (*settings, *Rbm.tiny)}
    for share, quarters in STAGES:
        model.configure({**given, "lr": share * settings["lr"]})
        train(model, seed, updates=quarters * UPDATES // 4, quick=quick)
    return model


def nats(model: Any) -> float:
    """Return log p of held-out digits, estimated; of a deep machine a bound."""
    held_out = model.task.held_out
    with model.judging():
        found = model.log_density(held_out.tensor(np.arange(len(held_out))), stream(1))
    return float(found.mean())


def neighbours(task: Task) -> float:
    """Return log p of held-out digits, each pixel after two neighbours."""
    parts = (part.tensor(np.arange(len(part))) for part in (task.data, task.held_out))
    real, held_out = (quantised(part, LEVELS) for part in parts)
    return float(two_neighbours(real, held_out, levels=LEVELS, backing=BACKING).mean())


def told_apart(model: Any, seed: int) -> float:
    """Return how well log-weights tell held-out digits from pixels of their own laws each (AUC)."""
    visible = model.visible(model.task.held_out.real(1000))
    rng = stream(seed)
    noise = (torch.rand(visible.shape, generator=rng) < visible.mean(dim=0)).to(visible.dtype)
    with model.judging():
        weights = model.log_weight(torch.cat([visible, noise]))
    labels = np.repeat([1, 0], len(visible))
    return float(roc_auc_score(labels, weights.numpy()))


def alike(model: Any) -> float:
    """Return how a chain's samples correlate with those ten rounds later."""
    with model.judging():
        return float(model.autocorrelation(stream(1))[10])


def patches(task: Task) -> Task:
    """Return 3x4 pixels of each digit."""
    parts = [
        replace(part, samples=part.samples[PATCH], labels=None)
        for part in (task.data, task.held_out)
    ]
    return type(task)(*parts, task.features)


def risen(kind: type[Rbm], seed: int, task: Task, *, quick: bool) -> float:
    """Return by how much training raises the exact likelihood of what is trained on, in nats."""
    model = built(kind, seed, task=task, quick=False, **SMALL)
    images = task.data.tensor(np.arange(len(task.data)))
    before = exact(model, images)
    train(model, seed, updates=SMALL_UPDATES, quick=quick)
    return exact(model, images) - before


def exact(model: Any, images: Tensor) -> float:
    """Return the mean of log p of images, Z summed."""
    with model.judging():
        assert model.machine.exact_log_partition() is not None
        return float(model.log_density(images, stream(0)).mean())


def cosines(kind: type[Rbm], seed: int, task: Task, *, quick: bool) -> tuple[float, float]:
    """Return the cosines of CD-1 and of CD-10, of many chains, with the exact gradient.

    Of a machine that has learned a while, on the whole data, over and over.
    """
    learned = built(Rbm, seed, task=task, quick=False, **SMALL, persistent=False)
    train(learned, seed, updates=LEARNED, quick=quick)
    model: Any = built(kind, seed, task=task, quick=False, **SMALL, persistent=False)
    model.load_state_dict(learned.state_dict())  # a broken estimate of the same gradient
    images = task.data.real(NUM_CHAINS // 10 if quick else NUM_CHAINS)
    visible = model.visible(images)
    parameters = [*model.machine.parameters()]
    log_p = model.log_weight(visible) - model.log_partition(stream(0))
    right = flat(torch.autograd.grad(-log_p.mean(), parameters))
    found = []
    for rounds in ROUNDS:
        model.configure({**SMALL, "persistent": False, "gibbs_steps": rounds})
        model.rng = stream(seed)
        estimates = [flat(torch.autograd.grad(model.loss(visible), parameters)) for _ in range(10)]
        estimate = torch.stack(estimates).mean(dim=0)
        found.append(float(torch.cosine_similarity(estimate, right, dim=0)))
    return found[0], found[1]


def flat(gradients: Sequence[Tensor]) -> Tensor:
    """Return gradients in one row."""
    return torch.cat([one.flatten() for one in gradients])
