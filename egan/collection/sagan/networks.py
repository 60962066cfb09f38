"""SAGAN's networks: residual blocks, and one map whose places look at each other.

N batch, C H W images, Z dimensions of the code, K classes.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.collection.sagan import SaganSettings
from egan.networks.attention import SelfAttention, inner_widths
from egan.networks.blocks import constrain
from egan.networks.conditioning import ConditionalNorm, ProjectionHead
from egan.networks.halvings import map_sizes
from egan.networks.residual import ResidualBlock

MAX_FACTOR = 16


class Pointwise(nn.Module):
    """x + gain * W' max(0, W x) at each place alone: as many parameters as `SelfAttention` has."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = sum(inner_widths(channels))
        self.first = nn.Conv2d(channels, hidden, 1, bias=False)
        self.last = nn.Conv2d(hidden, channels, 1, bias=False)
        self.gain = nn.Parameter(torch.zeros(()))

    def forward(self, hidden: Tensor) -> Tensor:
        """Map features (N, C, H, W) to features (N, C, H, W)."""
        mixed: Tensor = hidden + self.gain * self.last(self.first(hidden).relu())
        return mixed


def between(s: SaganSettings, channels: int) -> nn.Module:
    """Build what stands in the map that the settings name."""
    kinds = {"self": SelfAttention, "residual": Pointwise}
    return kinds[s.attention](channels) if s.attention in kinds else nn.Identity()


def sizes(s: SaganSettings, shape: tuple[int, ...]) -> tuple[int, list[int]]:
    """Return the smallest map's size, and the channels of all maps from the image inwards.

    Raises:
        ValueError: The images cannot be halved so often that there is a map to attend in.
    """
    base, times = map_sizes(shape)
    if s.attention_level > times:
        raise ValueError(
            f"--attention-level must be at most {times} for images of {shape[1]} pixels, which are "
            f"halved as often, but got {s.attention_level}."
        )
    return base, [s.width * min(2**level, MAX_FACTOR) for level in range(times + 1)]


class Generator(nn.Module):
    """Codes (N, Z) and classes (N,) -> images (N, C, H, W) in [-1, 1].

    At 128x128 with the paper's width, a block for each ->, told the class:

        z 128 -> linear 4x4x1024 -> 8x8x1024 -> 16x16x512 -> 32x32x256, attention
              -> 64x64x128 -> 128x128x64, batch norm, ReLU, conv -> 128x128x3, tanh
    """

    def __init__(
        self, shape: tuple[int, ...], *, num_classes: int, settings: SaganSettings
    ) -> None:
        super().__init__()
        self.num_classes, self.level = num_classes, settings.attention_level
        self.base, channels = sizes(settings, shape)
        self.first = nn.Linear(settings.latent_dim, channels[-1] * self.base**2)
        norm = partial(ConditionalNorm, condition_dim=num_classes, linear=_unmoved)
        self.blocks = nn.ModuleList(
            ResidualBlock(before, after, resample="up", norm=norm)
            for before, after in pairwise(channels[::-1])
        )
        self.attention = between(settings, channels[self.level])
        self.norm = nn.BatchNorm2d(channels[0])
        self.last = nn.Conv2d(channels[0], shape[0], 3, padding=1)
        _draw(self)
        convolutions = [part for block in self.blocks for part in _convolutions(block)]
        for part in (self.first, *convolutions, self.attention, self.last):
            constrain(part)

    def forward(self, codes: Tensor, labels: Tensor) -> Tensor:
        """Map codes and classes to images."""
        condition = F.one_hot(labels, self.num_classes).to(codes)
        hidden = self.first(codes).unflatten(1, (-1, self.base, self.base))
        for index, block in enumerate(self.blocks):
            if index == len(self.blocks) - self.level:
                hidden = self.attention(hidden)
            hidden = block(hidden, condition)
        images: Tensor = self.last(self.norm(hidden).relu()).tanh()
        return images


class Discriminator(nn.Module):
    """Images (N, C, H, W) and classes (N,) -> logits (N,).

    At 128x128 with the paper's width:

        128x128x3 -> 64x64x64 -> 32x32x128, attention -> 16x16x256 -> 8x8x512 -> 4x4x1024
        -> 4x4x1024 -> ReLU, sum over places 1024 -> projection with y -> 1
    """

    def __init__(
        self, shape: tuple[int, ...], *, num_classes: int, settings: SaganSettings
    ) -> None:
        super().__init__()
        self.level = settings.attention_level
        _, widths = sizes(settings, shape)
        channels = [shape[0], *widths]
        self.blocks = nn.ModuleList(
            ResidualBlock(
                before,
                after,
                resample="down" if index < len(channels) - 2 else "none",
                preactivate=index > 0,
            )
            for index, (before, after) in enumerate(pairwise(channels))
        )
        self.attention = between(settings, channels[self.level])
        self.head = ProjectionHead(channels[-1], num_classes=num_classes)
        _draw(self)
        constrain(self)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Map images and classes to logits."""
        hidden = images
        for index, block in enumerate(self.blocks):
            if index == self.level:
                hidden = self.attention(hidden)
            hidden = block(hidden)
        logits: Tensor = self.head(hidden.relu().sum(dim=(2, 3)), labels)
        return logits


def _unmoved(inputs: int, outputs: int) -> nn.Module:
    """Build a table of gains or shifts by class that starts at 0."""
    table = nn.Linear(inputs, outputs, bias=False)
    nn.init.zeros_(table.weight)
    return table


def _convolutions(block: nn.Module) -> list[nn.Module]:
    return [part for part in block.children() if isinstance(part, nn.Conv2d)]


def _draw(network: nn.Module) -> None:
    """Draw all weights as Glorot and Bengio do, but tables by class; biases are 0."""
    tables = {
        part
        for norm in network.modules()
        if isinstance(norm, ConditionalNorm)
        for part in norm.modules()
    }
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.Embedding) and module not in tables:
            nn.init.xavier_uniform_(module.weight)
            if not isinstance(module, nn.Embedding) and module.bias is not None:
                nn.init.zeros_(module.bias)
