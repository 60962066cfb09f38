"""GP-GAN; `egan.collection.gp_gan` tells the paper."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import mutations
from egan.collection.gp_gan import PRESETS, SOURCES, GpGanSettings
from egan.collection.gp_gan.networks import Blender
from egan.collection.gp_gan.poisson import pyramid
from egan.networks import dcgan
from egan.networks.halvings import map_sizes
from egan.tasks import DAMAGED, Batch, Codes, Pasted, Restoration
from egan.training.game import Game, Objective

TRUE = "target"


class GpGan(Game):
    """A generator that blends at a low size, against a critic; an equation brings details back.

    A sample is an image at the low size (N, C, L, L).
    """

    task_type: ClassVar = partial(Restoration, damage=Pasted())
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    tiny: ClassVar = {"width": 4, "discriminator_width": 4, "bottleneck": 8, "batch_size": 8}
    settings: GpGanSettings

    @property
    def low_shape(self) -> tuple[int, ...]:
        """The shape of images that the generator makes."""
        channels, *sides = self.shape
        return channels, *(min(side, self.settings.low_size) for side in sides)

    def generator_network(self) -> nn.Module:
        """Build encoder and decoder."""
        s = self.settings
        return Blender(self.low_shape, width=s.width, bottleneck=s.bottleneck)

    def discriminator_network(self) -> nn.Module:
        """Build the critic."""
        base, _ = map_sizes(self.low_shape)
        width = self.settings.discriminator_width
        return dcgan.discriminator(self.low_shape, width=width, norm="batch", base=base)

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw images with a pasted middle, each with the true one, at the low size."""
        batch = self.task.draw(count, rng)
        return {DAMAGED: self.lowered(batch.codes[DAMAGED]), TRUE: self.lowered(batch.samples)}

    def lowered(self, images: Tensor) -> Tensor:
        """Return images (N, C, H, W) at the low size."""
        if images.shape[1:] == self.low_shape:
            return images
        size = self.low_shape[1:]
        return F.interpolate(images, size=size, mode="bilinear", antialias=True).clamp(-1, 1)

    def draw(self, count: int | None = None) -> Batch:
        """Draw true images at the low size."""
        codes = self.codes(count or self.settings.batch_size, self.rng)
        return Batch(codes[TRUE]).to(self.device)

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Blend composites at the low size."""
        made: Tensor = network(codes[DAMAGED])
        return made

    def real_loss(self, real: Batch) -> Tensor:
        """Return −E[f(t)]."""
        return -self.logits(real).mean()

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return E[f(G(x))]."""
        return self.logits(fake).mean()

    def objective(self) -> Objective:
        """Return −E[f(G(x))]."""
        return mutations.get("wasserstein")

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor:  # noqa: ARG002
        """Return the squared error, by its weight over that of the critic's term."""
        weight = self.settings.l2_weight
        return weight / (1 - weight) * F.mse_loss(fake.samples, fake.codes[TRUE])

    @torch.no_grad()
    def follow(self, gradient: Sequence[Tensor | None], *names: str) -> None:
        """Take a step, and clip the critic's weights."""
        super().follow(gradient, *names)
        if "discriminator" in names:
            for parameter in self.discriminator.parameters():
                parameter.clamp_(-self.settings.clip, self.settings.clip)

    @torch.no_grad()
    def restore(self, damaged: Tensor, rng: torch.Generator) -> Tensor:  # noqa: ARG002
        """Blend composites (N, C, H, W): colours by the averaged generator, details by equation."""
        composite = damaged.cpu()
        s = self.settings
        low = self.made({DAMAGED: self.lowered(composite)})
        return pyramid(composite, low, beta=s.colour_weight, sigma=s.sigma, solver=s.solver)

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Blend composites of the data."""
        return self.restore(self.task.draw(count, rng).codes[DAMAGED], rng)

    def renew_statistics(self) -> None:
        """Take batch norm's statistics anew, from images of the data if those are here."""
        if self.task.data.is_here:
            super().renew_statistics()
