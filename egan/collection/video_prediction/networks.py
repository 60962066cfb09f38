"""The networks of video prediction: a generator and a discriminator for each of several sizes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.networks.blocks import Logits

MADE = {
    4: ((1, 2, 1), (3, 3, 3, 3)),
    8: ((1, 2, 1), (5, 3, 3, 5)),
    16: ((1, 2, 4, 2, 1), (5, 3, 3, 3, 3, 5)),
    32: ((1, 2, 4, 2, 1), (7, 5, 5, 5, 5, 7)),
}
"""G's maps as multiples of 128, and kernels, by the size from which on they hold: table 1."""
JUDGED = {
    4: ((1,), (3,), (8, 4)),
    8: ((1, 2, 2), (3, 3, 3), (16, 8)),
    16: ((2, 4, 4), (5, 5, 5), (16, 8)),
    32: ((2, 4, 8, 2), (7, 7, 5, 5), (16, 8)),
}
"""D's maps as multiples of 64, kernels, and dense units, likewise: table 2."""
SMALLEST = 4


def row(size: int) -> int:
    """Return the row of the tables for images of this size."""
    return max(known for known in MADE if known <= size)


def sizes_of(side: int, scales: int) -> list[int]:
    """Return the sides of the pyramid, the smallest first.

    Raises:
        ValueError: Images cannot be halved so often.
    """
    if side % 2 ** (scales - 1) or side // 2 ** (scales - 1) < SMALLEST:
        raise ValueError(
            f"--scales {scales} halves frames down to {SMALLEST} pixels or more, which those of "
            f"{side} cannot be; give fewer, or a larger --data.image-size."
        )
    return [side // 2**k for k in reversed(range(scales))]


def shrunk(images: Tensor, size: int) -> Tensor:
    """Bring images (..., H, W) down to a size, the means of squares of pixels."""
    factor = images.shape[-1] // size
    if factor == 1:
        return images
    flat = F.avg_pool2d(images.reshape(-1, 1, *images.shape[-2:]), factor)
    return flat.reshape(*images.shape[:-2], size, size)


def enlarged(images: Tensor) -> Tensor:
    """Double the sides of images (N, C, H, W), smoothly."""
    return F.interpolate(images, scale_factor=2.0, mode="bilinear", align_corners=False)


def packed(pyramid: Sequence[Tensor]) -> Tensor:
    """Lay images (N, C, h_k, h_k) of several sizes one after the other: (N, C, Σ h_k²)."""
    return torch.cat([images.flatten(2) for images in pyramid], dim=2)


def unpacked(flat: Tensor, sizes: Sequence[int]) -> list[Tensor]:
    """Take images of several sizes apart again."""
    parts = torch.split(flat, [size * size for size in sizes], dim=2)
    return [
        part.reshape(*part.shape[:2], size, size) for part, size in zip(parts, sizes, strict=True)
    ]


class Generator(nn.Module):
    """Clips (N, P, C, H, H) -> the next frame in each size, packed (N, C, Σ h_k²).

    Args:
        past: P, C, H and H.
        sizes: The sides of the pyramid, H the last of them.
        width: Channels of the first layer of each size; the paper's are 128.
        changes: Whether each makes the change from the last frame, rather than from what the size
            before has made.
    """

    def __init__(
        self, past: tuple[int, ...], sizes: Sequence[int], *, width: int, changes: bool
    ) -> None:
        super().__init__()
        self.changes = changes
        self.sizes, known, channels = tuple(sizes), past[0] * past[1], past[1]
        # 4: 12 -> 128 -> 256 -> 128 -> 3    8: 15 -> the same     each map as large as the frame
        # 16 and 32: 15 -> 128 -> 256 -> 512 -> 256 -> 128 -> 3
        layers = []
        for number, size in enumerate(sizes):
            widths, kernels = MADE[row(size)]
            before = known + (channels if number else 0)
            layers.append(_same([before, *(width * w for w in widths), channels], kernels))
        self.layers = nn.ModuleList(layers)

    def forward(self, past: Tensor) -> Tensor:
        """Predict: Ŷ_k = u(Ŷ_{k-1}) + G_k(X_k, u(Ŷ_{k-1})), or X_k's last frame + G_k."""
        made: list[Tensor] = []
        for size, layers in zip(self.sizes, self.layers, strict=True):
            frames = shrunk(past, size)
            low = [enlarged(one) for one in made[-1:]]  # none below the smallest
            change = layers(torch.cat([frames.flatten(1, 2), *low], dim=1))
            start = [frames[:, -1]] if self.changes else low
            made.append(sum(start, start=change))
        return packed(made)


def _same(channels: list[int], kernels: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for (before, after), kernel in zip(pairwise(channels), kernels, strict=True):
        layers += [nn.Conv2d(before, after, kernel, padding=kernel // 2), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Discriminator(nn.Module):
    """Frames of several sizes, packed (N, C, Σ h_k²), and their past -> logits (N, K), one a size.

    Args:
        past: P, C, H and H.
        sizes: The sides of the pyramid.
        width: Channels of the first layer at 4 and 8 pixels, half of those above; the paper's are
            64.
        conditional: Whether it sees the past beside a frame.
    """

    def __init__(
        self, past: tuple[int, ...], sizes: Sequence[int], *, width: int, conditional: bool
    ) -> None:
        super().__init__()
        self.sizes, self.conditional = tuple(sizes), conditional
        channels = past[1] * (1 + past[0] * conditional)
        self.layers = nn.ModuleList(_judge(channels, size, width) for size in sizes)

    def forward(self, flat: Tensor, past: Tensor) -> Tensor:
        """Judge frames."""
        logits = []
        for size, images, layers in zip(
            self.sizes, unpacked(flat, self.sizes), self.layers, strict=True
        ):
            known = [shrunk(past, size).flatten(1, 2)] if self.conditional else []
            logits.append(layers(torch.cat([*known, images], dim=1)))
        return torch.stack(logits, dim=1)


def _judge(channels: int, size: int, width: int) -> nn.Sequential:
    # 4: 15 -> 2x2x64 -> 512 -> 256 -> 1        8: 15 -> 6x6x64 -> 4x4x128 -> 2x2x128 -> 1024 -> 512
    # 16: 12x12x128 -> 8x8x256 -> 4x4x256       32: 26x26x128 -> 20x20x256 -> 16x16x512 -> 12x12x128
    widths, kernels, units = JUDGED[row(size)]
    layers: list[nn.Module] = []
    for (before, after), kernel in zip(
        pairwise([channels, *(width * w for w in widths)]), kernels, strict=True
    ):
        layers += [nn.Conv2d(before, after, kernel), nn.ReLU()]
        size -= kernel - 1
    if size > SMALLEST:  # the last maps are pooled by two before the dense layers
        layers.append(nn.MaxPool2d(2))
        size //= 2
    dense = [width * widths[-1] * size * size, *(width * w for w in units)]
    layers.append(nn.Flatten())
    for before, after in pairwise(dense):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers, Logits(dense[-1]))
