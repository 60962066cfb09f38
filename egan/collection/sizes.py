"""From an image's size to the layers of a network that halves it."""

from __future__ import annotations

LARGEST_BASE = 7


def halvings(shape: tuple[int, ...], *, smallest: int = 4) -> tuple[int, int]:
    """Return how small images become by halving, and how often: 28 -> (7, 2), 64 -> (4, 4).

    Halving goes on while the size is even and stays at least `smallest`.

    Raises:
        ValueError: The shape is not (C, H, H) with H = 4, 5, 6 or 7 times a power of two.
    """
    if len(shape) == 3 and shape[1] == shape[2]:
        base, times = shape[1], 0
        while base % 2 == 0 and base // 2 >= smallest:
            base, times = base // 2, times + 1
        if times and base <= LARGEST_BASE:
            return base, times
    raise ValueError(
        f"convolutional networks need square images whose size can be halved down to "
        f"{smallest} to {LARGEST_BASE} pixels, such as 8, 16, 28, 32 or 64, but got samples of "
        f"shape {shape}. Give --data.image-size 32."
    )
