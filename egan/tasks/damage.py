"""What happens to images that are to be restored: they are made smaller, or a hole is cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor


class Damage(Protocol):
    """What happens to images; the same to each of them."""

    def shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of a damaged image, of one of a shape.

        Raises:
            ValueError: It cannot be damaged so.
        """

    def __call__(self, images: Tensor) -> Tensor:
        """Damage images (N, C, H, W) in [-1, 1]."""

    def judged(self, images: Tensor) -> Tensor:
        """Return the part of whole images that scores look at."""

    def naive(self, damaged: Tensor, known: Tensor) -> dict[str, Tensor]:
        """Restore without learning, in several ways, by their names.

        Args:
            damaged: Images to restore.
            known: True images (M, C, H, W) that may be looked at.
        """

    def drawn(self, damaged: Tensor) -> Tensor:
        """Return damaged images as large as true ones, as one shows them."""


@dataclass(frozen=True)
class Downscaled:
    """Images smaller by a whole factor, by a bicubic kernel that is widened against aliasing.

    Attributes:
        factor: By how much sides shrink; a power of two.
    """

    factor: int = 4

    def shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (C, H / factor, W / factor).

        Raises:
            ValueError: The sides are no multiples.
        """
        channels, *sides = shape
        if any(side % self.factor for side in sides):
            raise ValueError(
                f"images are made smaller by {self.factor}, so their sides must be multiples of "
                f"it, but got samples of shape {shape}. Give --data.image-size 32."
            )
        return channels, *(side // self.factor for side in sides)

    def __call__(self, images: Tensor) -> Tensor:
        """Shrink images; a kernel that overshoots is clamped."""
        size = self.shape(tuple(images.shape[1:]))[1:]
        small = F.interpolate(
            images, size=size, mode="bicubic", align_corners=False, antialias=True
        )
        return small.clamp(-1, 1)

    def judged(self, images: Tensor) -> Tensor:
        """Return whole images: all of them is restored."""
        return images

    def naive(self, damaged: Tensor, known: Tensor) -> dict[str, Tensor]:  # noqa: ARG002
        """Enlarge by bicubic interpolation, and by repeating pixels."""
        factor = float(self.factor)
        smooth = F.interpolate(damaged, scale_factor=factor, mode="bicubic", align_corners=False)
        return {"bicubic": smooth.clamp(-1, 1), "nearest": self.drawn(damaged)}

    def drawn(self, damaged: Tensor) -> Tensor:
        """Repeat pixels."""
        return F.interpolate(damaged, scale_factor=float(self.factor), mode="nearest")


@dataclass(frozen=True)
class Hole:
    """Images without their middle, which has the mean colour of what is around it.

    The hole is half as high and half as wide as the image. What is in it does not matter: a hole
    that is cut again is the same. Only the hole is judged.
    """

    def shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the same shape.

        Raises:
            ValueError: The sides are no multiples of 4, so that no hole is in the middle.
        """
        if any(side % 4 for side in shape[1:]):
            raise ValueError(
                "a hole of half the height and width is cut into the middle, so the sides of "
                f"images must be multiples of 4, but got samples of shape {shape}. Give "
                "--data.image-size 32."
            )
        return shape

    def __call__(self, images: Tensor) -> Tensor:
        """Cut the hole."""
        self.shape(tuple(images.shape[1:]))
        known = self.known(images)
        around = (images * known).sum((2, 3), keepdim=True) / known.sum()
        return torch.where(known > 0, images, around)

    def judged(self, images: Tensor) -> Tensor:
        """Return what is in the hole (N, C, H / 2, W / 2)."""
        return self.window(images)

    def window(self, images: Tensor, *, border: int = 0) -> Tensor:
        """Return the hole with a border around it (N, C, H / 2 + 2 border, W / 2 + 2 border)."""
        top, left = (side // 4 - border for side in images.shape[2:])
        return images[..., top : images.shape[2] - top, left : images.shape[3] - left]

    def known(self, images: Tensor) -> Tensor:
        """Return 1 where images are known and 0 in the hole, (H, W)."""
        known = torch.ones(images.shape[2:], device=images.device)
        self.window(known[None, None]).zero_()
        return known

    def filled(self, damaged: Tensor, filling: Tensor) -> Tensor:
        """Return images whose hole is filled (N, C, H / 2, W / 2), and that are else as given."""
        filled = damaged.clone()
        self.window(filled).copy_(filling)
        return filled

    def naive(self, damaged: Tensor, known: Tensor) -> dict[str, Tensor]:
        """Fill in that of the known image whose surroundings are nearest, and the mean colour."""
        around = self.known(damaged) > 0
        nearest = torch.cdist(damaged[..., around].flatten(1), known[..., around].flatten(1))
        found = self.window(known)[nearest.argmin(dim=1)]
        return {"nearest patch": self.filled(damaged, found), "mean colour": self(damaged)}

    def drawn(self, damaged: Tensor) -> Tensor:
        """Return them as they are."""
        return damaged
