"""VAE's networks: encoders and decoders of convolutions, of one hidden layer, or of none."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import torch
from torch import Tensor, nn

from egan.networks.halvings import halvings


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
    """Codes (N, Z) -> (N, *shape): logits of pixels, or their means; with a log-variance.

    Where variances are decoded, (N, 2 C, ...) for samples (C, ...): means, then log-variances.
    """

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


def dense(shape: tuple[int, ...], *, width: int, latent_dim: int, outputs: int = 1) -> Autoencoder:
    """Build networks of one hidden layer of tanh units, as in the paper.

    With D numbers in a sample, a hidden layer of W units, and K numbers decoded for each:

        x *shape -> D -> W -> μ Z, log σ² Z        z Z -> W -> K D -> K C x ...
    """
    size = prod(shape)
    decoded = several(shape, outputs)
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(size, width), nn.Tanh())
    decoder = nn.Sequential(
        *(nn.Linear(latent_dim, width), nn.Tanh()),
        *(nn.Linear(width, prod(decoded)), nn.Unflatten(1, decoded)),
    )
    return Autoencoder(Encoder(encoder, width, latent_dim), Decoder(decoder))


def several(shape: tuple[int, ...], outputs: int) -> tuple[int, ...]:
    """Return the shape of so many numbers for each of a sample, one after another: (K C, ...)."""
    return (outputs * shape[0], *shape[1:])


def linear(
    shape: tuple[int, ...],
    *,
    width: int,  # noqa: ARG001 - the interface
    latent_dim: int,
    outputs: int = 1,
) -> Autoencoder:
    """Build networks without a hidden layer: x -> μ, log σ² and z -> x, an affine map each.

    A Gaussian p(x) is then known exactly.
    """
    size, decoded = prod(shape), several(shape, outputs)
    decoder = nn.Sequential(nn.Linear(latent_dim, prod(decoded)), nn.Unflatten(1, decoded))
    return Autoencoder(Encoder(nn.Flatten(), size, latent_dim), Decoder(decoder))


def convolutional(
    shape: tuple[int, ...], *, width: int, latent_dim: int, outputs: int = 1
) -> Autoencoder:
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
    last = several(shape, outputs)[0]
    for before, after in zip(widths[::-1], [*widths[-2::-1], last], strict=True):
        decoder.extend([nn.ConvTranspose2d(before, after, 4, stride=2, padding=1), nn.ReLU()])
    return Autoencoder(Encoder(encoder, size, latent_dim), Decoder(decoder[:-1]))
