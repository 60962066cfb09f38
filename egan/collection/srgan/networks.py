"""The networks of SRGAN: a residual generator with pixel shuffling, a VGG of a discriminator."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from egan.networks.blocks import Logits

SLOPE = 0.2
FIXED_SEED, FIXED_WIDTH = 1609, 16


class Block(nn.Module):
    """x -> x + norm(conv3(PReLU(norm(conv3(x))))), maps (N, C, H, W); nothing after the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
            nn.PReLU(channels),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """Add what the layers make of it."""
        added: Tensor = hidden + self.layers(hidden)
        return added


class Generator(nn.Module):
    """Small images (N, C, h, w) -> images (N, C, factor h, factor w), of any size.

    Both are in [-1, 1] outside; inside small ones are in [0, 1], as the paper has them, and what
    comes out is not bounded.

    Args:
        channels: C.
        width: Channels of the maps.
        blocks: How many residual blocks.
        factor: A power of two.
    """

    def __init__(self, channels: int, *, width: int, blocks: int, factor: int) -> None:
        super().__init__()
        # 24x24x3 -> 24x24x64, 16 blocks of it, 24x24x64 and the first map added
        self.first = nn.Sequential(nn.Conv2d(channels, width, 9, padding=4), nn.PReLU(width))
        self.blocks = nn.Sequential(
            *(Block(width) for _ in range(blocks)),
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
        )
        # -> 24x24x256 -> 48x48x64 -> 48x48x256 -> 96x96x64 -> 96x96x3
        self.larger = nn.Sequential(*(Doubled(width) for _ in range(factor.bit_length() - 1)))
        self.last = nn.Conv2d(width, channels, 9, padding=4)

    def forward(self, images: Tensor) -> Tensor:
        """Enlarge images."""
        first = self.first((images + 1) / 2)
        made: Tensor = self.last(self.larger(first + self.blocks(first)))
        return made


class Doubled(nn.Module):
    """Maps (N, C, H, W) -> (N, C, 2H, 2W): four maps for each, whose pixels lie side by side."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 4 * channels, 3, padding=1), nn.PixelShuffle(2), nn.PReLU(channels)
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """Double maps."""
        doubled: Tensor = self.layers(hidden)
        return doubled


class Discriminator(nn.Module):
    """Images (N, C, H, W) -> logits (N,).

    Args:
        shape: C, H and W.
        width: Channels of the first layer, which are doubled three times.
        units: Those of the last hidden layer.
    """

    def __init__(self, shape: tuple[int, ...], *, width: int, units: int) -> None:
        super().__init__()
        channels, *sides = shape
        # 96x96x3 -> 96x96x64 -> 48x48x64 -> 48x48x128 -> 24x24x128 -> 24x24x256 -> 12x12x256
        #         -> 12x12x512 -> 6x6x512 -> 1024 -> 1
        widths = [width * 2**level for level in range(4) for _ in range(2)]
        layers: list[nn.Module] = []
        for number, (before, after) in enumerate(pairwise([channels, *widths])):
            layers.append(nn.Conv2d(before, after, 3, 1 + number % 2, padding=1))
            layers.extend([nn.BatchNorm2d(after)] if number else [])
            layers.append(nn.LeakyReLU(SLOPE))
        places = math.prod(-(-side // 16) for side in sides)
        dense = [nn.Flatten(), nn.Linear(widths[-1] * places, units), nn.LeakyReLU(SLOPE)]
        self.layers = nn.Sequential(*layers, *dense, Logits(units))

    def forward(self, images: Tensor) -> Tensor:
        """Judge images."""
        logits: Tensor = self.layers(images)
        return logits


class FixedFeatures(nn.Module):
    """Images (N, C, H, W) -> maps (N, 32, H / 2, W / 2) of a network that nobody trains.

    Two convolutions, a mean of 2x2 pixels, and one more, with weights from a seed of their own that
    keep the mean square of what passes. So squared differences of maps are about as large as those
    of pixels, which the paper has from a factor of 1 / 12.75 on VGG19's.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, FIXED_WIDTH, 3, padding=1, bias=False),
            nn.ReLU(),
            nn.Conv2d(FIXED_WIDTH, FIXED_WIDTH, 3, padding=1, bias=False),
            nn.ReLU(),
            nn.AvgPool2d(2),
            nn.Conv2d(FIXED_WIDTH, 2 * FIXED_WIDTH, 3, padding=1, bias=False),
        )
        rng = torch.Generator().manual_seed(FIXED_SEED)
        for weight in self.parameters():  # no bias among them
            drawn = torch.randn(weight.shape, generator=rng, device="cpu")
            weight.data.copy_(math.sqrt(2 / math.prod(weight.shape[1:])) * drawn)
        self.requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        """Map images."""
        maps: Tensor = self.layers(images)
        return maps
