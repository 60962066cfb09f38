"""An hourglass: an encoder down to a code of numbers, and a decoder with skip links."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SLOPE, MAX_FACTOR, SMALLEST = 0.2, 8, 8
KERNEL, PADDING = 4, 1


class Hourglass(nn.Module):
    """Images (N, C, H, W) -> maps (N, C', H, W), of any range: a U-Net with a code.

    Args:
        shape: C, H and W.
        channels: C'.
        width: Channels of the first layer; doubled at each halving, up to 8 times.
        bottleneck: Numbers that an image is encoded in.

    Raises:
        ValueError: The images cannot be halved down to 4x4 or 7x7 pixels.
    """

    def __init__(
        self, shape: tuple[int, ...], channels: int, *, width: int, bottleneck: int
    ) -> None:
        super().__init__()
        size = shape[-1]
        levels = halvings(shape)
        widths = [width * min(2**level, MAX_FACTOR) for level in range(levels)]
        # 128x128 -> 64x64x64 -> 32x32x128 -> 16x16x256 -> 8x8x512 -> 4x4x512 -> 256
        self.encoder = nn.ModuleList(
            nn.Conv2d(before, after, KERNEL, 2, PADDING)
            for before, after in pairwise([shape[0], *widths])
        )
        self.base = widths[-1], size >> levels, size >> levels
        units = widths[-1] * (size >> levels) ** 2
        self.narrow, self.wide = nn.Linear(units, bottleneck), nn.Linear(bottleneck, units)
        # 256 -> 4x4x512 (+512) -> 8x8x512 (+512) -> 16x16x256 (+256) -> ... -> 128x128
        outputs = [*widths[-2::-1], channels]
        inputs = [2 * one for one in (widths[-1], *outputs[:-1])]
        self.decoder = nn.ModuleList(
            nn.ConvTranspose2d(before, after, KERNEL, 2, PADDING)
            for before, after in zip(inputs, outputs, strict=True)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Encode images, and decode them."""
        hidden, beside = images, []
        for layer in self.encoder:
            hidden = F.leaky_relu(layer(hidden), SLOPE)
            beside.append(hidden)
        code = F.leaky_relu(self.narrow(hidden.flatten(1)), SLOPE)
        hidden = F.leaky_relu(self.wide(code), SLOPE).view(-1, *self.base)
        for layer in self.decoder:
            hidden = layer(F.leaky_relu(torch.cat([hidden, beside.pop()], dim=1), SLOPE))
        return hidden


def halvings(shape: tuple[int, ...]) -> int:
    """Return how often images (C, H, W) are halved, down to 4 pixels, or 7.

    Raises:
        ValueError: They cannot be.
    """
    size, levels = shape[-1], 0
    while size >= SMALLEST and size % 2 == 0:
        size, levels = size // 2, levels + 1
    if len(shape) != 3 or shape[1] != shape[2] or not levels:
        raise ValueError(
            f"views are halved down to 4 pixels, so they must be squares of 8 or more, but got "
            f"samples of shape {shape}. Give --data.image-size 32."
        )
    return levels
