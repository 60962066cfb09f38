"""The networks of CAPG-GAN: a U-Net that is told of landmarks, and two agents."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.networks.landmarks import LandmarkReader, heatmaps
from egan.networks.patches import PatchDiscriminator

SLOPE, MAX_FACTOR, SMALLEST = 0.2, 8, 8
KERNEL, PADDING = 4, 1


class Rotator(nn.Module):
    """Views (N, C, H, W) and landmarks asked for (N, M, 2) -> views (N, C, H, W) in [-1, 1].

    Args:
        shape: C, H and W.
        reader: What reads the landmarks of the source, fitted.
        num_landmarks: M.
        width: Channels of the first layer.
        bottleneck: Numbers that a view is encoded in.

    Raises:
        ValueError: The images cannot be halved down to 4x4 or 7x7 pixels.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        reader: LandmarkReader,
        *,
        num_landmarks: int,
        width: int,
        bottleneck: int,
    ) -> None:
        super().__init__()
        self.reader, self.sigma = reader, 1.0
        channels, size = shape[0], shape[-1]
        levels = halvings(shape)
        widths = [width * min(2**level, MAX_FACTOR) for level in range(levels)]
        # 128x128x(3 + 10) -> 64x64x64 -> 32x32x128 -> 16x16x256 -> 8x8x512 -> 4x4x512 -> 256
        self.encoder = nn.ModuleList(
            nn.Conv2d(before, after, KERNEL, 2, PADDING)
            for before, after in pairwise([channels + 2 * num_landmarks, *widths])
        )
        self.base = widths[-1], size >> levels, size >> levels
        units = widths[-1] * (size >> levels) ** 2
        self.narrow, self.wide = nn.Linear(units, bottleneck), nn.Linear(bottleneck, units)
        # 256 -> 4x4x512 (+512) -> 8x8x512 (+512) -> 16x16x256 (+256) -> ... -> 128x128x3
        outputs = [*widths[-2::-1], channels]
        inputs = [2 * one for one in (widths[-1], *outputs[:-1])]
        self.decoder = nn.ModuleList(
            nn.ConvTranspose2d(before, after, KERNEL, 2, PADDING)
            for before, after in zip(inputs, outputs, strict=True)
        )

    def forward(self, source: Tensor, asked: Tensor) -> Tensor:
        """Turn views to where the landmarks that are asked for lie."""
        both = (self.reader(source), asked)
        maps = [heatmaps(one, size=source.shape[-1], sigma=self.sigma) for one in both]
        hidden, skips = torch.cat([source, *maps], dim=1), []
        for layer in self.encoder:
            hidden = F.leaky_relu(layer(hidden), SLOPE)
            skips.append(hidden)
        code = F.leaky_relu(self.narrow(hidden.flatten(1)), SLOPE)
        hidden = F.leaky_relu(self.wide(code), SLOPE).view(-1, *self.base)
        for layer in self.decoder:
            hidden = layer(F.leaky_relu(torch.cat([hidden, skips.pop()], dim=1), SLOPE))
        return torch.tanh(hidden)


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


class Couple(nn.Module):
    """Views (N, C, H, W) beside their source and their heat-maps -> logits of patches (N, P).

    Args:
        channels: C.
        num_landmarks: How many heat-maps there are.
        agents: "both", "identity" or "pose".
        width: Channels of each agent's first layer.
        num_layers: Halvings of each agent.
    """

    def __init__(
        self, channels: int, num_landmarks: int, *, agents: str, width: int, num_layers: int
    ) -> None:
        super().__init__()
        beside = {"identity": channels, "pose": num_landmarks}
        self.agents = nn.ModuleDict(
            {
                name: PatchDiscriminator(channels + more, width=width, num_layers=num_layers)
                for name, more in beside.items()
                if agents in ("both", name)
            }
        )

    def forward(self, views: Tensor, source: Tensor, maps: Tensor) -> Tensor:
        """Judge views, one agent after the other."""
        beside = {"identity": source, "pose": maps}
        logits = [
            agent(torch.cat([beside[name], views], dim=1)).flatten(1)
            for name, agent in self.agents.items()
        ]
        return torch.cat(logits, dim=1)
