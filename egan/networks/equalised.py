"""Layers of the progressive and the style-based generator: equalised rates, pixel norm, blur.

Weights are drawn from N(0, 1) and scaled where they are used, by gain / sqrt(inputs), so that one
learning rate of Adam suits all layers. Karras et al. 2017, arXiv 1710.10196, and 2018, 1812.04948.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

HE = math.sqrt(2.0)
"""The gain of a layer that a ReLU or a LeakyReLU follows."""
EPS = 1e-8


class EqualisedLinear(nn.Module):
    """y = m (gain / sqrt(K) W x + b), (N, K) -> (N, F), with W from N(0, 1 / m²).

    Args:
        in_features: K.
        out_features: F.
        bias: Whether there is a bias, from 0.
        gain: Of the layer, 1 by default.
        lr_multiplier: m; Adam changes what the layer computes m times as fast.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        bias: bool = True,
        gain: float = 1.0,
        lr_multiplier: float = 1.0,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features) / lr_multiplier)
        self.bias = nn.Parameter(torch.zeros(out_features)) if bias else None
        self.scale = gain / math.sqrt(in_features) * lr_multiplier
        self.lr_multiplier = lr_multiplier

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Map (N, K) to (N, F)."""
        bias = None if self.bias is None else self.bias * self.lr_multiplier
        return F.linear(inputs, self.weight * self.scale, bias)


class EqualisedConv2d(nn.Module):
    """A convolution of odd kernel size k that keeps the map's size: (N, C, H, W) -> (N, F, H, W).

    Its weight (F, C, k, k) from N(0, 1) is used times gain / sqrt(C k²).

    Args:
        in_channels: C.
        out_channels: F.
        kernel_size: k.
        bias: Whether there is a bias, from 0.
        gain: Of the layer; by default one for a ReLU after it.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        bias: bool = True,
        gain: float = HE,
    ) -> None:
        super().__init__()
        shape = out_channels, in_channels, kernel_size, kernel_size
        self.weight = nn.Parameter(torch.randn(shape))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None
        self.scale = gain / math.sqrt(in_channels * kernel_size**2)
        self.padding = kernel_size // 2

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Map features (N, C, H, W) to (N, F, H, W)."""
        return F.conv2d(hidden, self.weight * self.scale, self.bias, padding=self.padding)


class PixelNorm(nn.Module):
    """Divide by the root mean square over features, at each place: (N, C, ...) -> (N, C, ...)."""

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return features whose squares average to 1."""
        return hidden * torch.rsqrt(hidden.square().mean(dim=1, keepdim=True) + EPS)


class Blur(nn.Module):
    """Low-pass maps (N, C, H, W) with 1-2-1 in both directions, zeros beyond the border."""

    kernel: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        line = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("kernel", line[:, None] * line, persistent=False)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Map features to smoother ones."""
        channels = hidden.shape[1]
        kernel = self.kernel.expand(channels, 1, 3, 3)
        return F.conv2d(hidden, kernel, padding=1, groups=channels)
