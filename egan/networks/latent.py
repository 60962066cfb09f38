"""Walks through a generator's latent codes, and how far from the middle they may go.

V values, R rows, N codes, Z dimensions.
"""

from __future__ import annotations

import math
from typing import Literal

import torch


def draw_codes(
    count: int, latent_dim: int, *, law: Literal["normal", "uniform"], rng: torch.Generator
) -> torch.Tensor:
    """Draw codes (count, latent_dim), N(0, 1) or uniform in [-1, 1]."""
    if law == "uniform":
        return torch.rand(count, latent_dim, generator=rng) * 2 - 1
    return torch.randn(count, latent_dim, generator=rng)


def interpolate(start: torch.Tensor, end: torch.Tensor, *, steps: int) -> torch.Tensor:
    """Return codes (steps, Z) on the straight line from one code (Z,) to another, ends included."""
    t = torch.linspace(0, 1, steps, dtype=start.dtype)[:, None]
    return start + t * (end - start)


def slerp(start: torch.Tensor, end: torch.Tensor, *, steps: int) -> torch.Tensor:
    """Return codes (steps, Z) on the arc from one code (Z,) to another, ends included.

    (sin((1 − t) ω) a + sin(t ω) b) / sin ω, with ω the angle between a and b. For normal codes,
    whose norm is about the root of Z all along it. Shoemake 1985; White 2016, arXiv 1609.04468.
    """
    t = torch.linspace(0, 1, steps, dtype=start.dtype)[:, None]
    cosine = torch.dot(start, end) / (start.norm() * end.norm())
    angle = torch.arccos(cosine.clamp(-1 + 1e-6, 1 - 1e-6))
    return (torch.sin((1 - t) * angle) * start + torch.sin(t * angle) * end) / torch.sin(angle)


def traverse(codes: torch.Tensor, *, dimension: int, values: torch.Tensor) -> torch.Tensor:
    """Return codes (R * V, Z): each of (R, Z) with one dimension set to each of (V,) in turn.

    Row by row, as a picture grid of V columns shows them.
    """
    grid = codes[:, None].repeat(1, len(values), 1)
    grid[:, :, dimension] = values.to(codes)
    return grid.flatten(0, 1)


def truncated_normal(
    count: int, latent_dim: int, *, threshold: float, generator: torch.Generator
) -> torch.Tensor:
    """Draw codes (count, latent_dim) from N(0, 1), none further from 0 than `threshold`.

    The law of redrawing every |z| > threshold until none is left, by the inverse of the normal
    distribution function instead, so that a small threshold costs nothing; infinity truncates
    nothing.

    Raises:
        ValueError: If `threshold` is not positive.

    The truncation trick: Brock et al. 2018, arXiv 1809.11096.
    """
    if not threshold > 0:
        raise ValueError(f"threshold must be positive, but got {threshold}.")
    share = math.erf(threshold / math.sqrt(2))
    places = torch.rand(count, latent_dim, generator=generator, dtype=torch.float64) * 2 - 1
    places = places.clamp(min=-1 + 2**-53)  # at -1 itself, the tail has no end
    codes = math.sqrt(2) * torch.erfinv(share * places)
    return codes.float().clamp(-threshold, threshold)


def truncate(codes: torch.Tensor, *, mean: torch.Tensor, psi: float) -> torch.Tensor:
    """Pull codes towards their mean: m + ψ (w − m), (N, Z), (Z,) -> (N, Z).

    ψ = 1 changes nothing, ψ = 0 leaves the mean alone. Karras et al. 2018, arXiv 1812.04948.
    """
    return mean + psi * (codes - mean)
