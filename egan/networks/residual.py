"""Residual blocks that keep, double or halve the size of a feature map."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

RESAMPLINGS = ("none", "up", "down")


class ResidualBlock(nn.Module):
    """x -> skip(x) + conv3(act(norm(conv3(act(norm(x)))))), maps (N, C, H, W).

    "up" doubles the map (nearest neighbour) before the first convolution, "down" halves it (mean of
    2x2) after the second. The skip is resampled in the same way and has a 1x1 convolution unless
    the block keeps size and channels; the convolution is done where the map is smaller, which is
    the same, since it commutes with both resamplings.

    Args:
        in_channels: Channels of the maps that come in.
        out_channels: Channels of those that go out.
        resample: One of `RESAMPLINGS`.
        norm: Builds the norm of so many channels, such as `nn.BatchNorm2d`; none by default. One
            that takes a condition, such as a `ConditionalNorm`, is given the block's.
        activation: Between the layers, ReLU by default.
        preactivate: Whether norm and activation come before the first convolution too; the first
            block of a discriminator does without.

    Raises:
        ValueError: If `resample` is unknown.

    Identity mappings: He et al. 2016, arXiv 1603.05027; up and down in GANs: Gulrajani et al. 2017,
    arXiv 1704.00028, and Brock et al. 2018, arXiv 1809.11096.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        resample: str = "none",
        norm: Callable[[int], nn.Module] | None = None,
        activation: nn.Module | None = None,
        preactivate: bool = True,
    ) -> None:
        super().__init__()
        if resample not in RESAMPLINGS:
            raise ValueError(f"resample must be one of {RESAMPLINGS}, but got {resample!r}.")
        self.resample, self.preactivate = resample, preactivate
        self.norm1 = norm(in_channels) if norm and preactivate else None
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.norm2 = norm(out_channels) if norm else None
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        plain = in_channels == out_channels and resample == "none"
        self.skip = None if plain else nn.Conv2d(in_channels, out_channels, 1)
        self.activation = activation or nn.ReLU()

    def forward(self, hidden: torch.Tensor, condition: torch.Tensor | None = None) -> torch.Tensor:
        """Map features (N, C, H, W), and a condition (N, K) for the norms, to the next ones."""
        skipped = self._skipped(hidden)
        if self.preactivate:
            hidden = self.activation(_normed(self.norm1, hidden, condition))
        if self.resample == "up":
            hidden = doubled(hidden)
        hidden = self.conv1(hidden)
        hidden = self.conv2(self.activation(_normed(self.norm2, hidden, condition)))
        return skipped + (halved(hidden) if self.resample == "down" else hidden)

    def _skipped(self, hidden: torch.Tensor) -> torch.Tensor:
        if self.resample == "down":
            hidden = halved(hidden)
        if self.skip is not None:
            hidden = self.skip(hidden)
        return doubled(hidden) if self.resample == "up" else hidden


def doubled(hidden: torch.Tensor) -> torch.Tensor:
    """Repeat every pixel 2x2: (N, C, H, W) -> (N, C, 2H, 2W)."""
    return F.interpolate(hidden, scale_factor=2.0, mode="nearest")


def halved(hidden: torch.Tensor) -> torch.Tensor:
    """Average every 2x2 pixels: (N, C, H, W) -> (N, C, H/2, W/2)."""
    return F.avg_pool2d(hidden, 2)


def _normed(
    norm: nn.Module | None, hidden: torch.Tensor, condition: torch.Tensor | None
) -> torch.Tensor:
    if norm is None:
        return hidden
    normed: torch.Tensor = norm(hidden) if condition is None else norm(hidden, condition)
    return normed
