"""PGGAN's networks, which have all their blocks from the start and use those of the size so far.

N batch, Z dimensions of the code, C H W images. Sizes are counted from 0, the smallest one.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.collection.pggan import GROUP, PgganSettings
from egan.networks.equalised import HE, EqualisedConv2d, EqualisedLinear, PixelNorm
from egan.networks.halvings import halvings
from egan.networks.minibatch import MinibatchStd

SLOPE = 0.2
INWARD_GAIN = HE / 4
"""Of G's first layer, to match the authors' code."""


def widths(shape: tuple[int, ...], settings: PgganSettings) -> list[int]:
    """Return the channels of the maps by size, the smallest first."""
    _, times = halvings(shape)
    return [min(settings.width * 2**level, settings.max_width) for level in range(times, -1, -1)]


def shrunk(images: Tensor, size: int) -> Tensor:
    """Return images (N, C, H, H) of ``size`` pixels, each the mean of those that it stands for."""
    return images if images.shape[-1] == size else F.avg_pool2d(images, images.shape[-1] // size)


def enlarged(images: Tensor, size: int) -> Tensor:
    """Return images (N, C, H, H) of ``size`` pixels, each of theirs repeated."""
    return images if images.shape[-1] == size else F.interpolate(images, size=(size, size))


class Growing(nn.Module):
    """A network with a block for each size, of which it uses those up to `grown`.

    Attributes:
        base: The smallest size, in pixels.
        last: The largest size's number.
        grown: How far it has grown: 1.25 is the second size and a quarter of the third. A part of
            the state.
    """

    grown: Tensor

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.base, self.last = halvings(shape)
        self.register_buffer("grown", torch.zeros((), dtype=torch.float64))

    @property
    def level(self) -> int:
        """The number of the largest size in use."""
        return math.ceil(float(self.grown))

    @property
    def alpha(self) -> float:
        """How far the last block has faded in, in (0, 1]."""
        return 1.0 - (self.level - float(self.grown))

    @property
    def size(self) -> int:
        """The largest size in use, in pixels."""
        size: int = self.base * 2**self.level
        return size

    def grow(self, grown: float) -> bool:
        """Grow so far; return whether a block is new."""
        before = self.level
        self.grown.fill_(min(grown, float(self.last)))
        return self.level > before


class Generator(Growing):
    """z (N, Z) -> images (N, C, S, S), S the size in use.

    Real images are in [-1, 1]; where the settings say so, tanh keeps these there too.

    At 1024x1024 with the paper's sizes, two convolutions of 3x3 at each, the first one's linear:

        512 -> 4x4x512 -> 8x8x512 -> 16x16x512 -> 32x32x512 -> 64x64x256 -> 128x128x128
        -> 256x256x64 -> 512x512x32 -> 1024x1024x16, and of each size 1x1 conv -> 3
    """

    def __init__(self, shape: tuple[int, ...], settings: PgganSettings) -> None:
        super().__init__(shape)
        channels, code = widths(shape, settings), settings.latent_dim
        self.first = nn.Sequential(
            PixelNorm(),
            EqualisedLinear(code, channels[0] * self.base**2, gain=INWARD_GAIN),
            nn.Unflatten(1, (channels[0], self.base, self.base)),
            *_normed(),
            EqualisedConv2d(channels[0], channels[0], 3),
            *_normed(),
        )
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Upsample(scale_factor=2.0),
                EqualisedConv2d(before, after, 3),
                *_normed(),
                EqualisedConv2d(after, after, 3),
                *_normed(),
            )
            for before, after in pairwise(channels)
        )
        self.colours = nn.ModuleList(EqualisedConv2d(c, shape[0], 1, gain=1.0) for c in channels)
        self.last_layer = nn.Tanh() if settings.tanh else nn.Identity()

    def forward(self, codes: Tensor) -> Tensor:
        """Map codes to images of the size in use."""
        return self.at(codes, self.level, self.alpha)

    def at(self, codes: Tensor, level: int, alpha: float = 1.0) -> Tensor:
        """Map codes to images of a size, whose block has faded in so far."""
        hidden = before = self.first(codes)
        for block in self.blocks[:level]:
            before, hidden = hidden, block(hidden)
        images: Tensor = self.colours[level](hidden)
        if alpha < 1.0:
            coarse = enlarged(self.colours[level - 1](before), images.shape[-1])
            images = torch.lerp(coarse, images, alpha)
        shown: Tensor = self.last_layer(images)
        return shown


class Discriminator(Growing):
    """Images (N, C, S, S) of the size in use -> scores (N,).

    At 1024x1024 with the paper's sizes, two convolutions of 3x3 and a mean of four pixels each:

        1024x1024x16 -> 512x512x32 -> 256x256x64 -> 128x128x128 -> 64x64x256 -> 32x32x512
        -> 16x16x512 -> 8x8x512 -> 4x4x512 -> + deviation of the batch 4x4x513 -> conv 4x4x512
        -> linear 512 -> 1, and of each size 3 -> 1x1 conv
    """

    def __init__(self, shape: tuple[int, ...], settings: PgganSettings) -> None:
        super().__init__(shape)
        channels = widths(shape, settings)
        inside, seen = channels[0], channels[0] + settings.minibatch_std
        self.colours = nn.ModuleList(
            nn.Sequential(EqualisedConv2d(shape[0], c, 1), nn.LeakyReLU(SLOPE)) for c in channels
        )
        self.blocks = nn.ModuleList(
            nn.Sequential(
                EqualisedConv2d(outer, outer, 3),
                nn.LeakyReLU(SLOPE),
                EqualisedConv2d(outer, inner, 3),
                nn.LeakyReLU(SLOPE),
                nn.AvgPool2d(2),
            )
            for inner, outer in pairwise(channels)
        )
        self.last_layers = nn.Sequential(
            MinibatchStd(GROUP) if settings.minibatch_std else nn.Identity(),
            EqualisedConv2d(seen, inside, 3),
            nn.LeakyReLU(SLOPE),
            nn.Flatten(),
            EqualisedLinear(inside * self.base**2, inside, gain=HE),
            nn.LeakyReLU(SLOPE),
            EqualisedLinear(inside, 1),
            nn.Flatten(0),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Map images of the size in use to scores."""
        level, alpha = self.level, self.alpha
        hidden = self.colours[level](images)
        for at in range(level, 0, -1):
            hidden = self.blocks[at - 1](hidden)
            if at == level and alpha < 1.0:
                coarse = self.colours[level - 1](shrunk(images, images.shape[-1] // 2))
                hidden = torch.lerp(coarse, hidden, alpha)
        scores: Tensor = self.last_layers(hidden)
        return scores


def _normed() -> tuple[nn.Module, nn.Module]:
    return nn.LeakyReLU(SLOPE), PixelNorm()
