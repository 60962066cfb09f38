"""Fully connected networks, for points in a plane and for tiny images.

E-GAN's networks for its toy mixtures (arXiv 1803.00657) have `width=512, depth=3`: the generator is
2-512-512-512-2, and with `norm="batch"` the discriminator is 2-512-512(BN)-512-1, but for its ReLU,
which is LeakyReLU here.
"""

from __future__ import annotations

from math import prod

import torch
from torch import nn

from egan.networks.blocks import Logits, Trunk, finished, initialise

DEPTH = 3
SLOPE = 0.2


class Generator(nn.Module):
    """Codes (N, Z) -> samples (N, *shape): ReLU layers, then linear; tanh for images."""

    def __init__(self, shape: tuple[int, ...], *, layers: list[nn.Module], width: int) -> None:
        super().__init__()
        self.shape = shape
        self.hidden = nn.Sequential(*layers)
        self.last = nn.Linear(width, prod(shape))

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """Map codes (N, Z) to points (N, D), or to images (N, C, H, W) in [-1, 1]."""
        samples: torch.Tensor = self.last(self.hidden(codes)).unflatten(1, self.shape)
        return samples.tanh() if len(self.shape) == 3 else samples


def generator(
    shape: tuple[int, ...],
    *,
    latent_dim: int,
    width: int,
    depth: int | None = None,
    norm: str = "none",
    init: str = "default",
) -> nn.Module:
    """Build a generator with `depth` hidden layers of `width`: (N, Z) -> (N, *shape).

    With `norm="batch"` every hidden layer is followed by batch norm.
    """
    layers: list[nn.Module] = []
    for i in range(depth or DEPTH):
        layers.append(nn.Linear(width if i else latent_dim, width))
        if norm == "batch":
            layers.append(nn.BatchNorm1d(width))
        layers.append(nn.ReLU())
    network = Generator(tuple(shape), layers=layers, width=width)
    initialise(network, init)
    return network


def discriminator(
    shape: tuple[int, ...],
    *,
    width: int,
    depth: int | None = None,
    norm: str = "none",
    init: str = "default",
) -> nn.Module:
    """Build a discriminator with `depth` hidden layers of `width`: (N, *shape) -> logits (N,).

    LeakyReLU(.2) throughout. `norm="batch"` puts batch norm into the second hidden layer alone,
    as E-GAN does (the first, if there is no second); `norm="spectral"` divides every weight by
    its largest singular value.
    """
    layers = _hidden(shape, width=width, depth=depth or DEPTH, norm=norm)
    return finished(nn.Sequential(*layers, Logits(width)), norm=norm, init=init)


def trunk(
    shape: tuple[int, ...],
    *,
    width: int,
    depth: int | None = None,
    norm: str = "none",
    init: str = "default",
) -> Trunk:
    """Build a `discriminator` without its last layer: (N, *shape) -> features (N, width)."""
    layers = _hidden(shape, width=width, depth=depth or DEPTH, norm=norm)
    return finished(Trunk(layers, num_features=width), norm=norm, init=init)


def _hidden(shape: tuple[int, ...], *, width: int, depth: int, norm: str) -> list[nn.Module]:
    layers: list[nn.Module] = [nn.Flatten()]
    for i in range(depth):
        layers.append(nn.Linear(width if i else prod(shape), width))
        if norm == "batch" and i == min(1, depth - 1):
            layers.append(nn.BatchNorm1d(width))
        layers.append(nn.LeakyReLU(SLOPE))
    return layers
