"""CGAN: the game in which both players are told a class."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.collection.cgan import PRESETS, SOURCES, CganSettings
from egan.collection.cgan.networks import (
    ConcatDiscriminator,
    ConvGenerator,
    PaperDiscriminator,
    PaperGenerator,
    ProjectionDiscriminator,
)
from egan.networks import dcgan, latent
from egan.networks.blocks import constrain
from egan.tasks import ROW, Batch, Classes, Codes, Draw, draw_labels
from egan.training.game import Game

if TYPE_CHECKING:
    from PIL import Image

DISTANCE_WEIGHT = 0.1


class Cgan(Game):
    """A generator that is told which class to make."""

    task_type: ClassVar = partial(Classes, distance_weight=DISTANCE_WEIGHT)
    discriminator_codes: ClassVar = ("labels",)
    presets: ClassVar = PRESETS
    tiny: ClassVar = {"width": 4, "discriminator_width": 4, "batch_size": 8, "latent_dim": 4}
    live: ClassVar = {"dropout": (nn.Dropout, "p")}
    sources: ClassVar = SOURCES
    settings: CganSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        s = self.settings
        if s.network == "maxout":
            size = s.latent_dim, self.num_classes, self.shape
            return PaperGenerator(*size, width=s.width, dropout=s.dropout)
        cbn = s.conditioning == "cbn"
        return ConvGenerator(s.latent_dim, self.num_classes, self.shape, width=s.width, cbn=cbn)

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        s, classes = self.settings, self.num_classes
        if s.network == "maxout":
            width, dropout = s.discriminator_width, s.dropout
            return PaperDiscriminator(classes, self.shape, width=width, dropout=dropout)
        concat = s.conditioning == "concat"
        channels = self.shape[0] + classes if concat else self.shape[0]
        body = dcgan.trunk((channels, *self.shape[1:]), width=s.discriminator_width)
        network = (ConcatDiscriminator if concat else ProjectionDiscriminator)(body, classes)
        if s.norm == "spectral":
            constrain(network)
        return network

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z), and labels (count,) as the data have them."""
        s = self.settings
        if s.latent == "cube":
            z = torch.rand(count, s.latent_dim, generator=rng)
        else:
            z = latent.draw_codes(count, s.latent_dim, law=s.latent, rng=rng)  # before labels: bits
        return {"z": z, "labels": draw_labels(self.task.data, count, rng)}

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Make samples of the classes "labels", or for "condition" (N, K), a mixture of them."""
        condition = codes.get("condition")
        if condition is None:
            condition = F.one_hot(codes["labels"], self.num_classes).float()
        samples: Tensor = network(codes["z"], condition)
        return samples

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D about samples and their classes."""
        logits: Tensor = self.discriminator(batch.samples, batch.labels)
        return logits

    @property
    def is_logistic(self) -> bool:
        """Whether both halves are E-GAN's: they are where labels are as they were."""
        return not self.settings.label_noise

    def real_loss(self, real: Batch) -> Tensor:
        """Return −E[log D(x|y)], with some labels replaced."""
        if self.settings.label_noise:
            real = Batch(real.samples, {"labels": self._noisy(real.labels)})
        return super().real_loss(real)

    def _noisy(self, labels: Tensor) -> Tensor:
        """Replace a share of labels (N,) by random ones."""
        chosen = torch.rand(len(labels), generator=self.rng) < self.settings.label_noise
        others = torch.randint(self.num_classes, (len(labels),), generator=self.rng)
        return torch.where(chosen.to(self.device), others.to(self.device), labels)

    def pictures(self) -> dict[str, Draw]:
        """Show a row for each class, and walks from class to class."""
        return super().pictures() | {"class_walks": self.show_walks}

    def show_walks(self, rng: torch.Generator) -> Image.Image:
        """Draw rows that walk from a class to the next, with one z."""
        classes = min(self.num_classes, ROW)
        z = self.codes(classes, rng)["z"]
        pure = torch.eye(self.num_classes)[:classes]
        t = torch.linspace(0, 1, ROW)[:, None]
        walks = [a + t * (b - a) for a, b in zip(pure, pure.roll(-1, 0), strict=True)]
        codes = {"z": z.repeat_interleave(ROW, dim=0), "condition": torch.cat(walks)}
        picture: Image.Image = self.task.show(self.made(codes))
        return picture
