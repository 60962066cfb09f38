"""SRGAN; `egan.collection.srgan` tells the paper."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import mutations
from egan.collection.srgan import PRESETS, SOURCES, SrganSettings
from egan.collection.srgan.networks import Discriminator, FixedFeatures, Generator
from egan.losses.games import whole
from egan.tasks import DAMAGED, Batch, Codes, Downscaled, Restoration
from egan.training.game import Game, Objective

FACTOR = 4
TRUE = "target"


class Srgan(Game):
    """A generator of large images from small ones, against a discriminator of large ones."""

    task_type: ClassVar = partial(Restoration, damage=Downscaled(FACTOR), spectral_weight=1.0)
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    tiny: ClassVar = {
        "width": 4,
        "blocks": 1,
        "discriminator_width": 2,
        "discriminator_units": 8,
        "batch_size": 8,
        "pretraining": 0,
    }
    settings: SrganSettings

    def build(self) -> dict[str, nn.Module]:
        """Build both networks, and those features that never change."""
        self.features = FixedFeatures(self.shape[0]).to(self.device)
        return super().build()

    def generator_network(self) -> nn.Module:
        """Build G."""
        s = self.settings
        self.task.damage.shape(self.shape)  # which says what will not do
        return Generator(self.shape[0], width=s.width, blocks=s.blocks, factor=FACTOR)

    def discriminator_network(self) -> nn.Module:
        """Build D, for images as large as those that are learned from."""
        s = self.settings
        sides = (s.crop, s.crop) if s.crop else self.shape[1:]
        shape = (self.shape[0], *sides)
        return Discriminator(shape, width=s.discriminator_width, units=s.discriminator_units)

    def draw(self, count: int | None = None) -> Batch:
        """Draw true images, or crops of them, each with its small one."""
        return self.pairs(count or self.settings.batch_size, self.rng).to(self.device)

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw small images, with the true ones."""
        batch = self.pairs(count, rng)
        return {**batch.codes, TRUE: batch.samples}

    def pairs(self, count: int, rng: torch.Generator) -> Batch:
        """Draw what is learned from on the CPU: true images, or crops of them, and small ones."""
        images = self.task.data.draw(count, rng)
        if self.settings.crop:
            images = cropped(images, self.settings.crop, rng)
        pairs: Batch = self.task.damaged(images)
        return pairs

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Enlarge the small images of codes."""
        made: Tensor = network(codes[DAMAGED])
        return made

    def made(self, codes: Codes, *, network: nn.Module | None = None) -> Tensor:
        """Enlarge the small images of codes, on the CPU, into [-1, 1]."""
        made: Tensor = self.task.data.kind.clamp(super().made(codes, network=network))
        return made

    @torch.no_grad()
    def restore(self, damaged: Tensor, rng: torch.Generator) -> Tensor:  # noqa: ARG002
        """Enlarge images (N, C, h, w) with the averaged generator, on the CPU."""
        return self.made({DAMAGED: damaged})

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Enlarge whole images of the data that were made small."""
        return self.restore(self.task.draw(count, rng).codes[DAMAGED], rng)

    def renew_statistics(self) -> None:
        """Take batch norm's statistics anew, from small images of the data if those are here."""
        if self.task.data.is_here:
            super().renew_statistics()

    def learning_rate(self, network: str) -> float:
        """Return the rate of a network, a tenth where the settings say that it is late."""
        s, rate = self.settings, super().learning_rate(network)
        is_late = s.decay_after and self.updates >= s.pretraining + s.decay_after
        return 0.1 * rate if is_late else rate

    def update(self) -> None:
        """Train G on the squared error alone, or D and then G on all that it minimises."""
        s = self.settings
        if s.decay_after and self.updates == s.pretraining + s.decay_after:
            self.apply_settings()
        if s.adversarial_weight and self.updates >= s.pretraining:
            super().update()
        else:
            fake = self.fake(s.batch_size)
            self.train_generator(self.weighed(F.mse_loss(fake.samples, fake.codes[TRUE])))

    def objective(self) -> Objective | None:
        """Return G's adversarial term, −E[log D(G(x))] before it is weighed, or none."""
        weighs = self.settings.adversarial_weight > 0
        return whole(mutations.get("heuristic")) if weighs else None

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor | None:  # noqa: ARG002
        """Return the content term, weighed."""
        return self.weighed(self.content(fake.samples, fake.codes[TRUE]))

    def weighed(self, content: Tensor) -> Tensor:
        """Return a content term over the adversarial one's weight, which stands for 1 there.

        In both phases: Adam's moments of one are on the scale of the other's gradients.
        """
        return content / (self.settings.adversarial_weight or 1.0)

    def content(self, made: Tensor, true: Tensor) -> Tensor:
        """Return the mean squared difference of images, or of their fixed features."""
        if self.settings.content == "features":
            made, true = self.features(made), self.features(true)
        return F.mse_loss(made, true)


def cropped(images: Tensor, size: int, rng: torch.Generator) -> Tensor:
    """Crop each of the images (N, C, H, W) at a random place: (N, C, size, size).

    Raises:
        ValueError: They are smaller than the crops.
    """
    height, width = images.shape[2:]
    if size > min(height, width):
        raise ValueError(
            f"--crop {size} is more than images of {height}x{width} have. Give a larger "
            "--data.image-size, or --crop 0 for whole images."
        )
    rows, columns = (
        torch.randint(side - size + 1, (len(images), 1), generator=rng) + torch.arange(size)
        for side in (height, width)
    )
    every = torch.arange(len(images))[:, None, None, None]
    channels = torch.arange(images.shape[1])[None, :, None, None]
    return images[every, channels, rows[:, None, :, None], columns[:, None, None, :]]
