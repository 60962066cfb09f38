"""VAE (Kingma and Welling 2013, "Auto-encoding variational Bayes", arXiv 1312.6114).

An encoder q(z|x) = N(μ(x), σ(x)²) and a decoder p(x|z) maximise, for the prior p(z) = N(0, 1),

    ELBO = E_q[log p(x|z)] − β KL(q(z|x) ‖ p(z)) <= log p(x)            (β = 1)
    KL   = ½ Σ_j (μ_j² + σ_j² − log σ_j² − 1)

with one z = μ + σ ε per sample, ε ~ N(0, 1), through which the gradient flows. The likelihood is
Bernoulli on pixels brought from [−1, 1] to [0, 1] (for grey ones the cross-entropy), or Gaussian
with one learned standard deviation; ELBOs of the two cannot be compared. More z per sample give
the tighter bound of Burda et al. 2015 (arXiv 1509.00519),

    log p(x) >= E[log 1/k Σ_i p(x, z_i) / q(z_i|x)].

An update:

    draw samples x, and ε
    z = μ(x) + σ(x) ε
    descend β KL(q(z|x) ‖ p(z)) − log p(x|z)    in encoder and decoder at once

Here the networks are convolutional by default, and Adam trains them; the paper's one hidden layer
of 500 units, trained by Adagrad, is the preset `paper`. The fitness is the ELBO with β = 1 in nats,
on held-out data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.config import DataConfig, RunConfig, SearchConfig, Settings
from egan.data.kinds import Clips, Images, Points, Series
from egan.losses.variational import gaussian_kl, gaussian_log_density, reparameterise
from egan.networks.halvings import halvings
from egan.tasks import ROW, Density, Draw, Needs
from egan.training.model import Model

if TYPE_CHECKING:
    from PIL import Image

NUM_BOUNDED, NUM_WEIGHTED = 100, 50
"""Samples on which the tighter bound is taken, with how many z each."""


@dataclass(frozen=True, kw_only=True)
class VaeSettings(Settings):
    """Settings of a VAE."""

    STRUCTURAL = ("network", "width", "latent_dim", "likelihood", "optimizer")
    MAY_BE_ZERO = ("warm_up",)
    SPACE: ClassVar = {
        "lr": "1e-4,1e-2,log",
        "kl_weight": "0.1,4,log",
        "batch_size": "32,64,128",
        "latent_dim": "2,4,8,16,32,64",
    }

    network: Literal["conv", "mlp", "linear"] = "conv"
    """Convolutions for images, one hidden layer for anything, or none: probabilistic PCA."""
    width: int = 32
    """Channels of the first convolution, doubled at each halving; or units of the hidden layer."""
    latent_dim: int = 16
    """Dimensions of the latent code z."""
    likelihood: Literal["bernoulli", "gaussian"] = "bernoulli"
    """Of a pixel; points need gaussian, whose standard deviation is learned."""
    kl_weight: float = 1.0
    """Weight of the KL divergence (beta)."""
    warm_up: int = 0
    """Updates over which that weight grows from 0."""
    lr: float = 1e-3
    """Learning rate."""
    optimizer: Literal["adam", "adagrad"] = "adam"
    """Adam, or Adagrad as in the paper."""


def small() -> RunConfig:
    """Digits of 8x8 pixels, in half a minute."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=100),
        settings=VaeSettings(),
    )


def paper() -> RunConfig:
    """MNIST as published: a hidden layer of 500 units and 20 dimensions, by Adagrad."""
    return RunConfig(
        data=DataConfig(name="mnist", image_size=28),
        search=SearchConfig(rounds=100, interval=1000),
        settings=VaeSettings(
            network="mlp", width=500, latent_dim=20, batch_size=100, lr=0.01, optimizer="adagrad"
        ),
    )


class Posterior(NamedTuple):
    """q(z|x): mean and log-variance, (N, Z) each."""

    mean: Tensor
    log_variance: Tensor


class Encoder(nn.Module):
    """Samples (N, *shape) -> q(z|x)."""

    def __init__(self, body: nn.Module, num_features: int, latent_dim: int) -> None:
        super().__init__()
        self.body = body
        self.head = nn.Linear(num_features, 2 * latent_dim)

    def forward(self, samples: Tensor) -> Posterior:
        """Return mean and log-variance of the codes of samples."""
        mean, log_variance = self.head(self.body(samples)).chunk(2, dim=1)
        return Posterior(mean, log_variance)


class Decoder(nn.Module):
    """Codes (N, Z) -> (N, *shape): logits of pixels, or their means; with a log-variance."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.log_variance = nn.Parameter(torch.zeros(()))

    def forward(self, codes: Tensor) -> Tensor:
        """Map codes to the parameters of p(x|z)."""
        parameters: Tensor = self.body(codes)
        return parameters


class Autoencoder(nn.Module):
    """Encoder and decoder, which one optimiser trains."""

    def __init__(self, encoder: Encoder, decoder: Decoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder


def dense(shape: tuple[int, ...], *, width: int, latent_dim: int) -> Autoencoder:
    """Build networks of one hidden layer of tanh units, as in the paper.

    With D numbers in a sample and a hidden layer of W units:

        x *shape -> D -> W -> μ Z, log σ² Z        z Z -> W -> D -> *shape
    """
    size = prod(shape)
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(size, width), nn.Tanh())
    decoder = nn.Sequential(
        nn.Linear(latent_dim, width), nn.Tanh(), nn.Linear(width, size), nn.Unflatten(1, shape)
    )
    return Autoencoder(Encoder(encoder, width, latent_dim), Decoder(decoder))


def linear(shape: tuple[int, ...], *, width: int, latent_dim: int) -> Autoencoder:  # noqa: ARG001
    """Build networks without a hidden layer: x -> μ, log σ² and z -> x, an affine map each.

    A Gaussian p(x) is then known exactly.
    """
    size = prod(shape)
    decoder = nn.Sequential(nn.Linear(latent_dim, size), nn.Unflatten(1, shape))
    return Autoencoder(Encoder(nn.Flatten(), size, latent_dim), Decoder(decoder))


def convolutional(shape: tuple[int, ...], *, width: int, latent_dim: int) -> Autoencoder:
    """Build 4x4 convolutions of stride 2 down to 4 to 7 pixels, and their mirror image.

    For images of 32x32 pixels and a width of 32:

        x 3x32x32 -> 32x16x16 -> 64x8x8 -> 128x4x4 -> 2048 -> μ Z, log σ² Z
        z Z -> 2048 -> 128x4x4 -> 64x8x8 -> 32x16x16 -> 3x32x32

    Raises:
        ValueError: The images cannot be halved so far.
    """
    base, times = halvings(shape)
    widths = [width * 2**level for level in range(times)]
    encoder = nn.Sequential()
    for before, after in zip([shape[0], *widths], widths, strict=False):
        encoder.extend([nn.Conv2d(before, after, 4, stride=2, padding=1), nn.ReLU()])
    encoder.append(nn.Flatten())
    size = widths[-1] * base * base
    decoder = nn.Sequential(
        nn.Linear(latent_dim, size), nn.ReLU(), nn.Unflatten(1, (widths[-1], base, base))
    )
    for before, after in zip(widths[::-1], [*widths[-2::-1], shape[0]], strict=True):
        decoder.extend([nn.ConvTranspose2d(before, after, 4, stride=2, padding=1), nn.ReLU()])
    return Autoencoder(Encoder(encoder, size, latent_dim), Decoder(decoder[:-1]))


class Vae(Model):
    """Encoder and decoder that maximise a lower bound of the likelihood."""

    task_type: ClassVar = Density
    needs: ClassVar = Needs(kinds=(Images, Clips, Points, Series))
    presets: ClassVar = {"small": small, "paper": paper}
    learning: ClassVar = {"vae": "lr"}
    tiny: ClassVar = {"width": 4, "batch_size": 8, "latent_dim": 2}
    settings: VaeSettings

    def build(self) -> dict[str, nn.Module]:
        """Build encoder and decoder.

        Raises:
            ValueError: The network or the likelihood does not fit the data.
        """
        s = self.settings
        if s.likelihood == "bernoulli" and not self.task.data.kind.bounded:
            raise ValueError(
                f"--likelihood bernoulli is for images, but {self.task.data.name} has samples of "
                f"shape {self.shape}. Give --likelihood gaussian."
            )
        self.task.likelihood = s.likelihood  # naive densities beside it are to be of the same sort
        build = {"conv": convolutional, "mlp": dense, "linear": linear}[s.network]
        self.vae = build(self.shape, width=s.width, latent_dim=s.latent_dim)
        return {"vae": self.vae}

    def encode(self, samples: Tensor) -> Posterior:
        """Return q(z|x) of samples (N, *shape)."""
        posterior: Posterior = self.vae.encoder(samples)
        return posterior

    def decode(self, codes: Tensor) -> Tensor:
        """Map codes (N, Z) to the parameters of p(x|z), (N, *shape)."""
        parameters: Tensor = self.vae.decoder(codes)
        return parameters

    def mean(self, codes: Tensor) -> Tensor:
        """Map codes (N, Z) to the mean of p(x|z), (N, *shape), images in [-1, 1]."""
        parameters = self.decode(codes)
        if self.settings.likelihood == "bernoulli":
            return 2 * parameters.sigmoid() - 1
        mean: Tensor = self.task.data.kind.clamp(parameters)
        return mean

    def log_likelihood(self, samples: Tensor, codes: Tensor) -> Tensor:
        """Return log p(x|z) in nats, (N,)."""
        parameters = self.decode(codes)
        if self.settings.likelihood == "bernoulli":
            targets = (samples + 1) / 2
            losses = F.binary_cross_entropy_with_logits(parameters, targets, reduction="none")
            return -losses.flatten(1).sum(dim=1)
        log_variance = self.vae.decoder.log_variance.expand_as(samples)
        return gaussian_log_density(samples, parameters, log_variance)

    def parts(self, samples: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return log p(x|z), with z ~ q(z|x), and KL(q(z|x) ‖ p(z)), in nats, (N,) each."""
        posterior = self.encode(samples)
        fit = self.log_likelihood(samples, reparameterise(*posterior, rng=rng))
        return fit, gaussian_kl(*posterior)

    def update(self) -> None:
        """Ascend the ELBO once, with the divergence weighted."""
        fit, divergence = self.parts(self.draw().samples, self.rng)
        grown = min(1.0, (self.updates + 1) / max(1, self.settings.warm_up))
        weight = self.settings.kl_weight * grown
        self.descend((weight * divergence - fit).mean(), "vae")

    def log_density(self, samples: Tensor, rng: torch.Generator) -> Tensor:
        """Return the ELBO of samples (N, *shape), below log p(x), in nats, (N,)."""
        fit, divergence = self.parts(samples.to(self.device), rng)
        return fit - divergence

    def score(self) -> dict[str, float]:
        """Return the ELBO in nats, and its parts."""
        samples = self.task.held_out.real(self.task.num_judged).to(self.device)
        fit, divergence = (part.mean() for part in self.parts(samples, self.rng))
        return {
            "fitness": float(fit - divergence),
            "log_likelihood": float(fit),
            "kl": float(divergence),
        }

    def look(self) -> dict[str, float]:
        """Return the ELBO, the tighter bound beside it on the same samples, and distances."""
        samples = self.task.held_out.real(NUM_BOUNDED).to(self.device)
        one, many = (float(self.bound(samples, k).mean()) for k in (1, NUM_WEIGHTED))
        return {**super().look(), "elbo": one, "importance_bound": many}

    def bound(self, samples: Tensor, num: int) -> Tensor:
        """Return E[log 1/k Σ_i p(x, z_i) / q(z_i|x)] with k = `num` draws, in nats, (N,)."""
        posterior = self.encode(samples)
        weights = []
        for _ in range(num):
            codes = reparameterise(*posterior, rng=self.rng)
            nought = torch.zeros_like(codes)
            prior = gaussian_log_density(codes, nought, nought)
            joint = self.log_likelihood(samples, codes) + prior
            weights.append(joint - gaussian_log_density(codes, *posterior))
        return torch.stack(weights).logsumexp(dim=0) - math.log(num)

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Decode codes of the prior, to the mean of p(x|z)."""
        codes = torch.randn(count, self.settings.latent_dim, generator=rng)
        return self.mean(codes.to(self.device))

    def pictures(self) -> dict[str, Draw]:
        """Show samples, held-out data over their reconstructions, and walks between codes."""
        shown = super().pictures() | {"reconstructions": self.show_reconstructions}
        return shown | ({"interpolations": self.show_walks} if self._are_images else {})

    @property
    def _are_images(self) -> bool:
        return isinstance(self.task.data.kind, Images)

    def show_reconstructions(self, rng: torch.Generator) -> Image.Image:  # noqa: ARG002
        """Draw rows of data, each over the row of their reconstructions from μ(x)."""
        samples = self.task.held_out.real(5 * ROW).to(self.device)
        shown = self.mean(self.encode(samples).mean)
        if self._are_images:
            rows = zip(torch.split(samples, ROW), torch.split(shown, ROW), strict=True)
            shown = torch.cat([row for pair in rows for row in pair])
        picture: Image.Image = self.task.show(shown)
        return picture

    def show_walks(self, rng: torch.Generator) -> Image.Image:  # noqa: ARG002
        """Draw rows that walk from the code of one image to that of the next."""
        codes = self.encode(self.task.held_out.real(ROW).to(self.device)).mean
        t = torch.linspace(0, 1, ROW, device=self.device)[:, None]
        walks = [a + t * (b - a) for a, b in zip(codes, codes.roll(-1, 0), strict=True)]
        picture: Image.Image = self.task.show(self.mean(torch.cat(walks)))
        return picture
