"""Improved GAN: few labels, modes that are found, and an orbit that history keeps bounded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

import fitness
from acceptance import Check, above, at_least, at_most, below
from acceptance.training import built, num_parameters, reference, samples, task_of, train
from egan.collection.improved_gan import modes, semi_supervised
from egan.collection.improved_gan.model import ImprovedGan
from egan.data import load
from egan.judging.features import Features
from egan.losses.averaging import historical_averaging
from egan.tasks import Generation

SEEDS = 5
LABELLED_UPDATES, MODES_UPDATES = 2000, 5000
NUM_JUDGED = 4000
WIDTH, WIDTH_WITHOUT = 128, 136
"""Of the discriminator with minibatch discrimination and without, for equal parameters."""
RATE, STEPS, HISTORY = 0.05, 2000, 1.0


class FewLabels(ImprovedGan):
    """The model with the preset that learns from ten labels of each class."""

    presets = {"small": semi_supervised}  # noqa: RUF012 - as in ImprovedGan


class Modes(ImprovedGan):
    """The model with the preset for twenty-five Gaussians."""

    presets = {"small": modes}  # noqa: RUF012 - as in ImprovedGan


def accept(seeds: Sequence[int], *, quick: bool) -> list[Check]:
    """Train with and without what a technique adds."""
    few, alone = ([error(s, quick=quick, weight=w) for s in seeds] for w in (1.0, 0.0))
    with_it, without = ([found(s, quick=quick, kernels=k) for s in seeds] for k in (True, False))
    ratio = [one[1] / other[1] for one, other in zip(with_it, without, strict=True)]
    orbits = [(orbit(seed, weight=HISTORY), orbit(seed, weight=0.0)) for seed in seeds]
    exact = (1 + RATE**2) ** (STEPS / 2)
    return [
        below("error, ten labels of each class", few, alone, factor=0.8, baseline_name="labels"),
        above(
            "25 Gaussians: modes, minibatch discrimination",
            [one[0] for one in with_it],
            [one[0] for one in without],
            baseline_name="without",
        ),
        *([] if quick else [at_most("25 Gaussians: ratio of parameters", ratio, 1.05)]),
        *([] if quick else [at_least("25 Gaussians: ratio of parameters", ratio, 0.95)]),
        at_most("x y: radius with historical averaging / at the start", [o[0] for o in orbits], 1),
        at_most(
            "x y: relative difference of the radius without from sqrt(1 + rate^2)^steps",
            [abs(o[1] / exact - 1) for o in orbits],
            1e-9,
        ),
    ]


def error(seed: int, *, quick: bool, weight: float) -> float:
    """Return the share of test digits that a classifier from few labels gets wrong."""
    judge = reference()
    changed = {} if weight else {"unlabelled_weight": weight}
    model = built(FewLabels, seed, task=task_of(judge), quick=quick, **changed)
    train(model, seed, updates=LABELLED_UPDATES, quick=quick)
    assert isinstance(model, ImprovedGan)
    with model.judging():
        return 1 - model.accuracy()


def found(seed: int, *, quick: bool, kernels: bool) -> tuple[float, int]:
    """Return how many of the 25 modes samples have, and the number of D's parameters."""
    data = load("gaussians25")
    task = Generation(data, data, Features(lambda points: points))
    changed = (
        {"discriminator_width": WIDTH}
        if kernels
        else {"num_kernels": 0, "discriminator_width": WIDTH_WITHOUT}
    )
    model = built(Modes, seed, task=task, quick=quick, **changed)
    train(model, seed, updates=MODES_UPDATES, quick=quick)
    assert isinstance(model, ImprovedGan)
    assert data.mixture is not None
    made = samples(model, NUM_JUDGED, seed)
    coverage = fitness.mode_coverage(made, data.mixture.centres, std=data.mixture.std)
    return float(coverage.modes), num_parameters(model.discriminator)


def orbit(seed: int, *, weight: float) -> float:
    """Play min_x max_y x y by simultaneous gradient steps; return by what the radius grew."""
    start = np.random.default_rng(seed).standard_normal(2)
    players = [torch.tensor(one, dtype=torch.float64, requires_grad=True) for one in start]
    means = [one.detach().clone() for one in players]
    for step in range(STEPS):
        x, y = players
        history = weight * historical_averaging(players, means)
        pulls = torch.autograd.grad(history, players)
        moves = (y.detach() + pulls[0], -x.detach() + pulls[1])
        with torch.no_grad():
            for player, move, mean in zip(players, moves, means, strict=True):
                player.sub_(RATE * move)
                mean.add_((player - mean) / (step + 2))
    return float(np.linalg.norm([one.item() for one in players]) / np.linalg.norm(start))
