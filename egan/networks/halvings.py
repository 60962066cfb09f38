"""From an image's size to the layers of a network that halves it."""

from __future__ import annotations

from egan.networks.sizes import base_size

BASES = (4, 5, 6, 7)
TINY_SIZE, TINY_BASE = 8, 2


def halvings(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return how small images become by halving, and how often: 28 -> (7, 2), 64 -> (4, 4).

    Raises:
        ValueError: The shape is not (C, H, H) with H = 4, 5, 6 or 7 times a power of two.
    """
    if len(shape) == 3 and shape[1] == shape[2]:
        base = base_size(shape[1])
        times = (shape[1] // base).bit_length() - 1
        if times and base in BASES:
            return base, times
    raise ValueError(
        f"convolutional networks need square images whose size can be halved down to "
        f"{BASES[0]} to {BASES[-1]} pixels, such as 8, 16, 28, 32 or 64, but got samples of "
        f"shape {shape}. Give --data.image-size 32."
    )


def map_sizes(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the smallest map's size, and how often it is doubled: 64 -> (4, 4), 8 -> (2, 2).

    As `halvings`, but images of 8 pixels are halved down to 2, so that two layers see them.

    Raises:
        ValueError: The images are not square, or not 4 to 7 pixels doubled.
    """
    base, times = halvings(shape)
    return (TINY_BASE, times + 1) if shape[1] == TINY_SIZE else (base, times)
