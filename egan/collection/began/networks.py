"""BEGAN's networks: an autoencoder, and a generator like its decoder.

N samples, Z numbers of a code, C H W images.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.networks.halvings import halvings
from egan.networks.residual import doubled


def map_sizes(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the smallest map's size, and how often it is doubled: 16 -> (4, 2), 64 -> (8, 3).

    Raises:
        ValueError: The images cannot be halved down to 4 to 7 pixels.
    """
    base, times = halvings(shape)
    return (2 * base, times - 1) if times > 2 else (base, times)


def pair(before: int, after: int) -> nn.Sequential:
    """Build two convolutions of one size, each with ELU."""
    first = nn.Conv2d(before, after, 3, padding=1)
    return nn.Sequential(first, nn.ELU(), nn.Conv2d(after, after, 3, padding=1), nn.ELU())


class Decoder(nn.Module):
    """Codes (N, Z) -> images (N, C, H, W), of any range.

    At 128x128 with the paper's sizes, each -> a pair of convolutions:

        64 -> linear 8x8x128 -> 8x8x128, doubled -> 16x16x128 ... -> 128x128x128, conv 128x128x3

    After each doubling the linear layer's map, enlarged, is put beside what comes in.
    """

    def __init__(self, shape: tuple[int, ...], *, latent_dim: int, width: int, skips: bool) -> None:
        super().__init__()
        self.skips = skips
        self.base, times = map_sizes(shape)
        self.first = nn.Linear(latent_dim, width * self.base**2)
        joined = 2 * width if skips else width
        self.blocks = nn.ModuleList(pair(before, width) for before in [width, *[joined] * times])
        self.last = nn.Conv2d(width, shape[0], 3, padding=1)

    def forward(self, codes: Tensor) -> Tensor:
        """Map codes to images."""
        start = self.first(codes).unflatten(1, (-1, self.base, self.base))
        hidden = self.blocks[0](start)
        for block in self.blocks[1:]:
            hidden = doubled(hidden)
            if self.skips:
                enlarged = F.interpolate(start, size=hidden.shape[2:], mode="nearest")
                hidden = torch.cat([hidden, enlarged], dim=1)
            hidden = block(hidden)
        images: Tensor = self.last(hidden)
        return images


def encoder(shape: tuple[int, ...], *, latent_dim: int, width: int) -> nn.Sequential:
    """Build an encoder: images (N, C, H, W) -> codes (N, Z).

    At 128x128 with the paper's sizes, pairs of convolutions at each size and one of stride 2, =>,
    between:

        128x128x3 -> 128x128x128 => 64x64x256 => 32x32x384 => 16x16x512 => 8x8x640, linear 64
    """
    base, times = map_sizes(shape)
    channels = [width * level for level in range(1, times + 2)]
    layers = nn.Sequential(nn.Conv2d(shape[0], width, 3, padding=1), nn.ELU(), *pair(width, width))
    for before, after in pairwise(channels):
        layers.extend([nn.Conv2d(before, after, 3, stride=2, padding=1), nn.ELU()])
        layers.extend(pair(after, after))
    layers.extend([nn.Flatten(), nn.Linear(channels[-1] * base**2, latent_dim)])
    return layers


class Autoencoder(nn.Module):
    """Images (N, C, H, W) -> the same, by way of a code (N, Z); and how it stands with G.

    Attributes:
        balance: k, the weight of made images in D's loss.
        real_error: Running mean of ℓ(x).
        made_error: Running mean of ℓ(G(z)).
    """

    balance: Tensor
    real_error: Tensor
    made_error: Tensor

    def __init__(self, shape: tuple[int, ...], *, latent_dim: int, width: int, skips: bool) -> None:
        super().__init__()
        self.encoder = encoder(shape, latent_dim=latent_dim, width=width)
        self.decoder = Decoder(shape, latent_dim=latent_dim, width=width, skips=skips)
        for name in ("balance", "real_error", "made_error"):
            self.register_buffer(name, torch.zeros(()))

    def forward(self, images: Tensor) -> Tensor:
        """Map images to what becomes of them."""
        again: Tensor = self.decoder(self.encoder(images))
        return again

    def move(self, real: Tensor, made: Tensor, *, gamma: float, rate: float, share: float) -> None:
        """Move k towards E[ℓ(G(z))] = γ E[ℓ(x)], and the running means, by a share.

        Args:
            real: ℓ(x) of a batch, a scalar.
            made: ℓ(G(z)) of a batch.
            gamma: γ.
            rate: λ.
            share: Of a batch in the running means.
        """
        self.balance.add_(rate * (gamma * real - made)).clamp_(0.0, 1.0)
        self.real_error.lerp_(real, share)
        self.made_error.lerp_(made, share)
