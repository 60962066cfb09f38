"""Crowded scenes with a label map: shapes that touch and lie over each other, and thin lines.

Each has two to four of the shapes of `egan.data.shapes` and a line or two, pale, one pixel wide;
later ones lie over those before. A pixel is of the class of its shape's colour, of "line", or of
the background. Strong noise hides all of that: a pixel is known by what is around it. All is drawn
from a fixed seed, at 32x32 unless `image_size` says otherwise.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from egan.data.dataset import Array, Dataset
from egan.data.images import as_channels, check_channels, check_image_size
from egan.data.shapes import CHUNK, COLOURS, PALETTE, SHAPES, coverage

SEGMENTATION = "segmentation"
"""An annotation: the class of each pixel (N, H, W) uint8."""
LINE = 1 + len(COLOURS)
REGIONS = ("background", *COLOURS, "line")

COUNT = 2000
IMAGE_SIZE = 32
SEED = 1608
MOST_SHAPES, MOST_LINES = 4, 2
RADII = (0.22, 0.45)
NOISE = 0.35
PALE = 0.7
"""How bright a line is, in all channels."""
SUBPIXELS = 2
HALF_WIDTH = 1.0 / IMAGE_SIZE
"""Of a line, on a canvas from -1 to 1: a pixel of the usual size in all."""


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:  # noqa: ARG001 - no file
    """Draw 2,000 scenes (N, 3, H, W), whose annotation "segmentation" is their label maps.

    Classes are background, red, green, blue, yellow and line, by `class_names`; a pixel is of what
    covers more than half of it.
    """
    check_channels(channels)
    check_image_size(image_size)
    size, rng = image_size or IMAGE_SIZE, np.random.default_rng(SEED)
    parts = [_drawn(min(CHUNK, COUNT - start), size, rng) for start in range(0, COUNT, CHUNK)]
    images, maps = (np.concatenate(both) for both in zip(*parts, strict=True))
    return Dataset(
        "crowds",
        as_channels(images, channels),
        annotations={SEGMENTATION: maps},
        class_names=REGIONS,
    )


def _drawn(count: int, size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    images = np.broadcast_to(rng.uniform(0.1, 0.3, (count, 1, 1, 1)), (count, 3, size, size)).copy()
    maps = np.zeros((count, size, size), dtype=np.uint8)
    num_shapes = rng.integers(2, MOST_SHAPES + 1, count)
    middle = rng.uniform(-0.3, 0.3, (count, 2))  # they crowd around it, and so touch
    for place in range(MOST_SHAPES):
        kind = rng.integers(len(SHAPES), size=count)
        radii = rng.uniform(*RADII, count) * (place < num_shapes)
        centres = middle + rng.uniform(-0.55, 0.55, (count, 2))
        share = coverage(kind, radii, centres, image_size=size, subpixels=SUBPIXELS)
        colour = rng.integers(len(COLOURS), size=count)
        _paint(images, maps, share, 1 + colour, rng)
    num_lines = rng.integers(1, MOST_LINES + 1, count)
    for place in range(MOST_LINES):
        share = _line(count, size, rng) * (place < num_lines)[:, None, None]
        _paint(images, maps, share, np.full(count, LINE), rng)
    images += NOISE * rng.standard_normal(images.shape)
    return np.rint(np.clip(images, 0, 1) * 255).astype(np.uint8), maps


def _paint(
    images: Array, maps: Array, share: Array, classes: Array, rng: np.random.Generator
) -> None:
    """Paint one thing into each image, by the share of each pixel that it covers (N, H, W)."""
    colours = np.concatenate([PALETTE, np.full((1, 3), PALE)])[classes - 1]
    colours = colours + rng.uniform(-0.05, 0.05, colours.shape)
    images += share[:, None] * (colours[:, :, None, None] - images)
    maps[...] = np.where(share > 0.5, classes[:, None, None], maps)


def _line(count: int, size: int, rng: np.random.Generator) -> Array:
    """Return the share of each pixel that a line through each image covers (N, H, W), nearly."""
    grid = (np.arange(size) + 0.5) * (2.0 / size) - 1.0
    angles, offsets = rng.uniform(0, np.pi, (count, 1, 1)), rng.uniform(-0.6, 0.6, (count, 1, 1))
    across = np.cos(angles) * grid[None, None, :] + np.sin(angles) * grid[None, :, None]
    inside = HALF_WIDTH - np.abs(across - offsets)  # from the border on, by the side of a pixel
    return np.asarray(np.clip(0.5 + inside * size / 2, 0, 1))
