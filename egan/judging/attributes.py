"""Read shape, colour, size and place off images of one rendered shape, real or generated.

An oracle for `shapes` that nothing trains: it knows how such images are made. It says where it
cannot read an image, and that counts as wrong.

1. The pixels nearest to a colour of the palette, and near it, are segmented; the largest connected
   part is the object, its colour the object's.
2. How much of each pixel of the object and around it is covered follows from where its colour lies
   between the background's and the object's; the sum is the area and the centroid the place.
3. Each shape of that area is rendered at the centroid; the one that differs least is the object's
   shape, and its radius says whether it is small or large.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from egan.data.dataset import Array
from egan.data.shapes import ANCHORS, ARM, PALETTE, RADII, SHAPES, SQUARE, coverage

UNREADABLE = -1
BATCH = 500
NEAR = 0.35
"""How far from a colour of the palette a pixel may be, in RGB from 0 to 1."""
AREAS = np.array([np.pi, 4 * SQUARE**2, 0.75 * np.sqrt(3), 8 * ARM - 4 * ARM**2])
"""Of the shapes, in squared radii."""
MISFIT = 0.4
"""The largest share of its area by which an object may differ from a shape; real ones have 0.2."""
SMALLEST, LARGEST = 0.012, 0.3
"""The smallest and the largest object, as shares of the image; real ones have 0.02 to 0.24."""


class Attributes(NamedTuple):
    """What was read off N images: indices into the names of `egan.data.shapes`, -1 if unreadable.

    Attributes:
        shape: (N,) indices into `SHAPES`.
        colour: (N,) indices into `COLOURS`.
        size: (N,) indices into `SIZES`.
        place: (N,) indices into `PLACES`.
    """

    shape: Array
    colour: Array
    size: Array
    place: Array

    @property
    def readable(self) -> Array:
        """Whether each image could be read, (N,) bool."""
        return np.asarray(self.shape != UNREADABLE)


def segment(images: torch.Tensor) -> Array:
    """Tell each pixel's colour: images (N, 3, H, W) in [-1, 1] -> (N, H, W) uint8.

    0 for the background, 1 + the index of the nearest colour of the palette where it is near; of
    real images of `shapes` and `scenes` it gives their annotation `segmentation`, but for pixels
    of which about half is covered.

    Raises:
        ValueError: If the images are not in colour.
    """
    distances = np.linalg.norm(_pixels(images)[:, None] - PALETTE[:, :, None, None], axis=2)
    nearest = 1 + distances.argmin(axis=1)
    return np.where(distances.min(axis=1) < NEAR, nearest, 0).astype(np.uint8)


def read(images: torch.Tensor) -> Attributes:
    """Read the attributes off images (N, 3, H, W) in [-1, 1].

    Raises:
        ValueError: If the images are not in colour.
    """
    parts = [_read(_pixels(part), segment(part)) for part in torch.split(images, BATCH)]
    return Attributes(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def _read(pixels: Array, segments: Array) -> Attributes:
    found = np.stack([_largest_part(one) for one in segments])
    colour = np.where(found, segments, 0).max(axis=(1, 2)).astype(np.int64) - 1
    share = _covered(pixels, found, colour)
    side = share.shape[-1]
    area = share.mean(axis=(1, 2))
    middle = (np.arange(side) + 0.5) * (2.0 / side) - 1.0
    total = np.maximum(share.sum(axis=(1, 2)), 1e-9)
    centres = np.stack([share.sum(axis=1) @ middle, share.sum(axis=2) @ middle], axis=1)
    centres /= total[:, None]
    shape, radius, misfit = _nearest_shape(share, area, centres)
    readable = (area > SMALLEST) & (area < LARGEST) & (misfit < MISFIT)
    size = np.abs(radius[:, None] - RADII).argmin(axis=1)
    place = np.linalg.norm(centres[:, None] - ANCHORS, axis=2).argmin(axis=1)
    return Attributes(
        *(np.where(readable, values, UNREADABLE) for values in (shape, colour, size, place))
    )


def _nearest_shape(share: Array, area: Array, centres: Array) -> tuple[Array, Array, Array]:
    """Return the shape (N,) nearest to what is covered, its radius, and the misfit.

    `area` is a share of the image, whose side is 2, and the misfit a share of the area.
    """
    count, side = len(share), share.shape[-1]
    radii = np.sqrt(4.0 * area[:, None] / AREAS)
    misfits = np.empty((count, len(SHAPES)))
    for index in range(len(SHAPES)):
        which = np.full(count, index)
        rendered = coverage(which, radii[:, index], centres, image_size=side)
        misfits[:, index] = np.abs(rendered - share).mean(axis=(1, 2))
    shape = misfits.argmin(axis=1)
    rows = np.arange(count)
    return shape, radii[rows, shape], misfits[rows, shape] / np.maximum(area, 1e-9)


def _largest_part(segments: Array) -> Array:
    """Return the largest connected region of one colour, (H, W) bool, empty if there is none."""
    from scipy.ndimage import label

    best, most = np.zeros(segments.shape, dtype=bool), 0
    for colour in np.unique(segments[segments > 0]):
        regions, _ = label(segments == colour)
        sizes = np.bincount(regions.ravel())[1:]
        if sizes.max() > most:
            best, most = regions == 1 + sizes.argmax(), sizes.max()
    return best


def _covered(pixels: Array, found: Array, colour: Array) -> Array:
    """Return the share of each pixel that the object covers, (N, H, W) in [0, 1]."""
    from scipy.ndimage import binary_dilation

    around = binary_dilation(found, structure=np.ones((1, 3, 3), dtype=bool))
    outside = np.where(around[:, None], np.nan, pixels).reshape(len(pixels), 3, -1)
    outside[around.all(axis=(1, 2))] = 0.0  # such an object is too large to be read
    background = np.nanmedian(outside, axis=2)
    direction = PALETTE[colour] - background
    along = ((pixels - background[:, :, None, None]) * direction[:, :, None, None]).sum(axis=1)
    share = along / np.maximum(np.square(direction).sum(axis=1), 1e-9)[:, None, None]
    return np.where(around, np.clip(share, 0.0, 1.0), 0.0)


def _pixels(images: torch.Tensor) -> Array:
    """Return images (N, 3, H, W) from [-1, 1] as float64 from 0 to 1."""
    if images.ndim != 4 or images.shape[1] != 3:
        raise ValueError(
            f"images must be (N, 3, H, W) in colour to be read, but got {tuple(images.shape)}; "
            "load shapes with channels=3, which is the default."
        )
    pixels: Array = (images.detach().cpu().double().clamp(-1.0, 1.0).numpy() + 1.0) / 2.0
    return pixels
