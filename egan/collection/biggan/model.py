"""BigGAN: the conditional hinge game, and the dial between fidelity and variety."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import TYPE_CHECKING, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import mutations
from egan.collection.biggan import PRESETS, SOURCES, BigGanSettings
from egan.collection.biggan.networks import Discriminator, Generator
from egan.networks.blocks import largest_singular_value, orthogonal_penalty
from egan.networks.latent import interpolate, truncated_normal
from egan.tasks import ROW, Classes, draw_labels
from egan.training.averaging import own_statistics
from egan.training.game import Batch, Codes, Dial, Draw, Game, Objective

if TYPE_CHECKING:
    from PIL import Image

THRESHOLDS = (math.inf, 2.0, 1.5, 1.0, 0.5, 0.04)
NUM_STANDING = 250
"""Samples that batch norm's averages are taken over for a picture."""


class BigGan(Game):
    """A class-conditional generator with a dial between fidelity and variety."""

    task_type: ClassVar = Classes
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    discriminator_codes: ClassVar = ("labels",)
    tiny: ClassVar = {"width": 2, "latent_dim": 6, "embedding_dim": 3, "batch_size": 8}
    dial: ClassVar = Dial("the threshold beyond which z is drawn anew", 0.001, math.inf)
    paper_classes = 1000
    paper_parameters: ClassVar = {"generator": 70.4, "discriminator": 88.0}
    settings: BigGanSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        return Generator(self.shape, num_classes=self.num_classes, settings=self.settings)

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        return Discriminator(self.shape, num_classes=self.num_classes, settings=self.settings)

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z) from N(0, 1), and labels (count,) as the data have them."""
        if self.truncation is not None:
            return self.truncated_codes(count, rng, threshold=self.truncation)
        z = torch.randn(count, self.settings.latent_dim, generator=rng)
        return {"z": z, "labels": draw_labels(self.task.data, count, rng)}

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Make samples of the classes "labels", or for "condition" (N, K), a mixture of them."""
        samples: Tensor = network(codes["z"], codes.get("condition", codes.get("labels")))
        return samples

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D about samples and their classes."""
        logits: Tensor = self.discriminator(batch.samples, batch.labels)
        return logits

    def real_loss(self, real: Batch) -> Tensor:
        """Return the half of L_D on real samples."""
        return F.relu(1 - self.logits(real)).mean()

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return the half of L_D on generated samples."""
        return F.relu(1 + self.logits(fake)).mean()

    def objective(self) -> Objective:
        """Return −E[t]."""
        return mutations.get("hinge")

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor | None:  # noqa: ARG002
        """Return the orthogonal penalty on G, weighted."""
        if not self.settings.orthogonal_weight:
            return None
        return self.settings.orthogonal_weight * orthogonal_penalty(self.generator)

    def truncated_codes(self, count: int, rng: torch.Generator, *, threshold: float) -> Codes:
        """Draw z (count, Z), no |z_i| above a threshold τ, and labels as the data have them.

        From one state of `rng`, codes of all thresholds have the same labels and signs.
        """
        dim = self.settings.latent_dim
        z = truncated_normal(count, dim, threshold=threshold, generator=rng)
        return {"z": z, "labels": draw_labels(self.task.data, count, rng)}

    def standing(self, codes: Codes) -> nn.Module:
        """Return the averaged generator with batch norm's averages over some codes.

        Those of training, of changing weights and of z without truncation, do not fit others.
        """
        network = deepcopy(self.average)
        own_statistics(network, lambda: self.made(codes, network=network))
        return network.eval()

    def look(self) -> dict[str, float]:
        """Return all distances, the accuracy, and the largest singular value of any weight."""
        players = {"generator": self.generator, "discriminator": self.discriminator}
        values = {
            f"{name}_singular_value": largest_singular_value(one) for name, one in players.items()
        }
        return {**super().look(), **values}

    def pictures(self) -> dict[str, Draw]:
        """Show a row for each class, one for each threshold, and walks from class to class."""
        return super().pictures() | {"truncation": self.show_truncation, "walks": self.show_walks}

    def show_truncation(self, rng: torch.Generator) -> Image.Image:
        """Draw two rows for each threshold, infinity to 0.04, with a class in each column."""
        columns, start = min(self.num_classes, ROW), rng.get_state()
        labels = torch.arange(columns).repeat(2)
        rows = []
        for threshold in THRESHOLDS:
            rng.set_state(start)
            codes = self.truncated_codes(NUM_STANDING, rng, threshold=threshold)
            shown = {"z": codes["z"][: len(labels)], "labels": labels}
            rows.append(self.made(shown, network=self.standing(codes)))
        picture: Image.Image = self.task.show(torch.cat(rows), columns=columns)
        return picture

    def show_walks(self, rng: torch.Generator) -> Image.Image:
        """Draw walks from one z and class to the next."""
        classes = min(self.num_classes, ROW)
        z = self.codes(classes, rng)["z"]
        pure = torch.eye(self.num_classes)[:classes]
        ends = torch.cat([z, pure], dim=1)
        walks = torch.cat(
            [interpolate(a, b, steps=ROW) for a, b in zip(ends, ends.roll(-1, 0), strict=True)]
        )
        codes = {"z": walks[:, : z.shape[1]], "condition": walks[:, z.shape[1] :]}
        picture: Image.Image = self.task.show(self.made(codes))
        return picture
