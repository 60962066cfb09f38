"""Rendered shapes, of which everything is known: shape, colour, size, place, and every pixel.

`shapes` has one on each image, `scenes` up to two, red on the left and blue on the right. They are
drawn from a fixed seed when they are loaded, at the size that is asked for. Coordinates run from
-1 to 1 in both directions, x to the right and y downwards.

`egan.judging.attributes` reads the attributes off an image again, also off a generated one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from egan.data.dataset import Array, Dataset
from egan.data.images import as_channels, check_channels, check_image_size

SHAPES = ("circle", "square", "triangle", "cross")
COLOURS = ("red", "green", "blue", "yellow")
SIZES = ("small", "large")
PLACES = ("centre", "left", "right", "top", "bottom")
ATTRIBUTES = {"shape": SHAPES, "colour": COLOURS, "size": SIZES, "place": PLACES}

PALETTE = np.array([(0.9, 0.15, 0.15), (0.15, 0.8, 0.2), (0.2, 0.3, 0.9), (0.9, 0.85, 0.15)])
RADII = np.array([0.28, 0.5])
ANCHORS = np.array([(0.0, 0.0), (-0.45, 0.0), (0.45, 0.0), (0.0, -0.45), (0.0, 0.45)])
SCENE_COLOURS = ("red", "blue")

COUNT = 5000
IMAGE_SIZE = 16
SEED, SCENES_SEED, DETAILS_SEED = 1812, 1811, 1612
SUBPIXELS = 4
CHUNK = 500

SQUARE = 0.85
"""Half the side of a square, in radii."""
ARM = 0.35
"""Half the width of a cross's arm, in radii."""
DETAILS = ("plain", "hole", "border")
HOLE, BORDER = (DETAILS.index(name) for name in ("hole", "border"))
PIXEL = 1 / 16
"""A pixel of an image of 32x32: half as wide as a hole, as wide as a border."""
WHITE = 0.95
"""A border's red, green and blue."""


class Things(NamedTuple):
    """One shape on each of N images.

    Attributes:
        shape: (N,) indices into `SHAPES`.
        radii: (N,) of the circle around it; nothing is there where it is 0.
        centres: (N, 2) places, x and y.
        colour: (N,) indices into `COLOURS`.
        detail: (N,) indices into `DETAILS`; all are plain where there is none.
    """

    shape: Array
    radii: Array
    centres: Array
    colour: Array
    detail: Array | None = None

    def rows(self, rows: slice) -> Things:
        """Return those of some images."""
        return Things(*(None if values is None else values[rows] for values in self))  # type: ignore[arg-type]


def load(
    *,
    path: Path | None,  # noqa: ARG001 - no file
    image_size: int | None,
    channels: int | None,
    details: bool = False,
) -> Dataset:
    """Draw images of one shape, 16x16 unless `image_size` says otherwise.

    The labels are `4 * shape + colour`, 16 classes. The annotations are `shape`, `colour`, `size`
    and `place` (N,) int64, indices into `ATTRIBUTES`, and `segmentation` (N, H, W) uint8: 0 for the
    background, 1 + colour where the shape covers more than half a pixel.

    With `details` a third of the large shapes has a hole in the middle, 2 pixels wide at 32x32, and
    a third of all a white border of 1 pixel: the annotation `detail` (N,), an index into `DETAILS`.
    All else is as without.
    """
    size = _checked(image_size, channels)
    rng = np.random.default_rng(SEED)
    known = {name: rng.integers(len(values), size=COUNT) for name, values in ATTRIBUTES.items()}
    radii = RADII[known["size"]] * rng.uniform(0.9, 1.1, size=COUNT)
    centres = ANCHORS[known["place"]] + rng.uniform(-0.1, 0.1, size=(COUNT, 2))
    room = 1.0 - radii[:, None]  # a large one near the border is kept inside
    things = Things(known["shape"], radii, np.clip(centres, -room, room), known["colour"])
    if details:
        own = np.random.default_rng(DETAILS_SEED)  # what else is drawn stays the same
        detail = own.integers(len(DETAILS), size=COUNT)
        small = known["size"] == SIZES.index("small")
        known["detail"] = np.where(small & (detail == HOLE), DETAILS.index("plain"), detail)
        things = things._replace(detail=known["detail"])
    images, segments = _render([things], size, rng)
    labels = len(COLOURS) * known["shape"] + known["colour"]
    known["segmentation"] = segments
    return Dataset("shapes", as_channels(images, channels), labels, annotations=known)


def load_scenes(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:  # noqa: ARG001 - no file
    """Draw scenes of two shapes, each there in half of them, independently of the other.

    A red one lies in the left half of the image and a blue one in the right. The labels are
    `red + 2 * blue`. The annotations are `presence` (N, 2) bool and `segmentation` as in `load`.
    """
    size = _checked(image_size, channels)
    rng = np.random.default_rng(SCENES_SEED)
    presence = rng.random((COUNT, 2)) < 0.5
    left, right = (_one_side(presence[:, side], side, rng) for side in range(2))
    images, segments = _render([left, right], size, rng)
    known = {"presence": presence, "segmentation": segments}
    labels = presence @ np.array([1, 2])
    return Dataset("scenes", as_channels(images, channels), labels, annotations=known)


def _one_side(present: Array, side: int, rng: np.random.Generator) -> Things:
    """Draw the shapes of the left (0) or the right half (1) of scenes."""
    radii = rng.uniform(0.28, 0.45, size=COUNT)
    across = rng.uniform(radii, 1.0 - radii) * (2 * side - 1)
    along = rng.uniform(radii - 1.0, 1.0 - radii)
    return Things(
        shape=rng.integers(len(SHAPES), size=COUNT),
        radii=radii * present,
        centres=np.stack([across, along], axis=1),
        colour=np.full(COUNT, COLOURS.index(SCENE_COLOURS[side])),
    )


def _checked(image_size: int | None, channels: int | None) -> int:
    check_channels(channels)
    check_image_size(image_size)
    return image_size or IMAGE_SIZE


def coverage(
    shape: Array, radii: Array, centres: Array, *, image_size: int, subpixels: int = SUBPIXELS
) -> Array:
    """Return the share of each pixel that a shape covers, (N, H, W) in [0, 1].

    A shape of radius 0 covers nothing.

    Args:
        shape: (N,) indices into `SHAPES`.
        radii: (N,) radii of the circle around a triangle's or cross's ends; a circle's own.
        centres: (N, 2) places, x and y.
        image_size: Height and width in pixels.
        subpixels: Points that are looked at in a pixel, along each side of it.
    """
    side = image_size * subpixels
    grid = (np.arange(side) + 0.5) * (2.0 / side) - 1.0
    scale = 1.0 / np.maximum(radii, 1e-9)[:, None]
    x = ((grid - centres[:, :1]) * scale)[:, None, :]
    y = ((grid - centres[:, 1:]) * scale)[:, :, None]
    inside = np.empty((len(shape), side, side), dtype=bool)
    for index, contains in enumerate((_circle, _square, _triangle, _cross)):
        chosen = shape == index
        inside[chosen] = contains(x[chosen], y[chosen])
    blocks = inside.reshape(len(shape), image_size, subpixels, image_size, subpixels)
    return np.asarray(blocks.mean(axis=(2, 4), dtype=np.float64))


def _covered(one: Things, size: int) -> tuple[Array, Array]:
    """Return the share of each pixel (N, H, W) that things cover, and their borders alone."""
    share = coverage(one.shape, one.radii, one.centres, image_size=size)
    edge = np.zeros_like(share)
    if one.detail is not None:
        hole, border = one.detail == HOLE, one.detail == BORDER
        circle = np.full(hole.sum(), SHAPES.index("circle"))
        narrow = np.full(hole.sum(), PIXEL)
        share[hole] -= coverage(circle, narrow, one.centres[hole], image_size=size)
        inner = one.radii[border] - PIXEL
        inside = coverage(one.shape[border], inner, one.centres[border], image_size=size)
        edge[border] = share[border] - inside
    return np.clip(share, 0.0, 1.0), np.clip(edge, 0.0, 1.0)


def _circle(x: Array, y: Array) -> Array:
    return np.asarray(x**2 + y**2 < 1)


def _square(x: Array, y: Array) -> Array:
    return np.asarray((np.abs(x) < SQUARE) & (np.abs(y) < SQUARE))


def _triangle(x: Array, y: Array) -> Array:
    """Point upwards, all sides equal."""
    return np.asarray((y < 0.5) & (np.sqrt(3.0) * np.abs(x) - y < 1))


def _cross(x: Array, y: Array) -> Array:
    x, y = np.abs(x), np.abs(y)
    return np.asarray(((x < ARM) & (y < 1)) | ((y < ARM) & (x < 1)))


def _render(things: Sequence[Things], size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Paint the things in their order: images (N, 3, H, W) uint8 and their segmentation."""
    starts = range(0, len(things[0].shape), CHUNK)
    parts = [[one.rows(slice(start, start + CHUNK)) for one in things] for start in starts]
    painted = [_paint(part, size, rng) for part in parts]
    images, segments = (np.concatenate(both) for both in zip(*painted, strict=True))
    return images, segments


def _paint(things: Sequence[Things], size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    count = len(things[0].shape)
    images = rng.uniform(0.1, 0.3, size=(count, 1, 1, 1))
    images = images + 0.02 * rng.standard_normal((count, 3, size, size))
    segments = np.zeros((count, size, size), dtype=np.uint8)
    for one in things:
        paint = PALETTE[one.colour] + rng.uniform(-0.05, 0.05, size=(count, 3))
        share, edge = _covered(one, size)
        images += share[:, None] * (paint[:, :, None, None] - images)
        images += edge[:, None] * (WHITE - images)
        segments = np.where(share > 0.5, 1 + one.colour[:, None, None], segments)
    pixels = np.rint(np.clip(images, 0.0, 1.0) * 255.0)
    return pixels.astype(np.uint8), segments.astype(np.uint8)
