"""GAN: the theorem on a law of seven points, the distance on digits, a D that grows unsure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

import mutations
from acceptance import Check, at_most, below
from acceptance.training import built, reference, samples, task_of, train
from egan.collection.gan import Gan
from egan.losses.discriminator import fake_loss, real_loss

POINTS, ROUNDS, DISCRIMINATOR_STEPS = 7, 3000, 5
UPDATES, PARTS = 4000, 10
NUM_JUDGED = 1000


def accept(seeds: Sequence[int], *, quick: bool) -> list[Check]:
    """Play the game on a table, where the answer is known, and on digits."""
    games = [tabular_game(seed, rounds=5 if quick else ROUNDS) for seed in seeds]
    runs = [on_digits(seed, quick=quick) for seed in seeds]
    gaussian = reference().calibration["gaussian"]["frechet"]
    return [
        at_most("7 points: JSD of data and samples", [jsd for jsd, _ in games], 1e-4),
        at_most("7 points: largest distance of D from 1/2", [far for _, far in games], 0.01),
        below(
            "digits: Fréchet distance",
            [distance for distance, _ in runs],
            [gaussian] * len(seeds),
            baseline_name="a Gaussian per pixel",
            factor=1 / 3,
        ),
        below(
            "digits: distance of D(real) from 1/2, last fifth",
            [float(np.mean(certain[-2:])) for _, certain in runs],
            [float(np.mean(certain[:2])) for _, certain in runs],
            baseline_name="first fifth of training",
        ),
    ]


def tabular_game(seed: int, *, rounds: int) -> tuple[float, float]:
    """Play minimax on a random law p of 7 points: G is a softmax, D a logit for each point.

    Rates fall to 0, so that D is at rest too where data are rare. Return the Jensen-Shannon
    divergence in the end, in nats, and the largest |D - 1/2|.
    """
    p = torch.from_numpy(np.random.default_rng(seed).dirichlet(np.ones(POINTS)))
    theta, logits = (nn.Parameter(torch.zeros(POINTS, dtype=torch.float64)) for _ in range(2))
    players = [torch.optim.Adam([player], lr=lr) for player, lr in ((logits, 0.05), (theta, 0.01))]
    slower = [torch.optim.lr_scheduler.LinearLR(one, 1, 0, rounds) for one in players]
    minimax = mutations.get("minimax").generator
    for _ in range(rounds):
        for _ in range(DISCRIMINATOR_STEPS):
            q = theta.detach().softmax(dim=0)
            loss = p @ torch.vmap(real_loss)(logits) + q @ torch.vmap(fake_loss)(logits)
            descend(players[0], logits, loss)
        scores = torch.vmap(lambda logit: minimax(logit, None))(logits.detach())
        descend(players[1], theta, theta.softmax(dim=0) @ scores)
        for schedule in slower:
            schedule.step()
    q = theta.detach().softmax(dim=0)
    return float(jensen_shannon(p, q)), float((logits.detach().sigmoid() - 0.5).abs().max())


def descend(optimizer: torch.optim.Optimizer, parameter: nn.Parameter, loss: Tensor) -> None:
    """Take a step of one player."""
    (parameter.grad,) = torch.autograd.grad(loss, parameter)
    optimizer.step()


def jensen_shannon(p: Tensor, q: Tensor) -> Tensor:
    """Return JSD(p, q) in nats, of laws (K,) above 0."""
    middle = (p + q) / 2
    return ((p * (p / middle).log()).sum() + (q * (q / middle).log()).sum()) / 2


def on_digits(seed: int, *, quick: bool) -> tuple[float, list[float]]:
    """Train; return the Fréchet distance, and mean |D(real) - 1/2| after each tenth."""
    judge = reference()
    model = built("gan", seed, task=task_of(judge), quick=quick)
    assert isinstance(model, Gan)
    real = judge.train.real(NUM_JUDGED)
    certain = []
    for _ in range(PARTS):
        train(model, seed, updates=UPDATES // PARTS, quick=quick)
        with model.judging():
            certain.append(float((model.discriminator(real).sigmoid() - 0.5).abs().mean()))
    return judge.frechet(samples(model, NUM_JUDGED, seed)), certain
