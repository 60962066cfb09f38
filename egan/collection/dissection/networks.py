"""The generator that is looked into if no other is given, and the choice of its units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import mutations
from egan import networks
from egan.collection.dissection import DissectionSettings
from egan.config import GameSettings
from egan.tasks import Batch, Codes, Generation
from egan.training.game import Game, Objective


@dataclass(frozen=True, kw_only=True)
class SubjectSettings(GameSettings):
    """Settings of the generator that is looked into."""

    width: int = 48
    """Channels before the image."""
    beta1: float = 0.0
    """Adam's decay of the mean gradient."""
    beta2: float = 0.99
    """Adam's decay of the mean squared gradient."""


def subject_settings(settings: DissectionSettings) -> SubjectSettings:
    """Return the settings that a dissection trains its generator with."""
    return SubjectSettings(
        batch_size=settings.batch_size,
        width=settings.width,
        generator_lr=settings.subject_lr,
        discriminator_lr=2 * settings.subject_lr,
    )


class Subject(Game):
    """A small DCGAN with hinge loss.

    Of 16x16 pixels, with a width W:

        G    z 64 -> 2W x 4x4 -> W x 8x8 -> x 3x16x16
        D    x 3x16x16 -> W x 8x8 -> 2W x 4x4 -> t
    """

    task_type: ClassVar = Generation
    settings: SubjectSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        s = self.settings
        return networks.generator(
            "dcgan", self.shape, latent_dim=s.latent_dim, width=s.width, norm="batch"
        )

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        width = self.settings.width
        return networks.discriminator("dcgan", self.shape, width=width, norm="spectral")

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z) from N(0, 1)."""
        return {"z": torch.randn(count, self.settings.latent_dim, generator=rng)}

    def real_loss(self, real: Batch) -> Tensor:
        """Return E[max(0, 1 − t(x))]."""
        return F.relu(1 - self.logits(real)).mean()

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return E[max(0, 1 + t(G(z)))]."""
        return F.relu(1 + self.logits(fake)).mean()

    def objective(self) -> Objective:
        """Return −E[t(G(z))]."""
        return mutations.get("hinge")


class Choice(nn.Module):
    """Which units draw each class: α (C, U), the levels k (C, U) to insert, and the IoU (C, U).

    And how often each place of the map (C, h * w) is the one where most of a class is.
    """

    levels: Tensor
    iou: Tensor
    popularity: Tensor
    surveyed: Tensor

    def __init__(self, num_classes: int, num_units: int, num_places: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.zeros(num_classes, num_units))
        self.register_buffer("levels", torch.zeros(num_classes, num_units))
        self.register_buffer("iou", torch.zeros(num_classes, num_units))
        self.register_buffer("popularity", torch.ones(num_classes, num_places))
        self.register_buffer("surveyed", torch.tensor(False))

    def best(self, count: int) -> Tensor:
        """Return ones (C, U) at the `count` units of each class with the largest α."""
        order = self.alpha.topk(min(count, self.alpha.shape[1]), dim=1).indices
        return torch.zeros_like(self.alpha).scatter(1, order, 1.0)
