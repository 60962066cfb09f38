"""The segmenter of adversarial segmentation: a U-Net that ends in classes."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

GROUPS = 8


class Segmenter(nn.Module):
    """Images (N, C, H, W) -> logits of classes (N, K, H, W).

    Args:
        shape: C, H and W; the sides are multiples of 2 to the power of `halvings`.
        num_classes: K.
        width: Channels of the first layer, doubled at each halving.
        halvings: How often an image is halved.

    Raises:
        ValueError: The sides are no such multiples.
    """

    def __init__(
        self, shape: tuple[int, ...], *, num_classes: int, width: int, halvings: int
    ) -> None:
        super().__init__()
        if any(side % 2**halvings for side in shape[1:]):
            raise ValueError(
                f"--halvings {halvings} takes images whose sides are multiples of {2**halvings}, "
                f"but got samples of shape {shape}. Give fewer halvings, or --data.image-size 32."
            )
        # 32x32x3 -> 32x32x16 -> 16x16x32 -> 8x8x64 -> 16x16x32 (+32) -> 32x32x16 (+16) -> 32x32xK
        widths = [width * 2**level for level in range(halvings + 1)]
        self.down = nn.ModuleList(
            _block(before, after)
            for before, after in zip([shape[0], *widths[:-1]], widths, strict=True)
        )
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(2 * one, one, 2, stride=2) for one in widths[-2::-1]
        )
        self.joined = nn.ModuleList(_block(2 * one, one) for one in widths[-2::-1])
        self.head = nn.Conv2d(width, num_classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Map images to logits."""
        skips, hidden = [], images
        for level, block in enumerate(self.down):
            hidden = block(nn.functional.max_pool2d(hidden, 2) if level else hidden)
            skips.append(hidden)
        skips.pop()
        for up, block in zip(self.up, self.joined, strict=True):
            hidden = block(torch.cat([up(hidden), skips.pop()], dim=1))
        logits: Tensor = self.head(hidden)
        return logits


def _block(before: int, after: int) -> nn.Sequential:
    """Return two convolutions of 3x3, each with group norm and ReLU."""
    layers: list[nn.Module] = []
    for channels in (before, after):
        layers += [
            nn.Conv2d(channels, after, 3, padding=1),
            nn.GroupNorm(math.gcd(GROUPS, after), after),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers)
