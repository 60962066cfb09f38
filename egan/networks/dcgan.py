"""DCGAN (Radford et al., arXiv 1511.06434) for images 8, 16, 32, 64, 128 or 256 wide.

E-GAN (arXiv 1803.00657) uses this form: for CIFAR-10, `width=128`, no norm in the generator and
batch norm in the discriminator give its published networks (512-256-128 and 128-256-512).
"""

from __future__ import annotations

import torch
from torch import nn

from egan.networks.blocks import Logits, constrain, initialise

BASE = 4
SIZES = (8, 16, 32, 64, 128, 256)
MAX_FACTOR = 8
SLOPE = 0.2


class Generator(nn.Module):
    """Codes (N, Z) -> images (N, C, H, W) in [-1, 1].

    A linear layer to 4x4, then 4x4 transposed convolutions of stride 2 with ReLU, then tanh.
    """

    def __init__(
        self, shape: tuple[int, ...], *, latent_dim: int, widths: list[int], batch_norm: bool
    ) -> None:
        super().__init__()
        self.first = nn.Linear(latent_dim, widths[0] * BASE * BASE)
        self.rest = nn.Sequential(nn.Unflatten(1, (widths[0], BASE, BASE)))
        for width, following in zip(widths, [*widths[1:], shape[0]], strict=True):
            if batch_norm:
                self.rest.append(nn.BatchNorm2d(width))
            self.rest.append(nn.ReLU())
            self.rest.append(nn.ConvTranspose2d(width, following, 4, stride=2, padding=1))
        self.rest.append(nn.Tanh())

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """Map codes (N, Z) to images (N, C, H, W) in [-1, 1]."""
        images: torch.Tensor = self.rest(self.first(codes))
        return images


def generator(
    shape: tuple[int, ...],
    *,
    latent_dim: int,
    width: int,
    depth: int | None = None,
    norm: str = "none",
    init: str = "default",
) -> nn.Module:
    """Build a DCGAN generator: (N, Z) -> (N, C, H, W) in [-1, 1].

    `width` counts the channels before the last layer; they double towards the code, up to 8
    times. With `norm="batch"` every hidden layer is followed by batch norm.

    Raises:
        ValueError: If `shape` is not (C, H, H) with H a power of two from 8 to 256.
    """
    _, size = _checked(shape, depth)
    widths = _widths(size, width)[::-1]
    network = Generator(shape, latent_dim=latent_dim, widths=widths, batch_norm=norm == "batch")
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
    """Build a DCGAN discriminator: (N, C, H, W) in [-1, 1] -> logits (N,).

    4x4 convolutions of stride 2 down to 4x4, each with LeakyReLU(.2), then a linear layer.
    `width` counts the channels of the first one; they double, up to 8 times. `norm="batch"` puts
    batch norm into all but the first (8x8 images have only the first), `norm="spectral"` divides
    every weight by its largest singular value.

    Raises:
        ValueError: If `shape` is not (C, H, H) with H a power of two from 8 to 256.
    """
    channels, size = _checked(shape, depth)
    widths = _widths(size, width)
    layers: list[nn.Module] = []
    for i, (before, after) in enumerate(zip([channels, *widths], widths, strict=False)):
        layers.append(nn.Conv2d(before, after, 4, stride=2, padding=1))
        if norm == "batch" and i > 0:
            layers.append(nn.BatchNorm2d(after))
        layers.append(nn.LeakyReLU(SLOPE))
    network = nn.Sequential(*layers, Logits(widths[-1] * BASE * BASE))
    initialise(network, init)
    if norm == "spectral":
        constrain(network)
    return network


def _widths(size: int, width: int) -> list[int]:
    """Return the channels of the hidden layers, from the image inwards."""
    levels = (size // BASE).bit_length() - 1
    return [width * min(MAX_FACTOR, 2**level) for level in range(levels)]


def _checked(shape: tuple[int, ...], depth: int | None) -> tuple[int, int]:
    """Return channels and size of a shape that fits."""
    if len(shape) != 3 or shape[1] != shape[2] or shape[1] not in SIZES:
        raise ValueError(
            f"the dcgan networks make images (C, H, H) with H of {SIZES}, but got {shape}. "
            "Choose the network mlp for other shapes, or set --data.image-size."
        )
    if depth is not None:
        raise ValueError(
            f"depth={depth} fits only the mlp networks: the depth of dcgan follows from the image "
            "size. Leave it out."
        )
    return shape[0], shape[1]
