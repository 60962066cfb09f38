"""5,000 digits of a bitmap font, each turned, sheared, resized and shifted a little; 8x8 grey.

Ten bitmaps of 6x4 pixels, in the middle of 8x8, are drawn by bilinear interpolation under random
affine maps: turned by up to .25 radians, 0.9 to 1.2 times as large, sheared by up to .3 and shifted
by up to .2, where an image is from -1 to 1 on either axis. They are drawn from a fixed seed when
they are loaded. A simulator's images: their classes are known, and they do not look like writing.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from egan.data.dataset import Array, Dataset
from egan.data.images import check_channels, check_image_size, fit_arrays
from egan.data.splits import held_out

DIGITS = (
    (".##.", "#..#", "#..#", "#..#", "#..#", ".##."),
    ("..#.", ".##.", "..#.", "..#.", "..#.", ".###"),
    (".##.", "#..#", "...#", "..#.", ".#..", "####"),
    ("###.", "...#", ".##.", "...#", "...#", "###."),
    ("#..#", "#..#", "####", "...#", "...#", "...#"),
    ("####", "#...", "###.", "...#", "...#", "###."),
    (".##.", "#...", "###.", "#..#", "#..#", ".##."),
    ("####", "...#", "..#.", "..#.", ".#..", ".#.."),
    (".##.", "#..#", ".##.", "#..#", "#..#", ".##."),
    (".##.", "#..#", "#..#", ".###", "...#", ".##."),
)
SIDE, COUNT, NUM_TEST = 8, 5000, 1000
SEED = 1612
TURN, SCALES, SHEAR, SHIFT = 0.25, (0.9, 1.2), 0.3, 0.2


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:  # noqa: ARG001 - no file
    """Draw the digits, 8x8 unless `image_size` says otherwise; 1,000 are kept for tests."""
    check_channels(channels)
    check_image_size(image_size)
    rng = np.random.default_rng(SEED)
    labels = np.arange(COUNT) % len(DIGITS)
    drawn = jittered(bitmaps()[labels], rng)
    samples = np.rint(255 * drawn).astype(np.uint8)[:, None]
    samples = fit_arrays(samples, image_size=image_size or SIDE, channels=channels)
    return Dataset("font", samples, labels, test=held_out(labels, COUNT, num_test=NUM_TEST))


def bitmaps() -> Array:
    """Return the font in the middle of 8x8 pixels, (10, 8, 8), 1 where there is ink."""
    ink = np.array([[[pixel == "#" for pixel in row] for row in digit] for digit in DIGITS])
    height, width = ((SIDE - side) // 2 for side in ink.shape[1:])
    return np.pad(ink, ((0, 0), (height, height), (width, width))).astype(np.float64)


def jittered(images: Array, rng: np.random.Generator) -> Array:
    """Draw images (N, H, H) under random affine maps, with 0 around them."""
    return warped(images, *maps(len(images), rng))


def maps(count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw affine maps: matrices (N, 2, 2) and shifts (N, 2), of x and y."""
    turn, shear = rng.uniform(-TURN, TURN, count), rng.uniform(-SHEAR, SHEAR, count)
    scale, shift = rng.uniform(*SCALES, count), rng.uniform(-SHIFT, SHIFT, (count, 2))
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    sheared = np.array([[np.ones(count), shear], [np.zeros(count), np.ones(count)]])
    return scale[:, None, None] * np.einsum("ijn,jkn->nik", turned, sheared), shift


def warped(images: Array, matrices: Array, shifts: Array) -> Array:
    """Draw images (N, H, H), each moved by p -> A p + b, p from -1 to 1 on either axis.

    Args:
        images: What is moved, 0 outside.
        matrices: A, (N, 2, 2).
        shifts: b, (N, 2), of x and y.
    """
    size = images.shape[1]
    centres = (2 * np.arange(size) + 1) / size - 1
    points = np.stack(np.meshgrid(centres, centres), axis=-1)  # (H, H, 2): x, y of each pixel
    inverse = np.linalg.inv(matrices)
    found = np.einsum("nij,nhwj->nhwi", inverse, points[None] - shifts[:, None, None])
    return _bilinear(images, (found + 1) * size / 2 - 0.5)


def _bilinear(images: Array, places: Array) -> Array:
    """Look images (N, H, H) up at places (N, H', W', 2), x and y in pixels; 0 outside."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    last = padded.shape[1] - 1
    places = np.clip(places + 1, 0, last)
    corner = np.minimum(places.astype(np.int64), last - 1)
    (x, y), (right, down) = np.moveaxis(corner, -1, 0), np.moveaxis(places - corner, -1, 0)
    which = np.arange(len(images))[:, None, None]
    above = (1 - right) * padded[which, y, x] + right * padded[which, y, x + 1]
    below = (1 - right) * padded[which, y + 1, x] + right * padded[which, y + 1, x + 1]
    found: Array = (1 - down) * above + down * below
    return found
