"""BigGAN's networks: residual blocks, attention, and what they are told of the class.

N batch, C H W images, Z dimensions of the code, K classes.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn

from egan.collection.biggan import BigGanSettings
from egan.networks.attention import SelfAttention
from egan.networks.blocks import constrain, initialise
from egan.networks.conditioning import ConditionalNorm, ProjectionHead
from egan.networks.halvings import halvings
from egan.networks.residual import ResidualBlock

MAX_FACTOR = 16


def stages(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the size of the smallest map and how often it is doubled: 8 -> (2, 2), 128 -> (4, 5).

    Raises:
        ValueError: The shape is not that of square images which can be halved.
    """
    base, times = halvings(shape)
    return (base // 2, 2) if times == 1 and base % 2 == 0 else (base, times)


def widths(width: int, times: int) -> list[int]:
    """Return the channels of times + 1 maps, from the image inwards."""
    return [width * min(2**level, MAX_FACTOR) for level in range(times + 1)]


class Generator(nn.Module):
    """Codes (N, Z) and classes (N,) -> images (N, C, H, W) in [-1, 1].

    At 128x128 with the paper's sizes, z of 120 in six parts of 20, e(y) of 128 numbers:

        z1 -> linear 4x4x1536
        e(y), z2 | 4x4x1536  -> 8x8x1536
        e(y), z3 | 8x8x1536  -> 16x16x768
        e(y), z4 | 16x16x768 -> 32x32x384
        e(y), z5 | 32x32x384 -> 64x64x192, attention
        e(y), z6 | 64x64x192 -> 128x128x96
        batch norm, ReLU, conv -> 128x128x3, tanh
    """

    def __init__(
        self, shape: tuple[int, ...], *, num_classes: int, settings: BigGanSettings
    ) -> None:
        super().__init__()
        self.base, times = stages(shape)
        self.num_parts = times + 1 if settings.hierarchical else 1
        if settings.latent_dim < self.num_parts:
            raise ValueError(
                f"--latent-dim must be {self.num_parts} or more for images of {shape[1]} pixels, "
                f"a part for each block, but got {settings.latent_dim}; or give "
                "--no-hierarchical."
            )
        channels = widths(settings.width, times)[::-1]
        sizes = [
            len(part) for part in torch.arange(settings.latent_dim).tensor_split(self.num_parts)
        ]
        self.embedding = nn.Embedding(num_classes, settings.embedding_dim)
        self.first = nn.Linear(sizes[0], channels[0] * self.base**2)
        joined = [settings.embedding_dim + size for size in sizes[1:] or [0] * times]
        self.blocks = nn.ModuleList(
            ResidualBlock(
                before,
                after,
                resample="up",
                norm=partial(ConditionalNorm, condition_dim=size, linear=_unbiased),
            )
            for (before, after), size in zip(pairwise(channels), joined, strict=True)
        )
        self.attention = SelfAttention(channels[-2]) if settings.attention else nn.Identity()
        self.last = nn.Sequential(
            nn.BatchNorm2d(channels[-1]),
            nn.ReLU(),
            nn.Conv2d(channels[-1], shape[0], 3, padding=1),
            nn.Tanh(),
        )
        initialise(self, "orthogonal")
        for part in (self.first, self.blocks, self.attention, self.last):
            constrain(part)

    def forward(self, codes: Tensor, classes: Tensor) -> Tensor:
        """Map codes and classes (N,), or mixtures of them (N, K), to images."""
        mixed = classes.is_floating_point()
        embedded = classes @ self.embedding.weight if mixed else self.embedding(classes)
        first, *others = codes.tensor_split(self.num_parts, dim=1)
        hidden = self.first(first).unflatten(1, (-1, self.base, self.base))
        for index, block in enumerate(self.blocks):
            if index == len(self.blocks) - 1:
                hidden = self.attention(hidden)
            part = others[index : index + 1]
            hidden = block(hidden, torch.cat([embedded, *part], dim=1))
        images: Tensor = self.last(hidden)
        return images


class Discriminator(nn.Module):
    """Images (N, C, H, W) and classes (N,) -> logits (N,).

    At 128x128 with the paper's width:

        128x128x3 -> 64x64x96, attention -> 32x32x192 -> 16x16x384 -> 8x8x768 -> 4x4x1536
        -> 4x4x1536 -> ReLU, sum over places 1536 -> projection with y -> 1
    """

    def __init__(
        self, shape: tuple[int, ...], *, num_classes: int, settings: BigGanSettings
    ) -> None:
        super().__init__()
        _, times = stages(shape)
        channels = [shape[0], *widths(settings.width, times)]
        self.blocks = nn.ModuleList(
            ResidualBlock(
                before,
                after,
                resample="down" if index < times else "none",
                preactivate=index > 0,
            )
            for index, (before, after) in enumerate(pairwise(channels))
        )
        self.attention = SelfAttention(channels[1]) if settings.attention else nn.Identity()
        self.head = ProjectionHead(channels[-1], num_classes=num_classes)
        initialise(self, "orthogonal")
        constrain(self)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Map images and classes to logits."""
        hidden = self.attention(self.blocks[0](images))
        for block in self.blocks[1:]:
            hidden = block(hidden)
        logits: Tensor = self.head(hidden.relu().sum(dim=(2, 3)), labels)
        return logits


def _unbiased(inputs: int, outputs: int) -> nn.Module:
    return nn.Linear(inputs, outputs, bias=False)
