"""WGAN: the critic's loss and its bounds, and what an update is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

import mutations
from egan import networks
from egan.collection.wgan import PRESETS, SOURCES, WganSettings
from egan.collection.wgan.networks import residual_critic, residual_generator, with_weights
from egan.losses.discriminator import gradient_penalty
from egan.networks import dcgan
from egan.networks.halvings import map_sizes
from egan.tasks import Batch, Codes, Generation
from egan.training.game import Game, Objective

NUM_GAP = 500
NUM_FIRST, BURST_EVERY = 25, 500
"""The first updates and each so many-th have `burst_steps`."""
GREYS = 256


class Wgan(Game):
    """A generator against a critic of bounded slope."""

    task_type: ClassVar = Generation
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    tiny: ClassVar = {"width": 4, "discriminator_width": 4, "batch_size": 8, "latent_dim": 4}
    settings: WganSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        s = self.settings
        options: dict[str, Any] = {
            "latent_dim": s.latent_dim,
            "width": s.width,
            "norm": s.generator_norm,
        }
        if s.network == "residual":
            network = residual_generator(self.shape, **options)
        elif s.network == "mlp":
            network = networks.generator("mlp", self.shape, **options)
        else:
            base, _ = map_sizes(self.shape)
            network = dcgan.generator(self.shape, **options, base=base)
        return with_weights(network, s.init)

    def discriminator_network(self) -> nn.Module:
        """Build the critic."""
        s = self.settings
        options: dict[str, Any] = {"width": s.discriminator_width, "norm": s.critic_norm}
        if s.network == "residual":
            network = residual_critic(self.shape, **options)
        elif s.network == "mlp":
            network = networks.discriminator("mlp", self.shape, **options)
        else:
            base, _ = map_sizes(self.shape)
            network = dcgan.discriminator(self.shape, **options, base=base)
        return with_weights(network, s.init)

    def learning_rate(self, network: str) -> float:
        """Return the rate of a network, which falls where `decay_updates` says so."""
        rate, over = super().learning_rate(network), self.settings.decay_updates
        return rate * max(0.0, 1 - self.updates / over) if over else rate

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z) from N(0, 1)."""
        return {"z": torch.randn(count, self.settings.latent_dim, generator=rng)}

    def draw(self, count: int | None = None) -> Batch:
        """Draw real samples, with the greys of images blurred where `dequantise` says so."""
        batch = super().draw(count)
        if not self.settings.dequantise:
            return batch
        noise = torch.rand(batch.samples.shape, generator=self.rng).to(self.device)
        greys = (batch.samples + 1) * (GREYS - 1) / 2
        return Batch((greys + noise) * 2 / GREYS - 1, batch.codes)

    @property
    def critic_steps(self) -> int:
        """How many steps of the critic the coming update has."""
        s = self.settings
        many = self.updates < NUM_FIRST or self.updates % BURST_EVERY == 0
        return s.burst_steps if s.burst_steps and many else s.discriminator_steps

    def update(self) -> None:
        """Train the critic `critic_steps` times, each on samples of its own, then G once."""
        s = self.settings
        if s.decay_updates:
            self.apply_settings()
        for _ in range(self.critic_steps):
            with torch.no_grad():
                fake = self.fake(s.batch_size)
            self.train_discriminator(self.draw(), fake)
        count = s.generator_batches * s.batch_size
        fake, real = self.fake(count), self.draw(count)  # drawn for the stream alone: bits
        self.train_generator(self.generator_losses(fake, real, [self.objective()])[0])

    def real_loss(self, real: Batch) -> Tensor:
        """Return −E[f(x)]."""
        return -self.logits(real).mean()

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return E[f(G(z))]."""
        return self.logits(fake).mean()

    def penalty(self, real: Batch, fake: Batch) -> Tensor | None:
        """Return λ E[(‖∇f(x̂)‖ − 1)²], where that is the constraint."""
        if self.settings.constraint == "clip":
            return None
        pair = real.samples, fake.samples
        penalty = gradient_penalty(self.discriminator, *pair, generator=self.rng)
        return self.settings.penalty_weight * penalty

    def objective(self) -> Objective:
        """Return −E[f(G(z))]."""
        return mutations.get("wasserstein")

    @torch.no_grad()
    def follow(self, gradient: Sequence[Tensor | None], *names: str) -> None:
        """Take a step, and clip the critic's weights where that is the constraint."""
        super().follow(gradient, *names)
        if self.settings.constraint == "clip" and "discriminator" in names:
            for parameter in self.discriminator.parameters():
                parameter.clamp_(-self.settings.clip, self.settings.clip)

    def look(self) -> dict[str, float]:
        """Return all distances, and the critic's gap on held-out data."""
        real = self.task.held_out.real(NUM_GAP).to(self.device)
        fake = self.samples(len(real), self.rng).to(self.device)
        gap = self.discriminator(real).mean() - self.discriminator(fake).mean()
        return {**super().look(), "critic_gap": float(gap.detach())}
