"""f-GAN's networks: G and V for images and points, and what holds V's outputs.

N samples, Z dimensions of the code, D of a point.
"""

from __future__ import annotations

from functools import partial
from math import prod

import torch
from torch import Tensor, nn

from egan import networks
from egan.collection.fgan import FganSettings
from egan.networks.blocks import Logits


class Linear(nn.Module):
    """Codes (N, Z) -> points (N, D) = μ + W z; with one dimension of each, μ + σ z."""

    def __init__(self, latent_dim: int, num: int) -> None:
        super().__init__()
        self.map = nn.Linear(latent_dim, num)

    def forward(self, codes: Tensor) -> Tensor:
        """Map codes (N, Z) to points (N, D)."""
        points: Tensor = self.map(codes)
        return points


class Bounded(nn.Module):
    """Keep outputs within ±b: b tanh(v / b), of slope 1 at 0."""

    def __init__(self, bound: float) -> None:
        super().__init__()
        self.bound = bound

    def forward(self, outputs: Tensor) -> Tensor:
        """Map outputs (N,) to (N,) in (-b, b)."""
        return self.bound * torch.tanh(outputs / self.bound)


def smooth(num: int, *, width: int, depth: int) -> nn.Sequential:
    """Build V of tanh units for points (N, D)."""
    # 1 -> 64 -> 64 -> 1, tanh after each hidden layer
    layers = nn.Sequential()
    for i in range(depth):
        layers.extend([nn.Linear(width if i else num, width), nn.Tanh()])
    return layers.append(Logits(width))


def exponential(num: int, *, width: int, depth: int) -> nn.Sequential:
    """Build V of exponential linear units for samples (N, *shape) of `num` numbers."""
    # 1x28x28 -> 784 -> 240 -> 240 -> 1, ELU after each hidden layer
    layers = nn.Sequential(nn.Flatten())
    for i in range(depth):
        layers.extend([nn.Linear(width if i else num, width), nn.ELU()])
    return layers.append(Logits(width))


def scaled(network: nn.Module, scale: float) -> nn.Module:
    """Return a network with initial weights uniform in ±scale and biases 0; for 0 as it is."""
    for module in network.modules():
        if scale and isinstance(module, nn.Linear):
            nn.init.uniform_(module.weight, -scale, scale)
            nn.init.zeros_(module.bias)
    return network


def generator(s: FganSettings, shape: tuple[int, ...]) -> nn.Module:
    """Build G: codes (N, Z) -> samples (N, *shape), images in [-1, 1]."""
    if s.network == "linear":
        network: nn.Module = Linear(s.latent_dim, prod(shape))
    else:
        build = partial(networks.generator, "mlp", shape, norm="batch")
        network = build(latent_dim=s.latent_dim, width=s.width, depth=s.depth)
    return scaled(network, s.generator_scale)


def discriminator(s: FganSettings, shape: tuple[int, ...]) -> nn.Module:
    """Build V: samples (N, *shape) -> outputs (N,) within the bound."""
    width, depth = s.discriminator_width, s.depth
    if s.network == "linear":
        body: nn.Module = smooth(prod(shape), width=width, depth=depth)
    elif s.units == "elu":
        body = exponential(prod(shape), width=width, depth=depth)
    else:
        body = networks.discriminator("mlp", shape, width=width, depth=depth)
    return nn.Sequential(scaled(body, s.discriminator_scale), Bounded(s.bound))
