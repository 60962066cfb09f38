"""What happens to images that are to be restored: made smaller, a hole cut, a part pasted in."""

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


@dataclass(frozen=True)
class Pasted:
    """Images whose middle was pasted in from a darker exposure: other gains, less sharp.

    The middle is half as high and half as wide as the image. What happens to it hangs on the image
    alone: a brightness from .4 to .8 and a tint of up to a fifth for each channel, and of every
    other image a blur. Only the middle is judged.

    Attributes:
        gain: How dark and how bright the middle may be.
        tint: How far a channel may be from that.
        sigma: Deviation of the blur in pixels.
    """

    gain: tuple[float, float] = (0.4, 0.8)
    tint: float = 0.2
    sigma: float = 0.6

    def shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the same shape.

        Raises:
            ValueError: The sides are no multiples of 4, or below 16.
        """
        if any(side % 4 or side < 16 for side in shape[1:]):
            raise ValueError(
                "a part of half the height and width is pasted into the middle, so the sides of "
                f"images must be multiples of 4 of at least 16, but got samples of shape {shape}. "
                "Give --data.image-size 32."
            )
        return shape

    def __call__(self, images: Tensor) -> Tensor:
        """Paste another exposure of the middle."""
        self.shape(tuple(images.shape[1:]))
        numbers = self._numbers(images)  # (N, C + 2) in [0, 1)
        low, high = self.gain
        gains = low + (high - low) * numbers[:, :1] + self.tint * (2 * numbers[:, 2:] - 1)
        blurred = torch.where(numbers[:, 1, None, None, None] < 0.5, self._blurred(images), images)
        exposed = (blurred + 1) * gains[..., None, None] - 1
        pasted = images.clone()
        self.window(pasted).copy_(self.window(exposed.clamp(-1, 1)))
        return pasted

    def _numbers(self, images: Tensor) -> Tensor:
        """Return numbers in [0, 1) that hang on each image as stored, and on no other."""
        bytes_of = (127.5 * (images.double() + 1)).round()
        places = torch.arange(1, bytes_of[0].numel() + 1, device=images.device, dtype=torch.float64)
        sums = (bytes_of.flatten(1) * places.remainder(97)).sum(dim=1)
        steps = torch.arange(images.shape[1] + 2, device=images.device, dtype=torch.float64)
        golden = (5**0.5 - 1) / 2
        return (sums[:, None] * golden + steps * 2**0.5).remainder(1.0).to(images)

    def _blurred(self, images: Tensor) -> Tensor:
        places = torch.arange(-2, 3).to(images)
        taps = torch.exp(-0.5 * (places / self.sigma).square())
        taps = (taps / taps.sum()).expand(images.shape[1], 1, -1)
        wide = F.pad(images, (2, 2, 2, 2), mode="reflect")
        down = F.conv2d(wide, taps[..., None], groups=images.shape[1])
        return F.conv2d(down, taps[:, :, None], groups=images.shape[1])

    def window(self, images: Tensor) -> Tensor:
        """Return the middle (N, C, H / 2, W / 2), as a view."""
        top, left = (side // 4 for side in images.shape[2:])
        return images[..., top : images.shape[2] - top, left : images.shape[3] - left]

    def judged(self, images: Tensor) -> Tensor:
        """Return the middle."""
        return self.window(images)

    def naive(self, damaged: Tensor, known: Tensor) -> dict[str, Tensor]:  # noqa: ARG002
        """Shift each channel of it so that its border has the mean of what is around; or leave it.

        The border is one pixel wide on both sides.
        """
        shifted = damaged.clone()
        top = damaged.shape[2] // 4
        left = damaged.shape[3] // 4
        around = damaged[..., top - 1 : damaged.shape[2] - top + 1, left - 1 : 1 - left]
        middle = self.window(shifted)
        middle += (_rim(around) - _rim(middle))[..., None, None]
        return {"shifted to its border": shifted.clamp(-1, 1), "copy and paste": damaged}

    def drawn(self, damaged: Tensor) -> Tensor:
        """Return them as they are."""
        return damaged


def _rim(images: Tensor) -> Tensor:
    """Return the mean (N, C) of the outermost pixels of images."""
    rows, columns = images[..., [0, -1], :], images[..., 1:-1, [0, -1]]
    return torch.cat([rows.flatten(2), columns.flatten(2)], dim=2).mean(dim=2)
