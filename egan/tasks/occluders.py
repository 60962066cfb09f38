"""What hides a part of an image: a rectangle somewhere, grey or of a texture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

PLACES = 0x0CC1
"""The seed of occluders where nobody hands in random numbers: the same at every call."""


class Occlusion(NamedTuple):
    """Images (N, C, H, W) with a part hidden, and where that is (N, 1, H, W), 1 or 0."""

    images: Tensor
    mask: Tensor


@dataclass(frozen=True)
class Occluded:
    """Images behind a rectangle at a random place, of one grey or, half of them, of a texture.

    All sizes whose share of the image is in a range, and which are at most twice as high as wide,
    beside the image, or twice as wide as high, are equally likely; so are all places. A grey is
    from U(−1, 1); a texture has such a grey in every two by two pixels. Unlike other damages it
    does not hang on the image: `occlude` draws it. As a damage of the same images it is the same.

    Attributes:
        least: The smallest share that is hidden.
        most: The largest.
    """

    least: float = 0.15
    most: float = 0.40

    def sizes(self, height: int, width: int) -> list[tuple[int, int]]:
        """Return the heights and widths that a rectangle may have."""
        return [
            (down, across)
            for down in range(1, height + 1)
            for across in range(1, width + 1)
            if self.least <= down * across / (height * width) <= self.most
            and 0.5 <= (down / height) / (across / width) <= 2
        ]

    def shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the same shape.

        Raises:
            ValueError: No rectangle of such a share is in it.
        """
        if not self.sizes(*shape[1:]):
            raise ValueError(
                f"rectangles of {self.least:.0%} to {self.most:.0%} of an image hide a part of it, "
                f"but samples of shape {shape} have room for none. Give --data.image-size 16."
            )
        return shape

    def occlude(self, images: Tensor, rng: torch.Generator) -> Occlusion:
        """Hide a part of images (N, C, H, W), each behind a rectangle of its own."""
        count, _, height, width = images.shape
        self.shape(tuple(images.shape[1:]))
        sizes = torch.tensor(self.sizes(height, width))
        chosen = sizes[torch.randint(len(sizes), (count,), generator=rng)]
        room = torch.tensor([height, width]) - chosen + 1
        corner = (torch.rand(count, 2, generator=rng, dtype=torch.float64) * room).long()
        rows, columns = (
            (at >= low[:, None]) & (at < (low + extent)[:, None])
            for at, low, extent in zip(
                (torch.arange(height), torch.arange(width)), corner.T, chosen.T, strict=True
            )
        )
        mask = (rows[:, :, None] & columns[:, None])[:, None].to(images)
        filling = self._filling(count, height, width, rng).to(images)
        return Occlusion(torch.where(mask > 0, filling, images), mask)

    def _filling(self, count: int, height: int, width: int, rng: torch.Generator) -> Tensor:
        """Draw what rectangles show (N, 1, H, W) in [-1, 1]."""
        grey, textured = torch.rand(2, count, 1, 1, 1, generator=rng)
        coarse = torch.rand(count, 1, (height + 1) // 2, (width + 1) // 2, generator=rng)
        texture = coarse.repeat_interleave(2, 2).repeat_interleave(2, 3)[..., :height, :width]
        return 2 * torch.where(textured < 0.5, texture, grey) - 1

    def __call__(self, images: Tensor) -> Tensor:
        """Hide a part of images, of as many as these the same at every call."""
        return self.fixed(images).images

    def fixed(self, images: Tensor) -> Occlusion:
        """Hide the same parts at every call."""
        return self.occlude(images, torch.Generator().manual_seed(PLACES))

    def judged(self, images: Tensor) -> Tensor:
        """Return whole images."""
        return images

    def naive(self, damaged: Tensor, known: Tensor) -> dict[str, Tensor]:
        """Take the known image that is nearest, and leave them as they are."""
        nearest = torch.cdist(damaged.flatten(1), known.flatten(1)).argmin(dim=1)
        return {"nearest image": known[nearest], "as it is": damaged}

    def drawn(self, damaged: Tensor) -> Tensor:
        """Return them as they are."""
        return damaged


def best_box(masks: Tensor) -> Tensor:
    """Return the one rectangle (1, 1, H, W) whose mean IoU with masks (M, 1, H, W) is best.

    Of those in the middle of the image, since occluders are nowhere more often than there.
    """
    height, width = masks.shape[2:]
    sums = masks[:, 0].double().cumsum(1).cumsum(2)
    sums = torch.nn.functional.pad(sums, (1, 0, 1, 0))  # (M, H + 1, W + 1)
    (down, across), (top, left) = (
        torch.meshgrid(*axes, indexing="ij")
        for axes in (
            (torch.arange(1, height + 1), torch.arange(1, width + 1)),
            (
                (height - torch.arange(1, height + 1)) // 2,
                (width - torch.arange(1, width + 1)) // 2,
            ),
        )
    )
    low, right = top + down, left + across
    both = sums[:, low, right] - sums[:, top, right] - sums[:, low, left] + sums[:, top, left]
    union = down * across + sums[:, -1:, -1:] - both
    best = int((both / union).mean(dim=0).argmax())
    box = torch.zeros(1, 1, height, width)
    y, x = divmod(best, width)
    box[..., top[y, x] : low[y, x], left[y, x] : right[y, x]] = 1
    return box
