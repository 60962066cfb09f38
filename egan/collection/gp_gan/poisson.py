"""Blending by gradients: the Gaussian-Poisson equation, solved in closed form, and its pyramid.

    min over x of   ‖∇x − v‖² + β ‖g_σ ∗ x − y‖²

keeps the details v and takes colours from y, which need not have any details. With differences that
end at the border and a kernel g of three taps that is reflected there, both are diagonal under the
cosine transform DCT-II, with eigenvalues Λ and Γ:

    Λ_ij = (2 − 2 cos πi/H) + (2 − 2 cos πj/W),   Γ_ij = (w₀ + 2 w₁ cos πi/H)(w₀ + 2 w₁ cos πj/W)
    x = DCT⁻¹[(DCT[∇ᵀv] + β Γ DCT[y]) / (Λ + β Γ²)]

N images, C channels, H by W pixels. Wu et al. 2017, arXiv 1703.07195, section 3.2.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

Solver = Literal["exact", "released"]


class Differences(NamedTuple):
    """From each pixel to the next: down (N, C, H − 1, W) and to the right (N, C, H, W − 1)."""

    down: Tensor
    right: Tensor


def differences(images: Tensor) -> Differences:
    """Return ∇x of images (N, C, H, W)."""
    return Differences(images.diff(dim=-2), images.diff(dim=-1))


def divergence(v: Differences) -> Tensor:
    """Return ∇ᵀv (N, C, H, W), the adjoint of `differences`."""
    down = F.pad(v.down, (0, 0, 1, 0)) - F.pad(v.down, (0, 0, 0, 1))
    return down + F.pad(v.right, (1, 0)) - F.pad(v.right, (0, 1))


def blended(
    v: Differences, colours: Tensor, *, beta: float, sigma: float, solver: Solver = "exact"
) -> Tensor:
    """Return the images (N, C, H, W) that have differences v and, blurred, colours.

    Args:
        v: The differences to keep.
        colours: y (N, C, H, W).
        beta: How much colours count, above 0.
        sigma: Deviation of the kernel in pixels, above 0.
        solver: The minimum, or what the authors' script has in its place, with β in the place of
            β Γ and Γ in that of Γ², which is the minimum where nothing is blurred.
    """
    height, width = colours.shape[-2:]
    down, across = (_cosines(size, like=colours) for size in (height, width))
    angles = [math.pi * torch.arange(size).to(colours) / size for size in (height, width)]
    rough = [2 - 2 * angle.cos() for angle in angles]
    tap = math.exp(-0.5 / sigma**2)
    smooth = [(1 + 2 * tap * angle.cos()) / (1 + 2 * tap) for angle in angles]
    laplace = rough[0][:, None] + rough[1]
    gauss = smooth[0][:, None] * smooth[1]
    details, low = (down @ one @ across.T for one in (divergence(v), colours))
    if solver == "exact":
        found = (details + beta * gauss * low) / (laplace + beta * gauss.square())
    else:
        found = (details + beta * low) / (laplace + beta * gauss)
    return down.T @ found @ across


def seamless(images: Tensor, edge: int) -> Differences:
    """Return differences of images with a pasted middle, without the jump at its seam.

    Args:
        images: (N, C, H, W), whose middle is all but `edge` pixels at each side.
        edge: Pixels around the middle, at least 2.
    """
    found = differences(images)
    height, width = images.shape[-2:]
    down, right = found.down.clone(), found.right.clone()
    inside = slice(edge, width - edge)
    for seam in (edge - 1, height - edge - 1):  # from the row before the seam to the one behind
        down[..., seam, inside] = (down[..., seam - 1, inside] + down[..., seam + 1, inside]) / 2
    inside = slice(edge, height - edge)
    for seam in (edge - 1, width - edge - 1):
        right[..., inside, seam] = (right[..., inside, seam - 1] + right[..., inside, seam + 1]) / 2
    return Differences(down, right)


def pyramid(
    composite: Tensor, colours: Tensor, *, beta: float, sigma: float, solver: Solver = "exact"
) -> Tensor:
    """Blend images (N, C, H, H) from the size of their colours (N, C, L, L) up to their own.

    At each level the differences are those of the composite at that size, and colours what the
    level before has made, enlarged; values are kept in [-1, 1].
    """
    size, whole = colours.shape[-1], composite.shape[-1]
    made = colours
    while True:
        level = _resized(composite, size)
        made = blended(
            seamless(level, size // 4), made, beta=beta, sigma=sigma, solver=solver
        ).clamp(-1, 1)
        if size >= whole:
            return made
        size = min(2 * size, whole)
        made = _resized(made, size)


def _resized(images: Tensor, size: int) -> Tensor:
    if images.shape[-1] == size:
        return images
    found = F.interpolate(
        images, size=(size, size), mode="bilinear", align_corners=False, antialias=True
    )
    return found.clamp(-1, 1)


def _cosines(size: int, *, like: Tensor) -> Tensor:
    """Return the orthonormal matrix of the DCT-II (size, size)."""
    places = torch.arange(size, dtype=torch.float64)
    table = torch.cos(math.pi / size * places[:, None] * (places + 0.5)) * math.sqrt(2 / size)
    table[0] /= math.sqrt(2)
    return table.to(like)
