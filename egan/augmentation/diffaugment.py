"""DiffAugment (Zhao et al. 2020, "Differentiable augmentation for data-efficient GAN training").

arXiv 2006.10738. Of every picture, in this order, as the authors' code has it:

    brightness     x + b                            b ~ U(-1/2, 1/2)
    saturation     m + f (x - m), m over channels   f ~ U(0, 2)
    contrast       m + f (x - m), m over all        f ~ U(1/2, 3/2)
    translation    by whole pixels                  up to 1/8 of either side, both ways
    cutout         a square of grey                 half of either side, its centre anywhere

A strength s multiplies the ranges about what changes nothing, and the sides: 1 is published.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SHIFT, CUT = 0.125, 0.5
"""Shares of a side: the farthest translation, and the side of what is cut out."""


@dataclass(frozen=True)
class DiffAugment:
    """What was drawn for N images; call it with them.

    Attributes:
        colours: b, the factor of the saturation, and that of the contrast, (3, N).
        moves: Pixels down and to the right, (2, N).
        holes: Row and column where the cut begins, which may lie outside, (2, N).
        hole: Height and width of the cut.
    """

    colours: Tensor
    moves: Tensor
    holes: Tensor
    hole: tuple[int, int]

    def __call__(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to images."""
        shift, saturated, contrasted = self.colours.to(images)
        images = brightness(images, shift)
        images = contrast(saturation(images, saturated), contrasted)
        images = translation(images, *self.moves.to(images.device))
        return cutout(images, *self.holes.to(images.device), size=self.hole)


def draw(
    shape: tuple[int, int, int, int], *, rng: torch.Generator, strength: float = 1.0
) -> DiffAugment:
    """Draw for images of a shape (N, C, H, W); as many numbers whatever the strength is."""
    count, _, *sides = shape
    away = 2 * torch.rand(3, count, generator=rng) - 1
    colours = strength * torch.tensor([[0.5], [1.0], [0.5]]) * away
    far = [int(side * SHIFT * strength + 0.5) for side in sides]
    moves = [torch.randint(-most, most + 1, (count,), generator=rng) for most in far]
    height, width = (int(side * CUT * strength + 0.5) for side in sides)
    holes = [
        torch.randint(side + 1 - size % 2, (count,), generator=rng) - size // 2
        for side, size in zip(sides, (height, width), strict=True)
    ]
    return DiffAugment(
        colours + torch.tensor([[0.0], [1.0], [1.0]]),
        torch.stack(moves),
        torch.stack(holes),
        (height, width),
    )


def brightness(images: Tensor, shift: Tensor) -> Tensor:
    """Add a number (N,) to all of an image (N, C, H, W)."""
    return images + _each(shift)


def saturation(images: Tensor, factor: Tensor) -> Tensor:
    """Multiply the distance of pixels to their own grey, the mean over channels, by (N,)."""
    grey = images.mean(dim=1, keepdim=True)
    return images + _each(factor - 1) * (images - grey)


def contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Multiply the distance of an image's numbers to their mean by (N,)."""
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return images + _each(factor - 1) * (images - mean)


def translation(images: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Move images (N, C, H, W) by whole pixels (N,) each; what comes in is 0, grey.

    Products with matrices of ones and zeros are exact, and so is the order of their gradient.
    """
    rows, columns = (
        _moving(by, size, images.dtype)
        for by, size in zip((down, right), images.shape[2:], strict=True)
    )
    return rows @ images @ columns.mT


def cutout(images: Tensor, top: Tensor, left: Tensor, *, size: tuple[int, int]) -> Tensor:
    """Put 0, grey, in a rectangle of each image that begins at (N,) rows and columns."""
    rows, columns = (
        _between(start, length, side)
        for start, length, side in zip((top, left), size, images.shape[2:], strict=True)
    )
    cut = rows[:, None, :, None] & columns[:, None, None, :]
    return images * ~cut


def _each(numbers: Tensor) -> Tensor:
    """Return a number for each image, (N, 1, 1, 1)."""
    return numbers.view(-1, 1, 1, 1)


def _moving(by: Tensor, size: int, dtype: torch.dtype) -> Tensor:
    """Return matrices (N, 1, size, size) that move a column down by places (N,)."""
    places = torch.arange(size, device=by.device)
    return (places[:, None] - by.view(-1, 1, 1, 1) == places).to(dtype)


def _between(start: Tensor, length: int, side: int) -> Tensor:
    """Return which places (N, side) lie in a stretch."""
    places = torch.arange(side, device=start.device) - start[:, None]
    return (places >= 0) & (places < length)
