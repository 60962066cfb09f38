"""GMAN: the game of one generator against several discriminators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.collection.gman import PRESETS, SOURCES, GmanSettings
from egan.collection.gman.networks import Softness, discriminators, generator, soft_maximum
from egan.losses import discriminator as logistic
from egan.networks.agents import dealt
from egan.networks.latent import draw_codes
from egan.tasks import Batch, Codes, Generation
from egan.training.game import Game, Half, Objective

SOFTNESS = "softness"
"""What a learned softness is called, among networks and scores."""


class Gman(Game):
    """A generator that listens to several discriminators, most to those that it fools least."""

    task_type: ClassVar = Generation
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    tiny: ClassVar = {"width": 8, "discriminator_width": 32, "batch_size": 8, "latent_dim": 4}
    settings: GmanSettings

    @property
    def learning(self) -> Mapping[str, str]:  # type: ignore[override]
        """Each side has its rate, and what G chooses has G's."""
        return {**super().learning, SOFTNESS: "generator_lr"}

    def generators(self) -> dict[str, nn.Module]:
        """Build G, and the softness that it chooses, where it does."""
        built = super().generators()
        s = self.settings
        return {**built, SOFTNESS: Softness(s.softness)} if s.learn_softness else built

    def generator_network(self) -> nn.Module:
        """Build G."""
        return generator(self.settings, self.shape)

    def discriminator_network(self) -> nn.Module:
        """Build all D_i, as one network."""
        return discriminators(self.settings, self.shape)

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z), N(0, 1) or uniform in [-1, 1]."""
        s = self.settings
        return {"z": draw_codes(count, s.latent_dim, law=s.latent, rng=rng)}

    def discriminate(self, batch: Batch) -> Tensor:
        """Return a logit of each D_i for each sample, (N * K,), those of a sample together."""
        logits: Tensor = self.discriminator(batch.samples).flatten()
        return logits

    def learned_from(self, batch: Batch) -> Tensor:
        """Return the logits that D_i learn from: all, or (N,) of whose sample it is."""
        if not self.settings.split:
            return self.logits(batch)
        owners = dealt(len(batch), self.settings.num_discriminators).to(self.device)
        logits = self.computed(self.discriminator, batch.samples, owners)
        self.hear(batch, logits)
        return logits

    def real_loss(self, real: Batch) -> Tensor:
        """Return the mean of −log D_i(x)."""
        return self.real_half(real, None)

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return the mean of −log(1 − D_i(G(z)))."""
        return self.fake_half(fake, None)

    def real_half(self, real: Batch, half: Half | None) -> Tensor:
        """Return the same, or a mutation's half of the same logits."""
        return (half or logistic.real_loss)(self.learned_from(real))

    def fake_half(self, fake: Batch, half: Half | None) -> Tensor:
        """Return the same, or a mutation's half of the same logits."""
        return (half or logistic.fake_loss)(self.learned_from(fake))

    @property
    def softness(self) -> Tensor | float:
        """The λ that G listens with."""
        if SOFTNESS not in self.networks:
            return self.settings.softness
        value: Tensor = self.networks[SOFTNESS]()
        return value

    def values(self, fake: Tensor, real: Tensor | None) -> Tensor:
        """Return V_i (K,) of logits (N * K,) of samples and of real ones.

        Without real ones it is −E[log D_i(G(z))].
        """
        count = self.settings.num_discriminators
        fake_NK = fake.reshape(-1, count)
        if real is None:
            return F.softplus(-fake_NK).mean(dim=0)
        real_NK = real.reshape(-1, count)
        return -F.softplus(-real_NK).mean(dim=0) - F.softplus(fake_NK).mean(dim=0)

    def listened(self, fake: Tensor, real: Tensor | None) -> Tensor:
        """Return F(V), less the reward of a softness that is learned."""
        softness = self.softness
        loss = soft_maximum(self.values(fake, real), softness)
        if SOFTNESS in self.networks:
            return loss - self.settings.softness_reward * softness
        return loss

    def objective(self) -> Objective:
        """Return F(V), or that of −E[log D_i(G(z))]."""
        if self.settings.generator_loss == "minimax":
            return Objective("soft_minimax", self.listened, needs_real=True, formula="F(V)")
        return Objective(
            "soft_heuristic",
            lambda fake, _: self.listened(fake, None),
            needs_real=False,
            formula="F(-E[log D_i(G(z))])",
        )

    def train_generator(self, loss: Tensor) -> None:
        """Take a step of G and of the softness, and move G's average."""
        chosen = (SOFTNESS,) if SOFTNESS in self.networks else ()
        self.descend(loss, *self.sides.members, *chosen)

    def look(self) -> dict[str, float]:
        """Return all distances, and the softness that G has chosen."""
        chosen = (
            {SOFTNESS: float(torch.as_tensor(self.softness).detach())}
            if SOFTNESS in self.networks
            else {}
        )
        return {**super().look(), **chosen}
