"""PGGAN: how far the networks have grown, and the game at that size."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

import mutations
from egan.collection.pggan import PRESETS, SOURCES, PgganSettings
from egan.collection.pggan.networks import Discriminator, Generator, Growing, enlarged, shrunk
from egan.data.kinds import Images
from egan.losses.discriminator import gradient_penalty
from egan.tasks import ROW, Generation, Needs
from egan.training.game import Batch, Codes, Draw, Game, Objective

if TYPE_CHECKING:
    from PIL import Image

KIMG = 1000.0


class Pggan(Game):
    """A generator and a critic that grow together."""

    task_type: ClassVar = Generation
    presets: ClassVar = PRESETS
    needs: ClassVar = Needs(kinds=(Images,))
    tiny: ClassVar = {
        "width": 2,
        "max_width": 4,
        "latent_dim": 4,
        "batch_size": 8,
        "fade_kimg": 0.008,
        "stable_kimg": 0.008,
    }
    paper_parameters: ClassVar = {"generator": 23.1, "discriminator": 23.1}
    sources: ClassVar = SOURCES
    settings: PgganSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        return self.begun(Generator(self.shape, self.settings))

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        return self.begun(Discriminator(self.shape, self.settings))

    def begun(self, network: Growing) -> Growing:
        """Return a network at the size that it begins with: in an evolution that of the images."""
        if self.side is not None:
            network.grown.fill_(float(network.last))
        return network

    @property
    def growing(self) -> dict[str, Growing]:
        """Both networks, or that of the side which is built alone, by name."""
        sides = (*self.sides.members, *self.sides.environment)
        return {name: self.networks[name] for name in sides if name in self.networks}  # type: ignore[misc]

    @property
    def stage(self) -> Growing:
        """A network that says how far both have grown."""
        return next(iter(self.growing.values()))

    def due(self) -> float:
        """Return how far networks are to have grown by now, see `Growing.grown`."""
        s, last = self.settings, float(self.stage.last)
        if not s.grow:
            return last
        fade, stable = KIMG * s.fade_kimg, KIMG * s.stable_kimg
        since = self.updates * s.batch_size - stable
        if since < 0:
            return 0.0
        level, within = divmod(since, fade + stable)
        return min(last, level + (min(1.0, within / fade) if fade else 1.0))

    def update(self) -> None:
        """Grow, and train D, then G; an optimiser begins anew with each block."""
        for name, network in self.growing.items():
            if network.grow(self.due()) and self.settings.reset:
                self.optimizers[name].state.clear()
        super().update()

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z) from N(0, 1)."""
        return {"z": torch.randn(count, self.settings.latent_dim, generator=rng)}

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Make images of the full size; each pixel of those of a smaller one is repeated."""
        return enlarged(super().generate(network, codes), self.shape[-1])

    def draw(self, count: int | None = None) -> Batch:
        """Draw real images that have no more in them than the size in use, faded like G's."""
        batch = super().draw(count)
        network = self.stage
        images = shrunk(batch.samples, network.size)
        if network.alpha < 1.0 and self.settings.fade_real:
            coarse = enlarged(shrunk(images, network.size // 2), network.size)
            images = torch.lerp(coarse, images, network.alpha)
        return replace(batch, samples=enlarged(images, self.shape[-1]))

    def own_size(self, batch: Batch) -> Tensor:
        """Return a batch's images at the size in use."""
        return shrunk(batch.samples, self.stage.size)

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D for its scores (N,)."""
        scores: Tensor = self.discriminator(self.own_size(batch))
        return scores

    def real_loss(self, real: Batch) -> Tensor:
        """Return −E[f(x)] + ε E[f(x)²]."""
        scores = self.logits(real)
        return -scores.mean() + self.settings.drift * scores.square().mean()

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return E[f(G(z))]."""
        return self.logits(fake).mean()

    def penalty(self, real: Batch, fake: Batch) -> Tensor:
        """Return λ E[(‖∇f(x̂)‖ − 1)²], of images at the size in use."""
        pair = self.own_size(real), self.own_size(fake)
        penalty = gradient_penalty(self.discriminator, *pair, generator=self.rng)
        return self.settings.penalty_weight * penalty

    def objective(self) -> Objective:
        """Return −E[f(G(z))]."""
        return mutations.get("wasserstein")

    def gauges(self) -> dict[str, float]:
        """Return the size in use, in pixels."""
        return {"size": float(self.stage.size)}

    def pictures(self) -> dict[str, Draw]:
        """Show samples, and what each size makes of the same codes."""
        return {**super().pictures(), "sizes": self.show_sizes}

    def show_sizes(self, rng: torch.Generator) -> Image.Image:
        """Draw a row for each size so far, all from the same codes."""
        network = self.average
        assert isinstance(network, Generator)
        codes = self.codes(ROW, rng)["z"].to(self.device)
        rows = [network.at(codes, level) for level in range(network.level + 1)]
        images = [enlarged(row, self.shape[-1]).cpu() for row in rows]
        picture: Image.Image = self.task.show(torch.cat(images))
        return picture
