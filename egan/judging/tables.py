"""Laws of images in levels that are counted, not trained: what a likelihood is worth beside them.

Each is a probability of whole images, so that its bits are as good as any model's. What was counted
seldom is backed by what was counted more often: a pixel's own law by that of all pixels, that by
the even one; a law after two neighbours at a place by that at all places, that by the pixel's own.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

SMOOTHING = 1.0
"""Counts that a pixel's law gives to that of all pixels."""
BACKING = 10.0
"""Counts that a law after two neighbours gives to what backs it."""


def each_alone(
    real: Tensor, held_out: Tensor, *, levels: int, smoothing: float = SMOOTHING
) -> Tensor:
    """Return log p of images (M, C, H, W) of independent pixels, each with its law, in nats, (M,).

    Args:
        real: What is counted, (N, C, H, W) levels from 0 to `levels` - 1.
        held_out: What is judged, (M, C, H, W) of the same.
        levels: How many levels there are.
        smoothing: Counts that are given to the law of all pixels.
    """
    law = pixel_laws(real, levels, smoothing)
    rows = held_out.flatten(1)
    places = torch.arange(rows.shape[1])
    return law[places, rows].log().sum(dim=1)


def pixel_laws(real: Tensor, levels: int, smoothing: float) -> Tensor:
    """Return each pixel's law (D, Q), of images (N, C, H, W)."""
    rows = real.flatten(1)
    size = rows.shape[1]
    known = (torch.arange(size) * levels + rows).flatten()
    counts = known.bincount(minlength=size * levels).view(size, levels).double()
    whole = (counts.sum(dim=0) + 1 / levels) / (counts.sum() + 1)
    return (counts + smoothing * whole) / (len(rows) + smoothing)


def two_neighbours(
    real: Tensor,
    held_out: Tensor,
    *,
    levels: int,
    smoothing: float = SMOOTHING,
    backing: float = BACKING,
) -> Tensor:
    """Return log p of images (M, C, H, W), each pixel after its left and its upper neighbour, (M,).

    A table for each place, backed by one for all places, backed by the pixel's own law; beyond the
    border is a level of its own. Arguments as in `each_alone`.

    Args:
        real: What is counted.
        held_out: What is judged.
        levels: How many levels there are.
        smoothing: Of the pixels' own laws.
        backing: Counts that a table gives to what backs it.
    """
    law = pixel_laws(real, levels, smoothing)
    places = torch.arange(law.shape[0])
    p = law[places, held_out.flatten(1)]
    before, after = (contexts(images, levels).flatten(1) for images in (real, held_out))
    num = (levels + 1) ** 2
    for known, asked in ((before, after), (places * num + before, places * num + after)):
        pairs = counted(known * levels + real.flatten(1), asked * levels + held_out.flatten(1))
        p = (pairs + backing * p) / (counted(known, asked) + backing)
    return p.log().sum(dim=1)


def counted(known: Tensor, asked: Tensor) -> Tensor:
    """Return how often each of some numbers is among known ones, of the shape of `asked`."""
    values, counts = known.unique(return_counts=True)  # type: ignore[no-untyped-call]
    nearest = torch.searchsorted(values, asked).clamp(max=len(values) - 1)
    return torch.where(values[nearest] == asked, counts[nearest], 0)


def contexts(images: Tensor, levels: int) -> Tensor:
    """Number the pairs of left and upper neighbour of each pixel of images (N, C, H, W)."""
    left, above = (torch.full_like(images, levels) for _ in range(2))
    left[..., 1:] = images[..., :-1]
    above[..., 1:, :] = images[..., :-1, :]
    return left * (levels + 1) + above


def bits_per_dimension(nats: float, size: int) -> float:
    """Return log p of samples of `size` numbers, in nats, as bits for each number."""
    return -nats / (size * math.log(2))
