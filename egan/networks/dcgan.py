"""DCGAN (Radford et al., arXiv 1511.06434) for square images 8 to 256 wide.

The smallest feature map, of `base` x `base`, is doubled up to the image: 4 for images of 8, 16, 32
and so on, 7 for those of 28; `base=2` gives images of 8 a second doubling.

E-GAN (arXiv 1803.00657) uses this form: for CIFAR-10, `width=128`, no norm in the generator and
batch norm in the discriminator give its published networks (512-256-128 and 128-256-512).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

from egan.networks.blocks import Logits, Trunk, finished, initialise
from egan.networks.sizes import base_size, hidden_widths

SIZES = (8, 256)
BASES = (1, 7)
SLOPE = 0.2


class Generator(nn.Module):
    """Codes (N, Z) -> images (N, C, H, W) in [-1, 1].

    A linear layer to the smallest map, then 4x4 transposed convolutions of stride 2 with ReLU,
    then tanh.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        latent_dim: int,
        widths: list[int],
        base: int,
        batch_norm: bool,
    ) -> None:
        super().__init__()
        self.first = nn.Linear(latent_dim, widths[0] * base * base)
        self.rest = nn.Sequential(nn.Unflatten(1, (widths[0], base, base)))
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
    base: int | None = None,
) -> nn.Module:
    """Build a DCGAN generator: (N, Z) -> (N, C, H, W) in [-1, 1].

    `width` counts the channels before the last layer; they double towards the code, up to 8
    times. With `norm="batch"` every hidden layer is followed by batch norm. `base` is the size of
    the smallest feature map, 4 to 7 by default.

    Raises:
        ValueError: If `shape` is not (C, H, H) with H from 8 to 256, `base` doubled.
    """
    base = _checked_base(shape, depth, base)
    network = Generator(
        shape,
        latent_dim=latent_dim,
        widths=hidden_widths(shape[1], width, base=base)[::-1],
        base=base,
        batch_norm=norm == "batch",
    )
    initialise(network, init)
    return network


def discriminator(
    shape: tuple[int, ...],
    *,
    width: int,
    depth: int | None = None,
    norm: str = "none",
    init: str = "default",
    base: int | None = None,
    slope: float = SLOPE,
) -> nn.Module:
    """Build a DCGAN discriminator: (N, C, H, W) in [-1, 1] -> logits (N,).

    4x4 convolutions of stride 2 down to `base`, each with LeakyReLU(slope), then a linear layer.
    `width` counts the channels of the first one; they double, up to 8 times. `norm="batch"` puts
    batch norm into all but the first (8x8 images have only the first), `norm="spectral"` divides
    every weight by its largest singular value.

    Raises:
        ValueError: If `shape` is not (C, H, H) with H from 8 to 256, `base` doubled.
    """
    base = _checked_base(shape, depth, base)
    widths = hidden_widths(shape[1], width, base=base)
    layers = _convolutions([shape[0], *widths], norm=norm, slope=slope)
    network = nn.Sequential(*layers, Logits(widths[-1] * base * base))
    return finished(network, norm=norm, init=init)


def trunk(
    shape: tuple[int, ...],
    *,
    width: int,
    depth: int | None = None,
    norm: str = "none",
    init: str = "default",
    base: int | None = None,
    slope: float = SLOPE,
) -> Trunk:
    """Build a `discriminator` without its last layer: (N, C, H, W) -> features (N, F).

    Raises:
        ValueError: If `shape` is not (C, H, H) with H from 8 to 256, `base` doubled.
    """
    base = _checked_base(shape, depth, base)
    widths = hidden_widths(shape[1], width, base=base)
    layers = _convolutions([shape[0], *widths], norm=norm, slope=slope)
    network = Trunk(layers, num_features=widths[-1] * base * base)
    return finished(network, norm=norm, init=init)


def _convolutions(channels: list[int], *, norm: str, slope: float) -> list[nn.Module]:
    """Return the strided convolutions from one number of channels to the next."""
    layers: list[nn.Module] = []
    for i, (before, after) in enumerate(pairwise(channels)):
        layers.append(nn.Conv2d(before, after, 4, stride=2, padding=1))
        if norm == "batch" and i > 0:
            layers.append(nn.BatchNorm2d(after))
        layers.append(nn.LeakyReLU(slope))
    return layers


def _checked_base(shape: tuple[int, ...], depth: int | None, base: int | None) -> int:
    """Return the size of the smallest feature map of images that fit."""
    if depth is not None:
        raise ValueError(
            f"depth={depth} fits only the mlp networks: the depth of dcgan follows from the image "
            "size. Leave it out."
        )
    size = shape[1] if len(shape) == 3 else 0
    smallest = base_size(size) if base is None else base
    square = len(shape) == 3 and shape[1] == shape[2] and SIZES[0] <= size <= SIZES[1]
    if not square or smallest not in range(BASES[0], BASES[1] + 1) or not _doubles(smallest, size):
        raise ValueError(
            f"the dcgan networks make images (C, H, H) with H from {SIZES[0]} to {SIZES[1]} that "
            f"is a number from {BASES[0]} to {BASES[1]} doubled (8, 28, 32, 64), but got {shape}"
            + (f" with {base=}. " if base is not None else ". ")
            + "Choose the network mlp for other shapes, or set --data.image-size."
        )
    return smallest


def _doubles(base: int, size: int) -> bool:
    """Return whether `base`, doubled again and again, becomes `size`."""
    times, rest = divmod(size, base)
    return rest == 0 and times.bit_count() == 1
