"""pix2pix; `egan.collection.pix2pix` tells the paper."""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import mutations
from egan.collection.pix2pix import PRESETS, SOURCES, Pix2PixSettings
from egan.collection.pix2pix.networks import UNet
from egan.losses.games import whole
from egan.networks.blocks import initialise
from egan.networks.patches import PatchDiscriminator
from egan.tasks import TARGET, Batch, Codes, Translation
from egan.training.game import Game, Objective

ENLARGED = 286 / 256
SOURCE, NOISE = "source", "noise"


class Pix2Pix(Game):
    """A generator that turns an image into another, against a discriminator of pairs."""

    task_type: ClassVar = Translation
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    tiny: ClassVar = {"width": 4, "discriminator_width": 4, "batch_size": 8}
    paper_parameters: ClassVar = {"generator": 54.414, "discriminator": 2.769}
    discriminator_codes: ClassVar = (SOURCE,)
    augmentable: ClassVar = False
    settings: Pix2PixSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        network = UNet(self.task.data.shape, self.shape[0], width=self.settings.width)
        initialise(network, "normal")
        return network

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        s = self.settings
        beside = self.task.data.shape[0] if s.conditional else 0
        network = PatchDiscriminator(
            self.shape[0] + beside, width=s.discriminator_width, num_layers=s.patch_layers
        )
        initialise(network, "normal")
        return network

    def draw(self, count: int | None = None) -> Batch:
        """Draw targets (N, C', H, W), each with its "source"."""
        source, target = self._pairs(count or self.settings.batch_size, self.rng)
        return Batch(target, {SOURCE: source}).to(self.device)

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw sources with their targets, and dropout's masks."""
        source, target = self._pairs(count, rng)
        return {SOURCE: source, TARGET: target, NOISE: self.masks(count, rng)}

    def _pairs(self, count: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        batch = self.task.draw(count, rng)
        source, target = batch.samples, batch.codes[TARGET]
        return jittered(source, target, rng) if self.settings.jitter else (source, target)

    def masks(self, count: int, rng: torch.Generator) -> Tensor:
        """Draw what dropout multiplies units by (N, units): 0, or what keeps their mean."""
        network: UNet = self.average  # type: ignore[assignment]
        kept = torch.rand(count, network.num_noise, generator=rng) >= self.settings.dropout
        return kept.float() / (1 - self.settings.dropout)

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Translate the sources of codes."""
        made: Tensor = network(codes[SOURCE], codes[NOISE])
        return made

    @torch.no_grad()
    def translate(self, source: Tensor, rng: torch.Generator) -> Tensor:
        """Translate images (N, C, H, W) with the averaged generator, on the CPU."""
        return self.made({SOURCE: source, NOISE: self.masks(len(source), rng)})

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D for the logits of all patches (N * patches,), image by image."""
        images = batch.samples
        if self.settings.conditional:
            images = torch.cat([batch.codes[SOURCE], images], dim=1)
        logits: Tensor = self.discriminator(images)
        return logits.flatten()

    def objective(self) -> Objective | None:
        """Return G's adversarial term: −E[log D(x, G(x))], whole beside the L1 term, or none."""
        return None if self.settings.loss == "l1" else whole(mutations.get("heuristic"))

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor | None:  # noqa: ARG002
        """Return the weighted mean absolute difference to the targets."""
        if self.settings.loss == "adversarial":
            return None
        return self.settings.l1_weight * F.l1_loss(fake.samples, fake.codes[TARGET])


def jittered(source: Tensor, target: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Enlarge pairs (N, C, H, W), crop each at one random place, and mirror half of them.

    Isola et al. 2016, arXiv 1611.07004, appendix 6.2.
    """
    size = source.shape[-1]
    large = round(size * ENLARGED)
    count = len(source)
    rows, columns = (
        torch.randint(large - size + 1, (count, 1), generator=rng) + torch.arange(size)
        for _ in range(2)
    )
    mirror = torch.rand(count, generator=rng) < 0.5
    columns = torch.where(mirror[:, None], columns.flip(1), columns)
    every = torch.arange(count)[:, None, None, None]

    def moved_alike(images: Tensor) -> Tensor:
        enlarged = F.interpolate(images, size=(large, large), mode="bilinear", align_corners=False)
        channels = torch.arange(images.shape[1])[None, :, None, None]
        return enlarged[every, channels, rows[:, None, :, None], columns[:, None, None, :]]

    return moved_alike(source), moved_alike(target)
