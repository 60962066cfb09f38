"""SimGAN; `egan.collection.simgan` tells the paper."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

import mutations
from egan.collection.simgan import PRESETS, SOURCES, SimGanSettings
from egan.collection.simgan.networks import Discriminator, Refiner, num_places
from egan.losses.games import whole
from egan.tasks import ADAPTED, Batch, Codes, Refinement
from egan.training.game import Game, Objective

SOURCE = "source"


class SimGan(Game):
    """A refiner of simulated images, against a discriminator of patches that has a memory."""

    task_type: ClassVar = Refinement
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    tiny: ClassVar = {
        "width": 4,
        "blocks": 1,
        "discriminator_width": 4,
        "batch_size": 8,
        "pool": 12,
        "self_regularisation": 0.001,
        "pretraining": 0,
        "discriminator_pretraining": 0,
    }
    settings: SimGanSettings

    def generator_network(self) -> nn.Module:
        """Build R."""
        return Refiner(self.shape[0], width=self.settings.width, blocks=self.settings.blocks)

    def discriminator_network(self) -> nn.Module:
        """Build D, with its pool."""
        s = self.settings
        return Discriminator(
            self.shape, width=s.discriminator_width, halvings=s.halvings, local=s.local, pool=s.pool
        )

    @property
    def num_patches(self) -> int:
        """How many logits D has for an image."""
        s = self.settings
        return num_places(self.shape, s.halvings) if s.local else 1

    def learning_rate(self, network: str) -> float:
        """Return the rate of a network; of gradient descent as many times it as there are patches.

        Losses are means over patches, where the paper has sums.
        """
        rate = super().learning_rate(network)
        return rate * self.num_patches if self.settings.optimizer == "sgd" else rate

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw simulated images."""
        return {SOURCE: self.task.draw(count, rng).samples}

    def draw(self, count: int | None = None) -> Batch:
        """Draw real images."""
        batch = self.task.draw(count or self.settings.batch_size, self.rng)
        return Batch(batch.codes[ADAPTED]).to(self.device)

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Refine the simulated images of codes."""
        refined: Tensor = network(codes[SOURCE])
        return refined

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D for the logits of all patches, image by image."""
        logits: Tensor = self.discriminator(batch.samples)
        return logits.flatten()

    @property
    def has_halves(self) -> bool:
        """No: an evolution, too, takes D's step whole, with what the pool gives before it."""
        return False

    def objective(self) -> Objective:
        """Return −E[log D_p(R(x))], the mean over patches."""
        return whole(mutations.get("heuristic"))

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor:  # noqa: ARG002
        """Return λ ‖R(x) − x‖₁, over the number of patches."""
        weight = self.settings.self_regularisation / self.num_patches
        return weight * self.change(fake)

    def change(self, fake: Batch) -> Tensor:
        """Return E‖R(x) − x‖₁, the sum over pixels."""
        difference = fake.samples - fake.codes[SOURCE]
        return difference.abs().flatten(1).sum(dim=1).mean()

    def update(self) -> None:
        """Train R alone, or D alone, or R and then D, as the number of updates says."""
        s = self.settings
        if self.updates < s.pretraining:
            fake = self.fake(s.batch_size)
            # weighed as later: Adam's moments of one are on the scale of the other's gradients
            self.train_generator(self.generator_terms(fake, fake))
            return
        if self.updates >= s.pretraining + s.discriminator_pretraining:
            for _ in range(s.refiner_steps):
                fake = self.fake(s.batch_size)
                self.train_generator(self.generator_losses(fake, fake, [self.objective()])[0])
        for _ in range(s.discriminator_steps):
            with torch.no_grad():
                fake = self.fake(s.batch_size)
            self.train_discriminator(self.draw(), fake)

    def train_discriminator(self, real: Batch, fake: Batch) -> Tensor:
        """Take a step of D, on refined images of which half come from the pool."""
        pool = self.discriminator.pool
        mixed = pool.mixed(fake.samples, self.rng)  # type: ignore[operator,union-attr]
        return super().train_discriminator(real, Batch(mixed, fake.codes))

    @torch.no_grad()
    def refine(self, source: Tensor, rng: torch.Generator) -> Tensor:
        """Refine images (N, C, H, W) with the averaged refiner, on the CPU."""
        del rng  # nothing is drawn
        return self.made({SOURCE: source})

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Refine as many simulated images that are drawn."""
        return self.refine(self.codes(count, rng)[SOURCE], rng)
