"""The network of pix2pix: a U-Net whose dropout is handed in."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

SLOPE = 0.2
MAX_FACTOR = 8
NOISY_LAYERS = 3
KERNEL, PADDING = 4, 1


def _norm(channels: int) -> nn.Module:
    return nn.InstanceNorm2d(channels, affine=True)


class UNet(nn.Module):
    """Images (N, C, H, W) and noise (N, num_noise) -> images (N, C', H, W) in [-1, 1].

    Args:
        source: Channels, height and width of a source; the sides are a power of two from 8 up.
        channels: C'.
        width: Channels of the first layer.

    Raises:
        ValueError: The images cannot be halved down to one pixel.
    """

    def __init__(self, source: tuple[int, ...], channels: int, *, width: int) -> None:
        super().__init__()
        size = source[-1]
        if len(source) != 3 or source[1] != size or size < 8 or size & (size - 1):
            raise ValueError(
                f"a U-Net halves square images down to one pixel, so their sides must be a power "
                f"of two from 8 up, but got samples of shape {source}. Give --data.image-size 32."
            )
        levels = size.bit_length() - 1
        widths = [width * min(2**level, MAX_FACTOR) for level in range(levels)]
        # 256x256x3 -> 128x128x64 -> 64x64x128 -> 32x32x256 -> 16x16x512 -> ... -> 1x1x512
        self.encoder = nn.ModuleList(
            self._down(before, after, level, levels)
            for level, (before, after) in enumerate(pairwise([source[0], *widths]))
        )
        # 1x1x512 -> 2x2x512 (+512) -> 4x4x512 (+512) -> ... -> 128x128x64 (+64) -> 256x256x3
        outputs = [*widths[-2::-1], channels]
        inputs = [widths[-1], *(2 * one for one in outputs[:-1])]
        self.decoder = nn.ModuleList(
            self._up(before, after, is_last=level == levels - 1)
            for level, (before, after) in enumerate(zip(inputs, outputs, strict=True))
        )
        self.noise = [
            (after, 2 ** (level + 1), 2 ** (level + 1))
            for level, after in enumerate(outputs[: min(NOISY_LAYERS, levels - 1)])
        ]

    @staticmethod
    def _down(before: int, after: int, level: int, levels: int) -> nn.Module:
        """Halve a map; neither the first nor the last, of one pixel, is normalised."""
        layers: list[nn.Module] = [nn.LeakyReLU(SLOPE)] if level else []
        layers.append(nn.Conv2d(before, after, KERNEL, 2, PADDING))
        layers.extend([_norm(after)] if 0 < level < levels - 1 else [])
        return nn.Sequential(*layers)

    @staticmethod
    def _up(before: int, after: int, *, is_last: bool) -> nn.Module:
        double = nn.ConvTranspose2d(before, after, KERNEL, 2, PADDING)
        return nn.Sequential(nn.ReLU(), double, nn.Tanh() if is_last else _norm(after))

    @property
    def num_noise(self) -> int:
        """How many numbers of noise an image takes: one for each unit under dropout."""
        return sum(channels * height * width for channels, height, width in self.noise)

    def forward(self, images: Tensor, noise: Tensor) -> Tensor:
        """Translate images; noise has what each unit is multiplied by: 0, or 1 / (1 - dropout)."""
        skips = []
        hidden = images
        for layer in self.encoder:
            hidden = layer(hidden)
            skips.append(hidden)
        masks = torch.split(noise, [c * h * w for c, h, w in self.noise], dim=1)
        skips.pop()
        for level, layer in enumerate(self.decoder):
            hidden = layer(hidden)
            if level < len(masks):
                hidden = hidden * masks[level].view(-1, *self.noise[level])
            if skips:
                hidden = torch.cat([hidden, skips.pop()], dim=1)
        return hidden
