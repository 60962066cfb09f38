"""A generator whose units are known, and what is measured of units that are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from acceptance.training import built, reference, train
from egan.collection.dissection.model import Dissection
from egan.collection.dissection.networks import Subject, subject_settings
from egan.collection.dissection.units import (
    Edit,
    blended,
    candidates,
    masks_of,
    shares,
    watched,
)
from egan.data.shapes import PALETTE
from egan.tasks import Task
from egan.training.model import stream

RED, BLUE = 0, 2
SIDE, DARK = 8, -0.6
DRAWING = ((0, 1), (3, 4))
"""The units that draw each class, in turn; 2 and 5 are on where they are and draw nothing."""
WIRED_UPDATES = 60
FIRST, SECOND = 11, 12
"""Seeds of the codes to choose units on, and to judge them on."""
RANDOM_DRAWS = 10


class Counts(NamedTuple):
    """How many samples are looked at."""

    judged: int = 600
    ranked: int = 400


FEW = Counts(judged=40, ranked=20)


class Maps(nn.Module):
    """Codes (N, Z) -> maps (N, 8, 8, 8): squares of 3x3 places, red's on the left, blue's right."""

    def forward(self, codes: Tensor) -> Tensor:
        """Place each class, there in half of the samples, and two squares that mean nothing."""
        red, blue, other, another = (_square(codes[:, 4 * i : 4 * i + 4], i) for i in range(4))
        first, second = ((codes[:, 20 + i] > 0).float()[:, None, None] for i in range(2))
        parts = [red * first, red * (1 - first), red, blue * second, blue * (1 - second), blue]
        return torch.stack([*parts, other, another], dim=1)


def _square(codes: Tensor, side: int) -> Tensor:
    """Return maps (N, 8, 8) that are 1 in a square in one half, in half of the samples."""
    places = torch.arange(SIDE)
    rows = 1 + (codes[:, 0].sigmoid() * 6).floor()
    columns = 1 + (codes[:, 1].sigmoid() * 2).floor() + SIDE // 2 * (side % 2)
    near = [(places - at[:, None]).abs() <= 1 for at in (rows, columns)]
    there = codes[:, 2, None, None] > 0
    return (near[0][:, :, None] & near[1][:, None, :] & there).float()


class Wired(nn.Module):
    """A generator that is not trained: `DRAWING` units draw the classes, and no others."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = Maps()
        self.up = nn.Upsample(scale_factor=2.0)
        self.ink = nn.Parameter(torch.ones(()))

    def forward(self, codes: Tensor) -> Tensor:
        """Map codes to images (N, 3, 16, 16)."""
        hidden = self.up(self.maps(codes))
        images = torch.full((3, 1, 1), DARK).expand(len(codes), 3, *hidden.shape[2:])
        for units, colour in zip(DRAWING, (RED, BLUE), strict=True):
            paint = torch.tensor(2 * PALETTE[colour] - 1).float()[:, None, None]
            drawn = hidden[:, list(units)].sum(dim=1, keepdim=True) * self.ink
            images = images + drawn * (paint - images)
        return images


class WiredSubject(Subject):
    """The wired generator in the place of a trained one."""

    def generator_network(self) -> nn.Module:
        """Build it."""
        return Wired()


class WiredDissection(Dissection):
    """A dissection of the wired generator."""

    def _born(self) -> Subject:
        settings = subject_settings(self.settings)
        return WiredSubject({}, settings=settings, task=self.task, device=str(self.device))


def drawing_share(seed: int, task: Task, *, updates: int) -> float:
    """Return the share of the units chosen in the wired generator that draw their class."""
    small = {"layer": 0, "width": 2, "subject_updates": 0, "num_units": 2, "batch_size": 32}
    model = built(WiredDissection, seed, task=task, quick=False, lr=0.05, **small)
    assert isinstance(model, Dissection)
    train(model, seed, updates=updates, quick=False)
    if not updates:
        model.rng = stream(seed)
        model.training(False)
        model.survey()
    chosen = model.choice.best(2)
    return float(np.mean([float(chosen[i, list(DRAWING[i])].mean()) for i in (0, 1)]))


def others(model: Dissection, count: int) -> dict[str, Tensor]:
    """Return ones (C, U) at as many units that a user would choose without a dissection.

    Those of the best IoU, the most active ones, and random ones, several times.
    """
    with watched(model.layer) as seen:
        model.images(300, seed=FIRST)
    iou, active = model.choice.iou, seen[0].mean(dim=(0, 2, 3)).expand(len(model.classes), -1)
    found = {"by IoU alone": top(iou, count), "the most active": top(active, count)}
    for draw in range(RANDOM_DRAWS):
        found[f"random {draw}"] = top(torch.rand(iou.shape, generator=stream(draw)), count)
    return found


def top(values: Tensor, count: int) -> Tensor:
    """Return ones (C, U) at the largest values of each row."""
    order = values.topk(count, dim=1).indices
    return torch.zeros_like(values).scatter(1, order, 1.0)


class Ablation(NamedTuple):
    """What goes when units are ablated, over the classes and by sample.

    Attributes:
        own: The share of the class's pixels that go, the mean over classes.
        other: The share of the other class's pixels that change.
        left: What is left of each class (C, N), in pixels.
    """

    own: float
    other: float
    left: Tensor

    @property
    def selective(self) -> float:
        """What goes of the class less what changes of the other."""
        return self.own - self.other


def ablated(model: Dissection, chosen: Tensor, counts: Counts) -> Ablation:
    """Ablate the units (C, U) that are chosen for each of two classes."""
    before = pixels(model, None, counts)
    own, other, left = [], [], []
    for index, units in enumerate(chosen):
        after = pixels(model, blended(units, 0.0, 1.0), counts)
        whole = before.sum(dim=0).clamp(min=1)
        share = after.sum(dim=0) / whole
        own.append(float(1 - share[index]))
        other.append(float((share[1 - index] - 1).abs()))
        left.append(after[:, index])
    return Ablation(float(np.mean(own)), float(np.mean(other)), torch.stack(left))


def inserted(model: Dissection, chosen: Tensor, counts: Counts, *, mirrored: bool) -> float:
    """Return the pixels that an insertion adds to an image without the class, the classes' mean.

    At one place of the map, drawn as often as the class is there; or, `mirrored`, at the place
    opposite, where it never is.
    """
    before = pixels(model, None, counts)
    masks = masks_of(model.images(counts.judged, seed=SECOND), model.classes)
    gains = []
    for index, units in enumerate(chosen):
        share = shares(masks, model.layer.shape[1:])[:, index]
        where = candidates(share, model.choice.popularity[index], stream(index)).where
        insert = model.insertion(index, units, where.flip(3) if mirrored else where)
        after = pixels(model, insert, counts)[:, index]
        gains.append(float(after[before[:, index] == 0].mean()))
    return float(np.mean(gains))


def worst_first(model: Dissection, counts: Counts) -> Tensor:
    """Return the units in the order of the Fréchet distance without each, the lowest first."""
    alone = [frechet(model, unit, counts.ranked, FIRST) for unit in torch.eye(model.layer.shape[0])]
    return torch.from_numpy(np.argsort(alone))


def without(model: Dissection, units: Tensor, counts: Counts) -> float:
    """Return the Fréchet distance with some units ablated, by their indices."""
    return frechet(model, indicator(model, units), counts.judged, SECOND)


def indicator(model: Dissection, units: Tensor) -> Tensor:
    """Return ones (U,) at some units."""
    return torch.zeros(model.layer.shape[0]).index_fill(0, units, 1.0)


def frechet(model: Dissection, units: Tensor, count: int, seed: int) -> float:
    """Return the Fréchet distance of samples with units (U,) ablated."""
    made = model.images(count, seed=seed, edit=blended(units, 0.0, 1.0))
    return reference("scenes", image_size=16).frechet(made)


def pixels(model: Dissection, edit: Edit | None, counts: Counts) -> Tensor:
    """Return how many pixels of each class are on each sample (N, C)."""
    made = model.images(counts.judged, seed=SECOND, edit=edit)
    return masks_of(made, model.classes).float().sum(dim=(2, 3))


def mean(values: Sequence[float]) -> float:
    """Return the mean."""
    return float(np.mean(values))
