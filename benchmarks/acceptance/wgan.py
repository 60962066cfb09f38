"""WGAN: the critic's gap beside the exact distance on a line, and modes of 25 Gaussians."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import torch
from torch import Tensor

import fitness
import mutations
from acceptance import Check, above, at_most
from acceptance.training import QUICK_UPDATES, built, samples, train
from egan.collection.wgan import Wgan, gaussians25
from egan.data import load
from egan.data.dataset import Array, Dataset
from egan.data.line import BIMODAL, LineMixture
from egan.judging.features import Features
from egan.losses import discriminator as logistic
from egan.tasks import Batch, Generation
from egan.training.model import stream
from mutations.objectives import Objective

CRITIC_UPDATES, UPDATES = 500, 2000
NUM_EXACT, NUM_JUDGED = 20_000, 2500
ERROR = 0.05
PAIRS = {
    "two Gaussians, moved": (
        LineMixture(weights=(1.0,), means=(0.0,), stds=(0.5,)),
        LineMixture(weights=(1.0,), means=(0.5,), stds=(0.5,)),
    ),
    "two Gaussians, one wider": (
        LineMixture(weights=(1.0,), means=(0.0,), stds=(0.3,)),
        LineMixture(weights=(1.0,), means=(0.0,), stds=(0.9,)),
    ),
    "a mixture and a Gaussian": (BIMODAL, LineMixture(weights=(1.0,), means=(-0.4,), stds=(1.0,))),
}
CRITIC = {
    "network": "mlp",
    "generator_norm": "none",
    "discriminator_width": 64,
    "batch_size": 256,
    "discriminator_lr": 3e-3,
}
PHASES = (
    {"penalty_weight": 0.1, "discriminator_lr": 3e-3},
    {"penalty_weight": 1.0, "discriminator_lr": 3e-3},
    {"penalty_weight": 10.0, "discriminator_lr": 1e-3},
    {"penalty_weight": 10.0, "discriminator_lr": 1e-4},
)
"""A large weight from the start holds the critic's slope at the sign that it happens to have."""


class LogLoss(Wgan):
    """The same networks, rates and steps in the game of logarithms."""

    def real_loss(self, real: Batch) -> Tensor:
        """Return −E[log D(x)]."""
        return logistic.real_loss(self.logits(real))

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return −E[log(1 − D(G(z)))]."""
        return logistic.fake_loss(self.logits(fake))

    def penalty(self, real: Batch, fake: Batch) -> None:
        """Return None: there is no penalty."""

    def objective(self) -> Objective:
        """Return −½ E[log D(G(z))]."""
        return mutations.get("heuristic")


def accept(seeds: Sequence[int], *, quick: bool) -> list[Check]:
    """Train critics between laws that are known, and both games on the mixture."""
    checks = []
    for name, pair in PAIRS.items():
        errors = [relative_error(pair, seed, quick=quick) for seed in seeds]
        checks.append(at_most(f"critic's gap, relative error of W1: {name}", errors, ERROR))
    found, rival = ([modes(kind, s, quick=quick) for s in seeds] for kind in (Wgan, LogLoss))
    return [
        *checks,
        above(
            "modes of 25 Gaussians", found, rival, baseline_name="logarithmic loss, same networks"
        ),
    ]


def relative_error(pair: tuple[LineMixture, LineMixture], seed: int, *, quick: bool) -> float:
    """Train a critic between two laws on a line; return how far its gap is from their distance."""
    rng = np.random.default_rng(seed)
    data = Dataset("line", pair[0].points(NUM_EXACT, rng), process=pair[0])
    other = Dataset("other", pair[1].points(NUM_EXACT, rng), process=pair[1])
    task = Generation(data, data, Features(lambda points: points))
    model = built(Wgan, seed, task=task, quick=quick, **CRITIC)
    assert isinstance(model, Wgan)
    model.rng = stream(seed)
    num = QUICK_UPDATES if quick else CRITIC_UPDATES
    for phase in PHASES:
        model.configure(phase)
        for _ in range(num):
            fake = Batch(other.draw(model.settings.batch_size, model.rng))
            model.train_discriminator(model.draw(), fake)
    real, fake = (torch.from_numpy(part.samples.copy()) for part in (data, other))
    with torch.no_grad():
        gap = float((model.discriminator(real).mean() - model.discriminator(fake).mean()).abs())
    return abs(gap / fitness.wasserstein_1d(data.samples, other.samples) - 1)


def modes(kind: type[Wgan], seed: int, *, quick: bool) -> float:
    """Train on 25 Gaussians; return how many are covered."""
    data = load("gaussians25")
    assert data.mixture is not None
    settings = asdict(gaussians25().settings)
    task = Generation(data, data, Features(lambda points: points))
    model = built(kind, seed, task=task, quick=quick, **settings)
    train(model, seed, updates=UPDATES, quick=quick)
    mixture = data.mixture
    made: Array = samples(model, NUM_JUDGED, seed).numpy()
    return float(fitness.mode_coverage(made, mixture.centres, std=mixture.std).modes)
