"""Context encoder; `egan.collection.context_encoder` tells the paper."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import torch
from torch import Tensor, nn

import mutations
from egan.collection.context_encoder import PRESETS, SOURCES, ContextEncoderSettings
from egan.collection.context_encoder.networks import Discriminator, Filler
from egan.losses.games import whole
from egan.tasks import DAMAGED, Batch, Codes, Hole, Restoration
from egan.training.game import Game, Objective

TRUE = "target"
HOLE = Hole()


class ContextEncoder(Game):
    """A generator of what is in a hole, against a discriminator of such patches.

    A sample is the hole with the overlap around it (N, C, H / 2 + 2 overlap, W / 2 + 2 overlap).
    """

    task_type: ClassVar = partial(Restoration, damage=HOLE, spectral_weight=0.1)
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    tiny: ClassVar = {"width": 4, "discriminator_width": 4, "bottleneck": 8, "batch_size": 8}
    settings: ContextEncoderSettings

    def generator_network(self) -> nn.Module:
        """Build encoder and decoder."""
        s = self.settings
        return Filler(self.shape, width=s.width, bottleneck=s.bottleneck, border=s.overlap)

    def discriminator_network(self) -> nn.Module:
        """Build D, for patches as large as the hole."""
        return Discriminator(self.shape, width=self.settings.discriminator_width)

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw images with a hole, each with what was there and in the overlap."""
        batch = self.task.draw(count, rng)
        return {**batch.codes, TRUE: self.patch(batch.samples)}

    def draw(self, count: int | None = None) -> Batch:
        """Draw patches of true images."""
        codes = self.codes(count or self.settings.batch_size, self.rng)
        return Batch(codes[TRUE]).to(self.device)

    def patch(self, images: Tensor) -> Tensor:
        """Return the hole of whole images, with the overlap around it."""
        return HOLE.window(images, border=self.settings.overlap)

    def inner(self, patches: Tensor) -> Tensor:
        """Return patches without the overlap: the hole (N, C, H / 2, W / 2)."""
        edge = self.settings.overlap
        height, width = patches.shape[2:]
        return patches[..., edge : height - edge, edge : width - edge]

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Make the patches that images with a hole lack."""
        made: Tensor = network(codes[DAMAGED])
        return made

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D about the hole alone."""
        logits: Tensor = self.discriminator(self.inner(batch.samples))
        return logits

    def objective(self) -> Objective | None:
        """Return −E[log D(F(x))] before it is weighed, or none."""
        weighs = self.settings.adversarial_weight > 0
        return whole(mutations.get("heuristic")) if weighs else None

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor:  # noqa: ARG002
        """Return the squared error, by its weight over that of the adversarial term."""
        weight = self.settings.adversarial_weight
        return (1 - weight) / (weight or 1.0) * self.error(fake.samples, fake.codes[TRUE])

    def error(self, made: Tensor, true: Tensor) -> Tensor:
        """Return E[w (x − F(x))²] of patches, the mean over pixels."""
        weights = torch.full_like(made[:1, :1], self.settings.overlap_weight)
        self.inner(weights).fill_(1.0)
        return (weights * (made - true).square()).mean()

    def update(self) -> None:
        """Train D and then F, or F alone where there is no game."""
        if self.settings.adversarial_weight:
            super().update()
            return
        fake = self.fake(self.settings.batch_size)
        self.train_generator(self.error(fake.samples, fake.codes[TRUE]))

    @torch.no_grad()
    def restore(self, damaged: Tensor, rng: torch.Generator) -> Tensor:  # noqa: ARG002
        """Fill the holes of images (N, C, H, W) with the averaged generator, on the CPU.

        Whatever an image has there is not looked at, and the rest of it stays as it is.
        """
        whole_images = damaged.cpu()
        made = self.made({DAMAGED: HOLE(whole_images)})
        return HOLE.filled(whole_images, self.inner(made))

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Fill holes of images of the data."""
        return self.restore(self.task.draw(count, rng).codes[DAMAGED], rng)

    def renew_statistics(self) -> None:
        """Take batch norm's statistics anew, from images of the data if those are here."""
        if self.task.data.is_here:
            super().renew_statistics()
