"""Augmentation of what a discriminator sees, real and generated alike, by differentiable steps.

Where data are few, a discriminator learns them by heart. If all that it sees is changed by random
steps that the generator's gradient passes through, it cannot, and generated pictures do not take
the changes over. `diffaugment` and `ada` have the steps; a run draws them by name:

    transform = drawn("diffaugment", (64, 3, 32, 32), rng=rng)
    logits = discriminator(transform(images))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from egan.lazy import Lazy, lookup

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Shape = tuple[int, int, int, int]
Transform = Callable[["Tensor"], "Tensor"]
"""What is drawn: maps images (N, C, H, W) in [-1, 1] to images of the same shape."""


class Family(Protocol):
    """Draws a transform of images of a shape (N, C, H, W)."""

    def __call__(self, shape: Shape, *, rng: torch.Generator, strength: float) -> Transform:
        """Draw on the generator's device, as many numbers whatever the strength is."""


FAMILIES: dict[str, Lazy[Transform]] = {
    "diffaugment": Lazy(
        "egan.augmentation.diffaugment:draw",
        "colour, translation and cutout of every picture, their ranges times the strength",
    ),
    "ada": Lazy(
        "egan.augmentation.ada:draw",
        "flips, turns, shifts, scales and colours, each with the strength for its probability",
    ),
}


def drawn(name: str, shape: Shape, *, rng: torch.Generator, strength: float = 1.0) -> Transform:
    """Draw a transform of the family `name`.

    Args:
        name: One of `FAMILIES`.
        shape: Of the images, (N, C, H, W).
        rng: A generator on the CPU.
        strength: From 0, which changes nothing, to 1, as published.

    Raises:
        ValueError: There is no such family.
    """
    return lookup(FAMILIES, name, kind="augmentation (--augment)")(
        shape, rng=rng, strength=strength
    )
