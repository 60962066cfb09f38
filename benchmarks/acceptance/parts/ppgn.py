"""What PPGN is held against: ascent in pixels, a network of parities, and the paper's step."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from acceptance.training import built, reference, task_of, train
from egan.collection.ppgn.model import Ppgn
from egan.collection.ppgn.networks import Condition
from egan.collection.ppgn.walk import Walk
from egan.judging.classifier import own_random
from egan.judging.reference import Reference
from egan.training.model import stream

SIZE, UPDATES = 16, 1500
COUNT, NUM_QUICK = 1000, 40
WALK: dict[str, Any] = {"epsilon1": 0.06, "epsilon2": 3.0, "epsilon3": 0.1, "steps": 50}
RATE, DECAY, NOISE, SPREAD = 10.0, 0.0, 0.1, 1.0
"""Of ascent in pixels."""
ODD_EVEN_UPDATES = 300
FEW = 6

Scores = Mapping[str, float]


@cache
def judge() -> Reference:
    """Return what judges samples, and both parts of the data."""
    return reference("mnist5k", image_size=SIZE)


def trained(seed: int, *, quick: bool, updates: int = UPDATES) -> Ppgn:
    """Train a model; for as many updates of the classifiers at least as those take."""
    model = built("ppgn", seed, task=task_of(judge()), quick=quick, **WALK)
    assert isinstance(model, Ppgn)
    train(model, seed, updates=max(updates, model.settings.pretraining), quick=quick)
    return model


def as_kind(kind: type[Ppgn], model: Ppgn, changed: Mapping[str, Any]) -> Ppgn:
    """Return a model of another class, or with other settings, with the same networks."""
    other = kind({}, settings=model.settings.tuned(changed), task=model.task)
    other.networks, other.updates = model.networks, model.updates
    return other


def asked(count: int, num_classes: int) -> Tensor:
    """Return labels (count,), each class as often."""
    return torch.arange(count) % num_classes


def walked(model: Ppgn, *, quick: bool) -> Scores:
    """Judge samples of all classes."""
    labels = asked(NUM_QUICK if quick else COUNT, model.num_classes)
    with model.judging():
        made = model.samples_of(labels, stream(0))
    return judge().judge(made, labels=labels.numpy())


def in_pixels(model: Ppgn, *, quick: bool) -> Scores:
    """Judge images that climbed the same condition network's log-probability by themselves."""
    labels, rng = asked(NUM_QUICK if quick else COUNT, model.num_classes), stream(0)
    images = SPREAD * torch.randn(len(labels), *model.shape, generator=rng)
    with model.judging():
        for _ in range(model.settings.steps):
            with torch.enable_grad():
                leaf = images.detach().requires_grad_()
                climb = -F.cross_entropy(model.condition(leaf), labels, reduction="sum")
                [slope] = torch.autograd.grad(climb, leaf)
            noise = NOISE * torch.randn(images.shape, generator=rng)
            images = ((1 - DECAY) * images + RATE * slope + noise).clamp(-1, 1).detach()
    return judge().judge(images, labels=labels.numpy())


def share_told(images: Tensor, parities: Tensor) -> float:
    """Return how often the independent classifier tells a digit of the parity asked for."""
    told = judge().second.classes(images)
    assert told is not None
    return float((torch.from_numpy(told) % 2 == parities).float().mean())


@cache
def parity(*, quick: bool) -> nn.Module:
    """Train a condition network on odd against even, on the training part."""
    data, rng = judge().train, stream(2)
    assert data.labels is not None
    with own_random(2):
        network = Condition(data.shape, width=16, num_classes=2)
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    for _ in range(3 if quick else ODD_EVEN_UPDATES):
        chosen = torch.randint(len(data), (64,), generator=rng).numpy()
        loss = F.cross_entropy(
            network(data.tensor(chosen)), torch.from_numpy(data.labels[chosen] % 2)
        )
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    return network.eval().requires_grad_(False)


def off_the_equation(seed: int, *, sign: float = 1.0) -> float:
    """Return how far a step of a tiny model is from the paper's, relative, in float64."""
    model = built("ppgn", seed, task=task_of(judge()), quick=True)
    assert isinstance(model, Ppgn)
    labels = asked(FEW, model.num_classes)
    with model.judging():
        codes = 1.0 + model.start(FEW, stream(seed))  # away from the border at 0
        walk = as_kind(Ppgn, model, {"epsilon1": 0.3}).walk(model.towards(labels))
        if sign < 0:
            walk = Walk(
                make=walk.make,
                encode=lambda images: 2 * codes - model.encoder.codes(images),
                drive=walk.drive,
                prior=walk.prior,
                noise=walk.noise,
            )
        found = walk.step(codes, stream(seed + 1))
        for network in (model.average, model.encoder, model.condition):
            network.double()
        h = codes.double().requires_grad_()
        with torch.enable_grad():
            images = model.average(h)
            likely = model.condition(images).log_softmax(1)[range(FEW), labels].sum()
            [slope] = torch.autograd.grad(likely, h)
        s = model.settings
        step = 0.3 * (model.encoder.codes(images) - h) + s.epsilon2 * slope
        step = step + s.epsilon3 * torch.randn(codes.shape, generator=stream(seed + 1)).double()
        papers = (h + step).clamp(0, 30).detach()
    return float((found.double() - papers).norm() / (papers - codes.double()).norm())
