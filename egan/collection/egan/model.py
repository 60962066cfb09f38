"""E-GAN's game; how it evolves is `egan.evolution`, the same for every game."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

from egan import networks
from egan.collection.egan import PRESETS, SOURCES, EganSettings
from egan.losses.discriminator import gradient_penalty, r1_penalty
from egan.networks.latent import draw_codes, interpolate, slerp
from egan.tasks import ROW, Generation
from egan.training.game import Batch, Codes, Draw, Game

if TYPE_CHECKING:
    from PIL import Image


class Egan(Game):
    """The plain game on images or points, with penalties as options."""

    task_type: ClassVar = Generation
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    tiny: ClassVar = {"width": 8, "discriminator_width": 8, "batch_size": 8, "latent_dim": 4}
    settings: EganSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        s = self.settings
        return networks.generator(
            s.network,
            self.shape,
            latent_dim=s.latent_dim,
            width=s.width,
            depth=s.depth or None,
            norm=s.generator_norm,
            init=s.generator_init,
        )

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        s = self.settings
        return networks.discriminator(
            s.network,
            self.shape,
            width=s.discriminator_width,
            depth=s.depth or None,
            norm=s.discriminator_norm,
            init=s.discriminator_init,
        )

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z), N(0, 1) or uniform in [-1, 1]."""
        s = self.settings
        return {"z": draw_codes(count, s.latent_dim, law=s.latent, rng=rng)}

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D about scaled samples."""
        logits: Tensor = self.discriminator(batch.samples * self.settings.input_scale)
        return logits

    def real_penalty(self, real: Batch) -> Tensor | None:
        """Return R1, weighted."""
        if not self.settings.r1_weight:
            return None
        return self.settings.r1_weight * r1_penalty(self._logits_of, real.samples)

    def penalty(self, real: Batch, fake: Batch) -> Tensor | None:
        """Return the gradient penalty, weighted."""
        if not self.settings.gradient_penalty_weight:
            return None
        pair = real.samples, fake.samples
        penalty = gradient_penalty(self._logits_of, *pair, generator=self.rng)
        return self.settings.gradient_penalty_weight * penalty

    def _logits_of(self, samples: Tensor) -> Tensor:
        return self.logits(Batch(samples))

    def samples(self, count: int, rng: torch.Generator) -> Tensor:
        """Make samples on the CPU, whose codes are drawn at once: another split, other codes."""
        return self.made(self.codes(count, rng))

    def pictures(self) -> dict[str, Draw]:
        """Show samples, and walks from code to code."""
        return super().pictures() | {"interpolation": self.show_walks}

    def show_walks(self, rng: torch.Generator) -> Image.Image:
        """Draw ten walks: a row of images each, or a line of points; an arc for normal codes."""
        z, steps = self.codes(ROW**2, rng)["z"], self.task.data.kind.num_steps
        walk = interpolate if self.settings.latent == "uniform" else slerp
        walks = [walk(z[i], z[i + ROW], steps=steps) for i in range(ROW)]
        picture: Image.Image = self.task.show(self.made({"z": torch.cat(walks)}))
        return picture
