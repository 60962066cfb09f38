"""The pyramid of LAPGAN, and the networks of its levels."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.networks.blocks import Logits

TAPS = (1.0, 4.0, 6.0, 4.0, 1.0)
SLOPE = 0.2
SMALLEST = 4


def _blurred(images: Tensor) -> Tensor:
    """Blur images (N, C, H, W) by a binomial kernel of 5x5, edges repeated."""
    taps = torch.tensor(TAPS, dtype=images.dtype, device=images.device)
    kernel = torch.outer(taps, taps) / taps.sum() ** 2
    channels = images.shape[1]
    weight = kernel.expand(channels, 1, *kernel.shape)
    return F.conv2d(F.pad(images, (2, 2, 2, 2), mode="replicate"), weight, groups=channels)


def halved(images: Tensor) -> Tensor:
    """Blur images (N, C, H, W) and take every other pixel (d): (N, C, H / 2, W / 2)."""
    return _blurred(images)[..., ::2, ::2].contiguous()


def doubled(images: Tensor) -> Tensor:
    """Enlarge images (N, C, H, W) smoothly (u): (N, C, 2H, 2W)."""
    return F.interpolate(images, scale_factor=2.0, mode="bilinear", align_corners=False)


def check_levels(side: int, levels: int) -> None:
    """See that images of this side can be halved so often.

    Raises:
        ValueError: They cannot.
    """
    if levels > side.bit_length() or side % 2**levels or side // 2**levels < SMALLEST:
        raise ValueError(
            f"--levels {levels} halves images down to {SMALLEST} pixels or more, which those of "
            f"{side} cannot be; give fewer, or a larger --data.image-size."
        )


def gaussian_pyramid(images: Tensor, levels: int) -> list[Tensor]:
    """Return images and what is left of them by halving so often: [I_0, ..., I_K].

    Raises:
        ValueError: They cannot be halved so often.
    """
    check_levels(min(images.shape[2:]), levels)
    found = [images]
    for _ in range(levels):
        found.append(halved(found[-1]))
    return found


def laplacian_pyramid(images: Tensor, levels: int) -> list[Tensor]:
    """Return what each size adds to the one below, and the smallest: [h_0, ..., h_{K-1}, I_K]."""
    sizes = gaussian_pyramid(images, levels)
    details = [one - doubled(small) for one, small in pairwise(sizes)]
    return [*details, sizes[-1]]


def assembled(parts: list[Tensor]) -> Tensor:
    """Return the images I_0 of [h_0, ..., h_{K-1}, I_K]: the inverse of `laplacian_pyramid`."""
    image = parts[-1]
    for detail in reversed(parts[:-1]):
        image = doubled(image) + detail
    return image


class DetailGenerator(nn.Module):
    """An enlarged image (N, C, H, W) and noise (N, M, H, W) -> its details (N, C, H, W).

    Args:
        channels: C.
        noise_channels: M.
        width: Channels of the hidden maps.
    """

    def __init__(self, channels: int, *, noise_channels: int, width: int) -> None:
        super().__init__()
        # 32x32x(3 + 1) -> 32x32x64 -> 32x32x64 -> 32x32x3
        self.layers = nn.Sequential(
            *(nn.Conv2d(channels + noise_channels, width, 7, padding=3), nn.ReLU()),
            *(nn.Conv2d(width, width, 7, padding=3), nn.ReLU()),
            nn.Conv2d(width, channels, 5, padding=2),
        )

    def forward(self, low: Tensor, noise: Tensor) -> Tensor:
        """Make details."""
        made: Tensor = self.layers(torch.cat([low, noise], dim=1))
        return made


class DetailDiscriminator(nn.Module):
    """Images with details (N, C, H, H), l_k + h_k -> logits (N,)."""

    def __init__(self, channels: int, size: int, *, width: int, dropout: float) -> None:
        super().__init__()
        # 32x32x3 -> 32x32x64 -> 16x16x64 -> 1
        self.layers = nn.Sequential(
            *(nn.Conv2d(channels, width, 5, padding=2), nn.LeakyReLU(SLOPE)),
            *(nn.Conv2d(width, width, 5, 2, 2), nn.LeakyReLU(SLOPE), nn.Dropout(dropout)),
            Logits(width * (size // 2) ** 2),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Judge images."""
        logits: Tensor = self.layers(images)
        return logits


def smallest_generator(shape: tuple[int, ...], *, latent_dim: int, hidden: int) -> nn.Module:
    """Build G_K: codes (N, Z) -> images (N, *shape) in [-1, 1]."""
    return nn.Sequential(
        *(nn.Linear(latent_dim, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()),
        *(nn.Linear(hidden, math.prod(shape)), nn.Tanh(), nn.Unflatten(1, shape)),
    )


def smallest_discriminator(shape: tuple[int, ...], *, hidden: int, dropout: float) -> nn.Module:
    """Build D_K: images (N, *shape) -> logits (N,)."""
    return nn.Sequential(
        *(nn.Flatten(), nn.Linear(math.prod(shape), hidden), nn.LeakyReLU(SLOPE)),
        *(nn.Dropout(dropout), nn.Linear(hidden, hidden), nn.LeakyReLU(SLOPE)),
        *(nn.Dropout(dropout), Logits(hidden)),
    )
