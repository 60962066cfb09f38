"""How many parameters a network has, counted from its settings: needs no torch."""

from __future__ import annotations

from itertools import pairwise
from math import prod

KERNEL = 16  # 4x4
BASE = 4
MAX_FACTOR = 8


def generator_size(
    name: str, shape: tuple[int, ...], *, latent_dim: int, width: int, depth: int | None, norm: str
) -> int | None:
    """Return the number of parameters of a generator; None for a network of unknown form."""
    if name == "mlp":
        hidden = [latent_dim, *[width] * (depth or 3)]
        norms = 2 * sum(hidden[1:]) * (norm == "batch")
        return _linear([*hidden, prod(shape)]) + norms
    if name != "dcgan" or len(shape) != 3:
        return None
    widths = _widths(shape, width)[::-1]
    first = _linear([latent_dim, widths[0] * BASE * BASE])
    norms = 2 * sum(widths) * (norm == "batch")
    return first + _convolutions([*widths, shape[0]]) + norms


def discriminator_size(
    name: str, shape: tuple[int, ...], *, width: int, depth: int | None, norm: str
) -> int | None:
    """Return the number of parameters of a discriminator; None for a network of unknown form."""
    if name == "mlp":
        return _linear([prod(shape), *[width] * (depth or 3), 1]) + 2 * width * (norm == "batch")
    if name != "dcgan" or len(shape) != 3:
        return None
    widths = _widths(shape, width)
    norms = 2 * sum(widths[1:]) * (norm == "batch")
    return _convolutions([shape[0], *widths]) + _linear([widths[-1] * BASE * BASE, 1]) + norms


def _linear(units: list[int]) -> int:
    return sum(before * after + after for before, after in pairwise(units))


def _convolutions(channels: list[int]) -> int:
    return sum(KERNEL * before * after + after for before, after in pairwise(channels))


def _widths(shape: tuple[int, ...], width: int) -> list[int]:
    levels = (shape[1] // BASE).bit_length() - 1
    return [width * min(MAX_FACTOR, 2**level) for level in range(levels)]
