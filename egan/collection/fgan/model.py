"""f-GAN: the game of a divergence, one player after the other or both at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor, nn

from egan.collection.fgan import PRESETS, SOURCES, FganSettings
from egan.collection.fgan.networks import Bounded, discriminator, generator
from egan.data.kinds import Points
from egan.losses.divergences import F_DIVERGENCES, FDivergence
from egan.networks.latent import draw_codes
from egan.tasks import Batch, Codes, Generation
from egan.training.game import Game, Objective


class Fgan(Game):
    """The game of a divergence."""

    task_type: ClassVar = Generation
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    tiny: ClassVar = {"width": 8, "discriminator_width": 8, "batch_size": 8, "latent_dim": 4}
    live: ClassVar = {"bound": (Bounded, "bound")}
    settings: FganSettings

    def generator_network(self) -> nn.Module:
        """Build G.

        Raises:
            ValueError: It is to be linear, but the data are no points.
        """
        s = self.settings
        if s.network == "linear" and not isinstance(self.task.data.kind, Points):
            raise ValueError(
                f"--network linear is for points, but {self.task.data.name} has samples of shape "
                f"{self.shape}. Give --network mlp, or --data.name bimodal."
            )
        return generator(s, self.shape)

    def discriminator_network(self) -> nn.Module:
        """Build V."""
        return discriminator(self.settings, self.shape)

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z), N(0, 1) or uniform in [-1, 1]."""
        s = self.settings
        return {"z": draw_codes(count, s.latent_dim, law=s.latent, rng=rng)}

    @property
    def divergence(self) -> FDivergence:
        """The functions of the divergence."""
        return F_DIVERGENCES[self.settings.divergence]

    def real_loss(self, real: Batch) -> Tensor:
        """Return −E[g(V(x))], the half of −F on real samples."""
        return self.divergence.real_loss(self.logits(real))

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return E[f*(g(V(G(z))))], the half on generated ones."""
        return self.divergence.fake_loss(self.logits(fake))

    def objective(self) -> Objective:
        """Return F's part on samples, or the heuristic in its place."""
        chosen = self.divergence
        loss: Callable[[Tensor], Tensor] = (
            chosen.heuristic_loss if self.settings.heuristic else chosen.generator_loss
        )
        formula = "-E[g(V)]" if self.settings.heuristic else "-E[f*(g(V))]"
        name = self.settings.divergence
        return Objective(name, lambda fake, _: loss(fake), needs_real=False, formula=formula)

    def update(self) -> None:
        """Train V, then G; or both at once, from the outputs of one pass."""
        if not self.settings.simultaneous:
            super().update()
            return
        fake, real = self.fake(self.settings.batch_size), self.draw()
        [loss] = self.generator_losses(fake, real, [self.objective()])
        gradient = self.gradient(loss, "generator")  # before V moves
        self.train_discriminator(real, Batch(fake.samples.detach(), fake.codes))
        self.follow(gradient, "generator")

    def estimate(self) -> float:
        """Return F of 1,000 real and as many made samples: about the divergence, if V is good."""
        count = self.task.num_judged
        real = Batch(self.task.data.draw(count, self.rng).to(self.device))
        fake = self.fake(count)
        return -float(self.discriminator_loss(real, fake).detach())

    def look(self) -> dict[str, float]:
        """Return all distances, and V's estimate of the divergence."""
        return {**super().look(), "divergence": self.estimate()}
