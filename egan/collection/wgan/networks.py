"""WGAN-GP's residual networks, and the initial weights of all."""

from __future__ import annotations

import torch
from torch import nn

from egan.networks import residual
from egan.networks.blocks import WEIGHTED, initialise
from egan.networks.halvings import halvings

NUM_KEPT = 2
"""Residual blocks of the critic that keep the size of the map."""


def residual_generator(
    shape: tuple[int, ...], *, latent_dim: int, width: int, norm: str
) -> nn.Module:
    """Build blocks that double a map: codes (N, Z) -> images (N, C, H, W) in [-1, 1].

    Raises:
        ValueError: The images are not square, or not 4 to 7 pixels doubled.
    """
    base, times = halvings(shape)
    # z 128 -> 4x4x128 -> 8x8x128 -> 16x16x128 -> 32x32x128 => 32x32x3: blocks, and a convolution
    build = nn.BatchNorm2d if norm == "batch" else None
    blocks = [residual.ResidualBlock(width, width, resample="up", norm=build) for _ in range(times)]
    return nn.Sequential(
        nn.Linear(latent_dim, width * base * base),
        nn.Unflatten(1, (width, base, base)),
        *blocks,
        *([build(width)] if build else []),
        nn.ReLU(),
        nn.Conv2d(width, shape[0], 3, padding=1),
        nn.Tanh(),
    )


def residual_critic(shape: tuple[int, ...], *, width: int, norm: str) -> nn.Module:
    """Build two blocks that halve a map and two that keep it: images (N, C, H, W) -> (N,).

    Raises:
        ValueError: The images are not square, or not 4 to 7 pixels doubled.
    """
    halvings(shape)  # raises
    # 32x32x3 -> 16x16x128 -> 8x8x128 -> 8x8x128 -> 8x8x128 => 128 => 1: blocks, mean, linear
    build = nn.BatchNorm2d if norm == "batch" else None
    return nn.Sequential(
        residual.ResidualBlock(shape[0], width, resample="down", norm=build, preactivate=False),
        residual.ResidualBlock(width, width, resample="down", norm=build),
        *(residual.ResidualBlock(width, width, norm=build) for _ in range(NUM_KEPT)),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(width, 1),
        nn.Flatten(0),
    )


def with_weights(network: nn.Module, init: str) -> nn.Module:
    """Draw a network's weights anew, see `glorot` and `initialise`; return it."""
    if init == "glorot":
        glorot(network)
    else:
        initialise(network, init)
    return network


@torch.no_grad()
def glorot(network: nn.Module) -> None:
    """Draw weights uniformly with variance 2 / (inputs + outputs), biases 0.

    Convolutions within residual blocks, which a ReLU goes before, have twice the variance (after He
    et al., arXiv 1502.01852); a convolution's inputs and outputs count for each of its places.

    Glorot and Bengio 2010, as the authors' code of arXiv 1704.00028 has it.
    """
    blocks = [m for m in network.modules() if isinstance(m, residual.ResidualBlock)]
    inner = {conv for block in blocks for conv in (block.conv1, block.conv2)}
    for module in network.modules():
        if isinstance(module, WEIGHTED):
            nn.init.xavier_uniform_(module.weight, gain=2**0.5 if module in inner else 1.0)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
