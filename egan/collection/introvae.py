"""IntroVAE (Huang et al. 2018, "Introspective variational autoencoders", arXiv 1807.06358).

A VAE whose encoder q(z|x) = N(μ, σ²) also plays the discriminator: the divergence from the prior,

    R(x) = KL(q(z|x) ‖ N(0, 1)) = ½ Σ_j (μ_j² + σ_j² − log σ_j² − 1),

is an energy, low for real images and at least m for made ones. With the reconstruction x_r = G(z),
z ~ q(z|x), a sample x_p = G(z_p), z_p ~ N(0, 1), and A = ½ Σ (x_r − x)², an update descends

    L_E = R(x) + α Σ_{s = r, p} max(0, m − R(sg[x_s])) + β A      in the encoder E, and then
    L_G = α Σ_{s = r, p} R(x_s) + β A                             in the decoder G

(sg stops gradients). The first `warm_up` updates descend the VAE's loss R + β A. If `margin` is 0,
m is `margin_factor` times the divergence of real images at their end: far above it, E wins at once.
Without a warm-up m may lie higher, as in the paper's own settings: E then sees poor images early,
and learns that what is no image at all is far from the prior too. An update:

    draw images x, z ~ q(z|x) and z_p ~ N(0, 1)
    descend L_E in E, on what G makes of both
    descend L_G in G, on the same codes

Here residual blocks normalise and activate before their convolutions, not after.

Fitness: that of samples (-log of the Fréchet distance), minus a tenth of the reconstruction error
of held-out images as a share of their variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

from egan.config import DataConfig, RunConfig, SearchConfig, Settings
from egan.data.kinds import Images
from egan.losses.variational import gaussian_kl, reparameterise
from egan.networks.halvings import halvings
from egan.networks.residual import ResidualBlock
from egan.tasks import ROW, Draw, Generation, Needs
from egan.training.model import Model

if TYPE_CHECKING:
    from PIL import Image

NUM_HELD_OUT = 500
"""Images that are reconstructed for a score, or whose energies are told."""
MAX_WIDTH = 512
SLOPE = 0.2
ERROR_WEIGHT = 0.1
AVERAGING = 0.05
"""Share of a batch in the running average of the divergence of real images."""


@dataclass(frozen=True, kw_only=True)
class IntroVaeSettings(Settings):
    """Settings of an IntroVAE."""

    STRUCTURAL = ("width", "latent_dim")
    MAY_BE_ZERO = ("warm_up",)
    SPACE: ClassVar = {
        "margin": "10,160,log",
        "adversarial_weight": "0.05,1,log",
        "reconstruction_weight": "0.1,30,log",
        "encoder_lr": "1e-4,2e-3,log",
        "generator_lr": "1e-4,2e-3,log",
        "latent_dim": "8,16,32,64",
    }

    width: int = 32
    """Channels of the encoder's first convolution, doubled at each halving, up to 512."""
    latent_dim: int = 16
    """Dimensions of the latent code z."""
    reconstruction_weight: float = 5.0
    """Weight of half the squared error, summed over pixels in [-1, 1] (beta)."""
    adversarial_weight: float = 0.25
    """Weight of the divergence of what the decoder makes (alpha)."""
    margin: float = 0.0
    """Divergence that made images should have (m); 0 for margin_factor times the real ones'."""
    margin_factor: float = 1.5
    """What the divergence of real images after the warm-up is multiplied by, if margin is 0."""
    warm_up: int = 400
    """Updates as a plain VAE at the start."""
    encoder_lr: float = 1e-3
    """Adam's learning rate of the encoder."""
    generator_lr: float = 1e-3
    """Adam's learning rate of the decoder."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if not self.margin and not (self.warm_up and self.margin_factor):
            raise ValueError(
                "--margin 0 takes the margin from the divergence that is measured in the warm-up: "
                f"give --warm-up and --margin-factor above 0 (got {self.warm_up} and "
                f"{self.margin_factor}), or a --margin."
            )


def small() -> RunConfig:
    """Digits of 8x8 pixels, in a minute and a half."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=100),
        settings=IntroVaeSettings(margin=40.0, warm_up=0),
    )


def paper() -> RunConfig:
    """Faces of 256x256 pixels, such as CelebA-HQ, from a folder, with the published margin."""
    return RunConfig(
        data=DataConfig(name="folder", image_size=256),
        search=SearchConfig(rounds=300, interval=1000),
        settings=IntroVaeSettings(
            width=32,
            latent_dim=512,
            batch_size=16,
            reconstruction_weight=0.05,
            adversarial_weight=0.25,
            margin=120.0,
            warm_up=0,
            encoder_lr=2e-4,
            generator_lr=2e-4,
        ),
    )


class Encoder(nn.Module):
    """Images (N, C, H, W) -> mean and log-variance of q(z|x), (N, Z) each.

    For 256x256 pixels and a width of 32:

        x 3x256x256 -> 32x128x128 -> 64x64x64 -> 128x32x32 -> 256x16x16 -> 512x8x8 -> 512x4x4
          -> 512x4x4 -> 8192 -> μ Z, log σ² Z

    the first a 5x5 convolution, every other with a size a residual block.

    Attributes:
        divergence: Running average of R(x) of real images, as far as the warm-up went.
    """

    divergence: Tensor

    def __init__(self, channels: int, widths: list[int], *, base: int, latent_dim: int) -> None:
        super().__init__()
        first = nn.Conv2d(channels, widths[0], 5, padding=2)
        self.layers = nn.Sequential(first, nn.AvgPool2d(2))
        for before, after in pairwise(widths):
            self.layers.append(block(before, after, resample="down"))
        self.layers.extend([block(widths[-1], widths[-1]), nn.LeakyReLU(SLOPE), nn.Flatten()])
        self.layers.append(nn.Linear(widths[-1] * base * base, 2 * latent_dim))
        self.register_buffer("divergence", torch.zeros(()))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance of the codes of images."""
        mean, log_variance = self.layers(images).chunk(2, dim=1)
        return mean, log_variance


class Decoder(nn.Module):
    """Codes (N, Z) -> images (N, C, H, W) in [-1, 1]: the encoder's mirror image.

        z Z -> 8192 -> 512x4x4 -> 512x8x8 -> 512x16x16 -> 256x32x32 -> 128x64x64 -> 64x128x128
          -> 32x256x256 -> 3x256x256

    Each size is twice that before, by a residual block; the last layer is a 5x5 convolution.
    """

    def __init__(self, channels: int, widths: list[int], *, base: int, latent_dim: int) -> None:
        super().__init__()
        first = nn.Linear(latent_dim, widths[0] * base * base)
        self.layers = nn.Sequential(first, nn.Unflatten(1, (widths[0], base, base)))
        for before, after in pairwise([widths[0], *widths]):
            self.layers.append(block(before, after, resample="up"))
        self.layers.extend([nn.LeakyReLU(SLOPE), nn.Conv2d(widths[-1], channels, 5, padding=2)])

    def forward(self, codes: Tensor) -> Tensor:
        """Map codes (N, Z) to images (N, C, H, W)."""
        images: Tensor = self.layers(codes)
        return images.tanh()


def block(before: int, after: int, *, resample: str = "none") -> ResidualBlock:
    """Build a residual block with batch norm and LeakyReLU."""
    activation = nn.LeakyReLU(SLOPE)
    return ResidualBlock(
        before, after, resample=resample, norm=nn.BatchNorm2d, activation=activation
    )


class IntroVae(Model):
    """Encoder and decoder that play against each other."""

    task_type: ClassVar = Generation
    needs: ClassVar = Needs(kinds=(Images,))
    presets: ClassVar = {"small": small, "paper": paper}
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
        self.encoder = Encoder(channels, widths, base=base, latent_dim=latent_dim)
        self.decoder = Decoder(channels, widths[::-1], base=base, latent_dim=latent_dim)
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
        energies = sum(self.energy(one).mean() for one in made)
        return s.adversarial_weight * energies + s.reconstruction_weight * self.error(
            made[0], images
        )

    def error(self, made: Tensor, images: Tensor) -> Tensor:
        """Return A = ½ Σ (x_r − x)², the mean over images."""
        return 0.5 * (made - images).square().flatten(1).sum(dim=1).mean()

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Decode codes of the prior."""
        codes = torch.randn(count, self.settings.latent_dim, generator=rng)
        images: Tensor = self.decoder(codes.to(self.device))
        return images

    def reconstruct(self, images: Tensor) -> Tensor:
        """Decode the means of the codes of images (N, C, H, W)."""
        again: Tensor = self.decoder(self.encode(images)[0])
        return again

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
        picture: Image.Image = self.task.show(self.decoder(torch.cat(walks)))
        return picture
