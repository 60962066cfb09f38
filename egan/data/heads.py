"""Rendered heads, each seen from eleven sides, of which everything is known.

A head is an ellipsoid with semi-axes a, b, c whose front is a face: a texture t(u, v) of smooth
blobs, two eyes, a nose and a mouth, on which every point has coordinates u, v in [-1, 1]:

    u = atan2(X / a, Z / c) / (π / 2),    v = asin(Y / b) / (π / 2)

It is turned by the yaw θ and seen from far away: the pixel at (x, y) shows the nearer root z of

    ((x cos θ − z sin θ) / a)² + (y / b)² + ((x sin θ + z cos θ) / c)² = 1

Where |u| <= 1 it shows the face, elsewhere hair, and black beside the head. Coordinates run from -1
to 1, x to the right; landmarks have y downwards, as images do. Heads are drawn from a fixed seed
when they are loaded, at the size that is asked for. A person is kept for tests whole, in all views.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from egan.data.dataset import FIELD, IDENTITY, LANDMARKS, VISIBLE, YAW, Array, Dataset
from egan.data.images import as_channels, check_channels, check_image_size

COUNT = 200
"""How many persons there are."""
YAWS = tuple(range(-75, 76, 15))
"""In degrees; a positive one turns the nose to the right of the image."""
IMAGE_SIZE, TEXTURE_SIZE, SUBPIXELS = 32, 64, 2
SEED = 1704
HAIR, STEEPNESS, WAVES = 0.1, 40.0, 6
NOSE_AT = (0.0, -0.05)
CHUNK = 200


class Heads(NamedTuple):
    """Shapes and faces of K persons.

    Attributes:
        axes: (K, 3) semi-axes a, b, c.
        texture: (K, T, T) the face in [0, 1], rows by v and columns by u, both from -1 to 1.
        marks: (K, 5, 2) u and v of both eyes, the nose and both corners of the mouth.
    """

    axes: Array
    texture: Array
    marks: Array


class Rays(NamedTuple):
    """Where the rays of N views meet their heads.

    Attributes:
        u: (N, H, W), beyond [-1, 1] on hair.
        v: (N, H, W).
        hit: (N, H, W) bool, whether there is a head.
    """

    u: Array
    v: Array
    hit: Array


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:  # noqa: ARG001 - no file
    """Render all heads from all sides, grey; `channels` and `image_size` say otherwise.

    The annotations are `identity` (N,), `yaw` (N,) in degrees, `landmarks` (N, 5, 2), x and y in
    [-1, 1] of both eyes, the nose and both corners of the mouth, `visible` (N, 5), whether they
    are on the near side, and `field` (N, 3, H, W): u and v of the middle of each pixel, and
    whether it shows the face.
    """
    check_channels(channels)
    check_image_size(image_size)
    size = image_size or IMAGE_SIZE
    heads = draw(COUNT, np.random.default_rng(SEED))
    identity = np.repeat(np.arange(COUNT), len(YAWS))
    yaw = np.tile(np.array(YAWS, dtype=np.float32), COUNT)
    images, fields = rendered(heads, identity, yaw, image_size=size)
    marks, visible = projected(heads, identity, yaw)
    known: dict[str, Array] = {
        IDENTITY: identity,
        YAW: yaw,
        LANDMARKS: marks,
        VISIBLE: visible,
        FIELD: fields,
    }
    return Dataset("heads", as_channels(images, channels), annotations=known)


def draw(count: int, rng: np.random.Generator) -> Heads:
    """Draw the shapes and faces of `count` persons."""
    axes = rng.uniform((0.62, 0.85, 0.75), (0.72, 0.93, 0.85), size=(count, 3))
    grid = (np.arange(TEXTURE_SIZE) + 0.5) * (2.0 / TEXTURE_SIZE) - 1.0
    rates, phases = (
        rng.uniform(1, 4, (2, count, WAVES, 1)),
        rng.uniform(0, 2 * np.pi, (2, count, WAVES, 1)),
    )
    across, along = np.cos(3.0 * rates * grid + phases)
    heights = rng.uniform(0.04, 0.09, (count, WAVES))
    tone = rng.uniform(0.45, 0.70, (count, 1, 1))
    texture = tone + np.einsum("kw,kwv,kwu->kvu", heights, along, across)
    marks = _marks(count, rng)
    eyes = rng.uniform(0.10, 0.15, count)
    for side in (0, 1):
        texture -= 0.4 * _disc(grid, marks[:, side], eyes)
    texture += 0.15 * _disc(grid, marks[:, 2], np.full(count, 0.09))
    texture -= 0.4 * _bar(grid, marks[:, 3], marks[:, 4])
    return Heads(axes, np.clip(texture, 0.0, 1.0).astype(np.float32), marks)


def _marks(count: int, rng: np.random.Generator) -> Array:
    """Draw u and v of the landmarks (K, 5, 2)."""
    eye, mouth = rng.uniform(0.30, 0.42, count), rng.uniform(0.14, 0.28, count)
    eyes_at, mouth_at = rng.uniform(0.20, 0.35, count), rng.uniform(-0.50, -0.36, count)
    askew = rng.uniform(-0.05, 0.05, (2, count))
    u = (
        askew[0] - eye,
        askew[0] + eye,
        np.full(count, NOSE_AT[0]),
        askew[1] - mouth,
        askew[1] + mouth,
    )
    v = (eyes_at, eyes_at, np.full(count, NOSE_AT[1]), mouth_at, mouth_at)
    return np.stack([np.stack(u, axis=1), np.stack(v, axis=1)], axis=2)


def _soft(inside: Array) -> Array:
    """Return a logistic edge: 1 where `inside` is well above 0."""
    return np.asarray(1.0 / (1.0 + np.exp(-STEEPNESS * inside)))


def _disc(grid: Array, at: Array, radius: Array) -> Array:
    """Return soft discs (K, T, T) at (K, 2) of radii (K,)."""
    u, v = (grid - at[:, axis : axis + 1] for axis in (0, 1))
    return _soft(radius[:, None, None] - np.hypot(u[:, None, :], v[:, :, None]))


def _bar(grid: Array, left: Array, right: Array) -> Array:
    """Return soft level bars (K, T, T) from (K, 2) to (K, 2)."""
    u = np.minimum(grid - left[:, :1], right[:, :1] - grid)
    v = 0.05 - np.abs(grid - left[:, 1:])
    return _soft(np.minimum(u[:, None, :], v[:, :, None]))


def rays(axes: Array, yaw: Array, *, image_size: int) -> Rays:
    """Return where the rays through the middles of pixels meet heads.

    Args:
        axes: (N, 3) semi-axes.
        yaw: (N,) in degrees.
        image_size: Height and width in pixels.
    """
    middle = ((np.arange(image_size) + 0.5) * (2.0 / image_size) - 1.0).astype(np.float32)
    a, b, c = (axes[:, i, None].astype(np.float32) for i in range(3))
    angle = np.deg2rad(yaw)[:, None]
    cos, sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    square = (sin / a) ** 2 + (cos / c) ** 2
    linear = middle * (sin * cos * (1.0 / c**2 - 1.0 / a**2))
    rest = (middle**2 * ((cos / a) ** 2 + (sin / c) ** 2))[:, None, :]
    height = (-middle / b)[:, :, None]
    root = (linear**2)[:, None, :] - square[:, :, None] * (rest + height**2 - 1.0)
    hit = root > 0
    which, _, column = np.nonzero(hit)
    z = (np.sqrt(root[hit]) - linear[which, column]) / square[which, 0]
    x, cos, sin = middle[column], cos[which, 0], sin[which, 0]
    u, v = np.zeros((2, *hit.shape), np.float32)
    u[hit] = np.arctan2((x * cos - z * sin) / a[which, 0], (x * sin + z * cos) / c[which, 0])
    v[:] = np.arcsin(np.clip(height, -1.0, 1.0))
    return Rays(u * np.float32(2 / np.pi), v * hit * np.float32(2 / np.pi), hit)


def rendered(heads: Heads, identity: Array, yaw: Array, *, image_size: int) -> tuple[Array, Array]:
    """Render persons (N,) at yaws (N,): images (N, 1, H, W) uint8 and fields (N, 3, H, W)."""
    images = np.empty((len(yaw), 1, image_size, image_size), np.uint8)
    fields = np.empty((len(yaw), 3, image_size, image_size), np.float16)
    for start in range(0, len(yaw), CHUNK):
        rows = slice(start, start + CHUNK)
        axes = heads.axes[identity[rows]]
        fine = rays(axes, yaw[rows], image_size=SUBPIXELS * image_size)
        shown = seen(heads.texture, identity[rows], fine)
        blocks = shown.reshape(-1, image_size, SUBPIXELS, image_size, SUBPIXELS)
        images[rows, 0] = np.rint(255.0 * blocks.mean(axis=(2, 4)))
        coarse = rays(axes, yaw[rows], image_size=image_size)
        fields[rows] = np.stack([coarse.u, coarse.v, coarse.hit & (np.abs(coarse.u) <= 1)], axis=1)
    return images, fields


def seen(texture: Array, identity: Array, found: Rays) -> Array:
    """Return what rays see, (N, H, W) in [0, 1]: faces between the texture's points, and hair."""
    shown = np.where(found.hit, np.float32(HAIR), np.float32(0.0))
    face = found.hit & (np.abs(found.u) <= 1)
    which = identity[np.nonzero(face)[0]]
    column, right = _between(found.u[face])
    row, down = _between(found.v[face])
    # one flat index: four gathers from it are twice as fast as by three
    flat, corner = texture.ravel(), (which * TEXTURE_SIZE + row) * TEXTURE_SIZE + column
    upper = flat[corner] * (1 - right) + flat[corner + 1] * right
    corner += TEXTURE_SIZE
    lower = flat[corner] * (1 - right) + flat[corner + 1] * right
    shown[face] = upper * (1 - down) + lower * down
    return shown


def _between(at: Array) -> tuple[Array, Array]:
    """Return the texture's point before each coordinate, and how far it is on to the next."""
    place = np.clip((at + 1) * (TEXTURE_SIZE / 2) - 0.5, 0.0, TEXTURE_SIZE - 1.001)
    before = place.astype(np.int64)
    return before, (place - before).astype(np.float32)


def projected(heads: Heads, identity: Array, yaw: Array) -> tuple[Array, Array]:
    """Return where landmarks are seen (N, 5, 2), and whether they are on the near side (N, 5)."""
    a, b, c = (heads.axes[identity, i, None] for i in range(3))
    u, v = np.moveaxis(heads.marks[identity], 2, 0) * (np.pi / 2)
    x, y, z = a * np.cos(v) * np.sin(u), b * np.sin(v), c * np.cos(v) * np.cos(u)
    cos, sin = np.cos(np.deg2rad(yaw))[:, None], np.sin(np.deg2rad(yaw))[:, None]
    return np.stack([x * cos + z * sin, -y], axis=2).astype(np.float32), _near(x, z, a, c, yaw)


def shown(heads: Heads, identity: Array, yaw: Array, *, size: int) -> Array:
    """Return which points (N, S, S) of the faces of persons (N,) yaws (N,) show, bool.

    A point is on the near side; its place is as in `Heads.texture`, of S points.
    """
    a, c = heads.axes[identity, 0, None, None], heads.axes[identity, 2, None, None]
    middle = (((np.arange(size) + 0.5) * (2.0 / size)) - 1.0) * (np.pi / 2)
    u, v = middle[None, None, :], middle[None, :, None]
    x, z = a * np.cos(v) * np.sin(u), c * np.cos(v) * np.cos(u)
    return _near(x, z, a, c, yaw[:, None])


def _near(x: Array, z: Array, a: Array, c: Array, yaw: Array) -> Array:
    """Return whether points (N, ...) of ellipsoids are on the near side at yaws (N,)."""
    cos, sin = np.cos(np.deg2rad(yaw))[:, None], np.sin(np.deg2rad(yaw))[:, None]
    return np.asarray(cos * z / c**2 - sin * x / a**2 > 0)
