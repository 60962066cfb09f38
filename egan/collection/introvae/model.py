"""IntroVAE: an encoder that tells what the decoder makes by its divergence from the prior."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

from egan.collection.introvae import PRESETS, SOURCES, IntroVaeSettings
from egan.collection.introvae.networks import Decoder, Encoder
from egan.data.kinds import Images
from egan.losses.variational import gaussian_kl, reparameterise
from egan.networks.halvings import halvings
from egan.tasks import ROW, Draw, Generation, Needs
from egan.training.model import Model

if TYPE_CHECKING:
    from PIL import Image

NUM_HELD_OUT = 500
"""Images that are reconstructed for a score, or whose energies are told."""
MAX_WIDTH = 512
ERROR_WEIGHT = 0.1
AVERAGING = 0.05
"""Share of a batch in the running average of the divergence of real images."""


class IntroVae(Model):
    """Encoder and decoder that play against each other."""

    task_type: ClassVar = Generation
    needs: ClassVar = Needs(kinds=(Images,))
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    learning: ClassVar = {"encoder": "encoder_lr", "decoder": "generator_lr"}
    tiny: ClassVar = {"width": 4, "batch_size": 8, "latent_dim": 2}
    settings: IntroVaeSettings

    def build(self) -> dict[str, nn.Module]:
        """Build encoder and decoder.

        Raises:
            ValueError: The images cannot be halved down to 4 to 7 pixels.
        """
        base, times = halvings(self.shape)
        widths = [min(self.settings.width * 2**level, MAX_WIDTH) for level in range(times)]
        channels, latent_dim = self.shape[0], self.settings.latent_dim
        published = self.settings.network == "paper"
        sizes = {"base": base, "latent_dim": latent_dim}
        self.encoder = Encoder(channels, widths, **sizes, published=published)
        self.decoder = Decoder(channels, widths[::-1], **sizes, published=published)
        return {"encoder": self.encoder, "decoder": self.decoder}

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance of q(z|x) of images (N, C, H, W), (N, Z) each."""
        mean, log_variance = self.encoder(images)
        return mean, log_variance

    def energy(self, images: Tensor) -> Tensor:
        """Return R(x) of images (N, C, H, W), (N,): low for those that look real."""
        return gaussian_kl(*self.encode(images))

    @property
    def margin(self) -> Tensor:
        """The divergence m that made images should have."""
        if self.settings.margin:
            return torch.tensor(self.settings.margin, device=self.device)
        return self.settings.margin_factor * self.encoder.divergence

    def update(self) -> None:
        """Train the encoder, then the decoder; in the warm-up both as one VAE."""
        images = self.draw().samples
        if self.updates < self.settings.warm_up:
            self.warm(images)
        else:
            self.introspect(images)

    def warm(self, images: Tensor) -> None:
        """Descend R + β A in both networks, and measure R."""
        posterior = self.encode(images)
        divergence = gaussian_kl(*posterior).mean()
        made = self.decoder(reparameterise(*posterior, rng=self.rng))
        loss = divergence + self.settings.reconstruction_weight * self.error(made, images)
        self.descend(loss, "encoder", "decoder")
        measured = divergence.detach()
        share = AVERAGING if self.updates else 1.0
        self.encoder.divergence.lerp_(measured, share)

    def introspect(self, images: Tensor) -> None:
        """Descend L_E in the encoder, then L_G in the decoder, on the same codes."""
        posterior = self.encode(images)
        codes = reparameterise(*posterior, rng=self.rng)
        prior = torch.randn(codes.shape, generator=self.rng).to(self.device)
        made = self.decoder(codes), self.decoder(prior).detach()
        self.descend(self.encoder_loss(images, posterior, made), "encoder")
        made = self.decoder(codes.detach()), self.decoder(prior)
        self.descend(self.decoder_loss(images, made), "decoder")

    def encoder_loss(
        self, images: Tensor, posterior: tuple[Tensor, Tensor], made: tuple[Tensor, Tensor]
    ) -> Tensor:
        """Return L_E of real images, their q(z|x), and what was made: x_r and x_p."""
        s, margin = self.settings, self.margin
        hinges = [(margin - self.energy(one.detach())).relu().mean() for one in made]
        loss = gaussian_kl(*posterior).mean() + s.adversarial_weight * sum(hinges)
        return loss + s.reconstruction_weight * self.error(made[0], images)

    def decoder_loss(self, images: Tensor, made: tuple[Tensor, Tensor]) -> Tensor:
        """Return L_G of real images, and what was made: x_r and x_p."""
        s = self.settings
        weight = s.generator_adversarial_weight or s.adversarial_weight
        energies = sum(self.energy(one).mean() for one in made)
        return weight * energies + s.reconstruction_weight * self.error(made[0], images)

    def error(self, made: Tensor, images: Tensor) -> Tensor:
        """Return A = ½ Σ (x_r − x)², the mean over images."""
        return 0.5 * (made - images).square().flatten(1).sum(dim=1).mean()

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Decode codes of the prior."""
        codes = torch.randn(count, self.settings.latent_dim, generator=rng)
        return self.decode(codes.to(self.device))

    def decode(self, codes: Tensor) -> Tensor:
        """Map codes (N, Z) to images (N, C, H, W), in [-1, 1] whatever the layers are."""
        images: Tensor = self.task.data.kind.clamp(self.decoder(codes))
        return images

    def reconstruct(self, images: Tensor) -> Tensor:
        """Decode the means of the codes of images (N, C, H, W)."""
        return self.decode(self.encode(images)[0])

    def score(self) -> dict[str, float]:
        """Return how near samples are to the data, and how well images are reconstructed."""
        scores = self.task.appraised(self.samples(self.task.num_judged, self.rng))
        images = self.task.held_out.real(NUM_HELD_OUT).to(self.device)
        error = (self.reconstruct(images) - images).square().mean()
        # of one held-out image there is no spread
        spread = images if len(images) > 1 else self.task.data.real(NUM_HELD_OUT).to(self.device)
        share = float(error / (spread - spread.mean(dim=0)).square().mean())
        fitness = scores["fitness"] - ERROR_WEIGHT * share
        return {**scores, "fitness": fitness, "reconstruction_error": share}

    @property
    def meaning(self) -> str:
        """Say what counts beside the distance."""
        return f"{super().meaning}; less {ERROR_WEIGHT:g} times the share of variance not rebuilt"

    def look(self) -> dict[str, float]:
        """Return all distances, and the energies: made images should hover about the margin."""
        images = self.task.held_out.real(NUM_HELD_OUT).to(self.device)
        sampled = self.sample(len(images), self.rng)
        kinds = {"real": images, "reconstructed": self.reconstruct(images), "sampled": sampled}
        energies = {f"energy_{name}": float(self.energy(x).mean()) for name, x in kinds.items()}
        return {**super().look(), **energies, "margin": float(self.margin)}

    def pictures(self) -> dict[str, Draw]:
        """Show samples, held-out images over their reconstructions, and walks between codes."""
        more = {"reconstructions": self.show_reconstructions, "interpolations": self.show_walks}
        return super().pictures() | more

    def show_reconstructions(self, rng: torch.Generator) -> Image.Image:  # noqa: ARG002
        """Draw rows of images, each over the row of their reconstructions."""
        images = self.task.held_out.real(5 * ROW).to(self.device)
        again = self.reconstruct(images)
        rows = zip(torch.split(images, ROW), torch.split(again, ROW), strict=True)
        picture: Image.Image = self.task.show(torch.cat([row for pair in rows for row in pair]))
        return picture

    def show_walks(self, rng: torch.Generator) -> Image.Image:  # noqa: ARG002
        """Draw rows that walk from the code of one image to that of another."""
        codes = self.encode(self.task.held_out.real(2 * ROW).to(self.device))[0]
        t = torch.linspace(0, 1, ROW, device=self.device)[:, None]
        half = max(1, len(codes) // 2)
        walks = [a + t * (b - a) for a, b in zip(codes[:half], codes[-half:], strict=True)]
        picture: Image.Image = self.task.show(self.decode(torch.cat(walks)))
        return picture
