"""GMAN's networks: a generator, its discriminators, and how softly it listens to them.

N samples, Z dimensions of the code, K discriminators.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan import networks
from egan.collection.gman import GmanSettings
from egan.networks.agents import Agents

DIVISORS = (1, 2, 4)
"""What widths are divided by in turn, where they vary."""


class Softness(nn.Module):
    """λ = log(1 + e^Λ), a number above 0 that is learned."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.raw = nn.Parameter(torch.tensor(start + math.log(-math.expm1(-start))))

    def forward(self) -> Tensor:
        """Return λ ()."""
        return F.softplus(self.raw)


def soft_maximum(values: Tensor, softness: Tensor | float) -> Tensor:
    """Return Σ_i w_i V_i with w = softmax(λ V), (K,) -> (): the mean at λ = 0, then the largest."""
    return (torch.softmax(softness * values, dim=0) * values).sum()


def form(s: GmanSettings) -> dict[str, Any]:
    """Return what all networks have in common."""
    if s.network == "dcgan":
        return {"norm": "batch", "init": "normal"}
    return {"depth": s.depth}


def generator(s: GmanSettings, shape: tuple[int, ...]) -> nn.Module:
    """Build G: codes (N, Z) -> samples (N, *shape)."""
    return networks.generator(s.network, shape, latent_dim=s.latent_dim, width=s.width, **form(s))


def discriminators(s: GmanSettings, shape: tuple[int, ...]) -> Agents:
    """Build all D_i: samples (N, *shape) -> logits (N, K)."""
    divisors = DIVISORS if s.varied else (1,)
    widths = [
        max(1, s.discriminator_width // divisors[i % len(divisors)])
        for i in range(s.num_discriminators)
    ]
    return Agents([networks.discriminator(s.network, shape, width=w, **form(s)) for w in widths])
