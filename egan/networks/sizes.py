"""How many parameters a network has, counted from its settings: needs no torch."""

from __future__ import annotations

from itertools import pairwise
from math import prod

KERNEL = 16  # 4x4
MIN_BASE = 4
MAX_FACTOR = 8
SIZES = (8, 16, 28, 32, 64, 112, 128, 256)
"""Of the images that data sets have, those that a DCGAN makes."""


def base_size(size: int) -> int:
    """Return the size of the smallest feature map of a DCGAN that makes images of `size`.

    It is halved down to 4 to 7: 4 for a power of two, 7 for 28, 6 for 24.
    """
    while size % 2 == 0 and size >= 2 * MIN_BASE:
        size //= 2
    return size


def hidden_widths(size: int, width: int, *, base: int) -> list[int]:
    """Return the channels of a DCGAN's hidden layers, from the image inwards.

    One for each doubling from `base` to `size`; they double from `width` on, up to 8 times.
    """
    levels = (size // base).bit_length() - 1
    return [width * min(MAX_FACTOR, 2**level) for level in range(levels)]


def generator_size(
    name: str, shape: tuple[int, ...], *, latent_dim: int, width: int, depth: int | None, norm: str
) -> int | None:
    """Return the number of parameters of a generator; None where it does not fit, or is unknown."""
    if name == "mlp":
        hidden = [latent_dim, *[width] * (depth or 3)]
        norms = 2 * sum(hidden[1:]) * (norm == "batch")
        return _linear([*hidden, prod(shape)]) + norms
    if name != "dcgan" or depth is not None or not _fits(shape):
        return None
    base = base_size(shape[1])
    widths = hidden_widths(shape[1], width, base=base)[::-1]
    first = _linear([latent_dim, widths[0] * base * base])
    norms = 2 * sum(widths) * (norm == "batch")
    return first + _convolutions([*widths, shape[0]]) + norms


def discriminator_size(
    name: str, shape: tuple[int, ...], *, width: int, depth: int | None, norm: str
) -> int | None:
    """Return the number of parameters of a discriminator; None as of a generator."""
    if name == "mlp":
        return _linear([prod(shape), *[width] * (depth or 3), 1]) + 2 * width * (norm == "batch")
    if name != "dcgan" or depth is not None or not _fits(shape):
        return None
    base = base_size(shape[1])
    widths = hidden_widths(shape[1], width, base=base)
    norms = 2 * sum(widths[1:]) * (norm == "batch")
    return _convolutions([shape[0], *widths]) + _linear([widths[-1] * base * base, 1]) + norms


def _fits(shape: tuple[int, ...]) -> bool:
    """Return whether a DCGAN makes samples of a shape."""
    square = len(shape) == 3 and shape[1] == shape[2]
    return square and shape[1] in SIZES


def _linear(units: list[int]) -> int:
    return sum(before * after + after for before, after in pairwise(units))


def _convolutions(channels: list[int]) -> int:
    return sum(KERNEL * before * after + after for before, after in pairwise(channels))
