"""BEGAN: a generator against an autoencoder, kept in balance."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

from egan.collection.began import PRESETS, SOURCES, BeganSettings
from egan.collection.began.networks import Autoencoder, Decoder
from egan.data.kinds import Images
from egan.networks.latent import draw_codes
from egan.tasks import ROW, Batch, Codes, Draw, Generation, Needs
from egan.training.game import Game, Objective

if TYPE_CHECKING:
    from PIL import Image

AVERAGING = 0.02
"""Share of a batch in the running means of errors."""

ROWS = ("real", "rebuilt", "made", "rebuilt")

ERROR = Objective(
    "reconstruction_error", lambda fake, _: fake.mean(), needs_real=False, formula="E[o]"
)
"""L_G, of the errors o of made images."""


class Began(Game):
    """A generator of what an autoencoder can rebuild."""

    task_type: ClassVar = Generation
    needs: ClassVar = Needs(kinds=(Images,))
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    tiny: ClassVar = {"width": 2, "batch_size": 8, "latent_dim": 4}
    settings: BeganSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        s = self.settings
        return Decoder(self.shape, latent_dim=s.latent_dim, width=s.width, skips=s.skips)

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        s = self.settings
        return Autoencoder(self.shape, latent_dim=s.latent_dim, width=s.width, skips=s.skips)

    @property
    def autoencoder(self) -> Autoencoder:
        """D."""
        assert isinstance(self.discriminator, Autoencoder)
        return self.discriminator

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z), uniform in [-1, 1]."""
        return {"z": draw_codes(count, self.settings.latent_dim, law="uniform", rng=rng)}

    def learning_rate(self, network: str) -> float:
        """Return the rate of a network, halved as often as the settings say by now."""
        every = self.settings.halve_every
        return super().learning_rate(network) * (0.5 ** (self.updates // every) if every else 1.0)

    def discriminate(self, batch: Batch) -> Tensor:
        """Return ℓ of each image, (N,)."""
        images = batch.samples
        errors: Tensor = (images - self.discriminator(images)).abs().flatten(1).mean(dim=1)
        return errors

    def real_loss(self, real: Batch) -> Tensor:
        """Return E[ℓ(x)]."""
        return self.logits(real).mean()

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return −k E[ℓ(G(z))]."""
        return -self.autoencoder.balance * self.logits(fake).mean()

    def objective(self) -> Objective:
        """Return E[ℓ(G(z))]."""
        return ERROR

    def update(self) -> None:
        """Train D, then G, and move k."""
        every = self.settings.halve_every
        if every and self.updates and not self.updates % every:
            self.apply_settings()
        super().update()

    def train_discriminator(self, real: Batch, fake: Batch) -> Tensor:
        """Take a step of D; return E[ℓ(x)], which k is moved by."""
        of_real = self.real_loss(self.seen(real, learned=True))
        self.descend(of_real + self.fake_loss(self.seen(fake)), *self.sides.environment)
        self._error = of_real.detach()
        return self._error

    def train_generator(self, loss: Tensor) -> None:
        """Take a step of G, move its average, and k."""
        super().train_generator(loss)
        s = self.settings
        share = AVERAGING if self.updates else 1.0
        errors = self._error, loss.detach()
        self.autoencoder.move(*errors, gamma=s.gamma, rate=s.balance_rate, share=share)

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Make samples with the averaged generator, cut off at [-1, 1]."""
        samples: Tensor = self.task.data.kind.clamp(super().sample(count, rng))
        return samples

    def made(self, codes: Codes, *, network: nn.Module | None = None) -> Tensor:
        """Make samples from codes, cut off at [-1, 1]."""
        samples: Tensor = self.task.data.kind.clamp(super().made(codes, network=network))
        return samples

    def gauges(self) -> dict[str, float]:
        """Return k, ℓ(G(z)) / ℓ(x) and M, of running means."""
        network, gamma = self.autoencoder, self.settings.gamma
        real, made = float(network.real_error), float(network.made_error)
        return {
            **super().gauges(),
            "balance": float(network.balance),
            "error_ratio": made / real if real else 0.0,
            "convergence": real + abs(gamma * real - made),
        }

    def pictures(self) -> dict[str, Draw]:
        """Show samples, and what D makes of images."""
        return {**super().pictures(), "reconstructions": self.show_reconstructions}

    def show_reconstructions(self, rng: torch.Generator) -> Image.Image:
        """Draw held-out images and samples by turns, each over the row of what D makes of them."""
        real = self.task.held_out.real(ROW)
        made = self.sample(len(real), rng).cpu()  # few may be held out
        rows = []
        for images in (real, made):
            again = self.autoencoder(images.to(self.device)).cpu()
            rows += [images, self.task.data.kind.clamp(again)]
        shown = torch.cat(rows)
        picture: Image.Image = self.task.show(shown, columns=len(real), row_names=ROWS)
        return picture
