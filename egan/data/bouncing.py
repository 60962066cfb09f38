"""Clips of two handwritten digits that move and bounce off the edges; what comes next is known.

After the moving digits of Srivastava et al. 2015 (arXiv 1502.04681, section 4.1.3), smaller. Two of
scikit-learn's digits, 8x8 pixels each, start anywhere, move by 1 or 2 pixels a frame along either
axis, and come back from an edge as fast as they went; where they overlap the brighter one is seen.
Test clips are of test digits only.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from egan.data import digits
from egan.data.dataset import Array, Dataset
from egan.data.images import as_channels, check_channels, check_image_size, refusal
from egan.data.splits import split

SIZE, LEAST = 32, 16
NUM_TRAIN, NUM_TEST = 2000, 500
FRAMES, OBJECTS = 9, 2
SPEEDS = (-2, -1, 1, 2)
SEED = 1511


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:
    """Draw 2,500 clips (N, 9, 1, H, W), 32x32 unless `image_size` says otherwise.

    The annotation "places" (N, 9, 2, 2) int64 is the top and left of each digit in each frame.

    Raises:
        ValueError: Digits of 8x8 pixels cannot move in images of this size.
    """
    check_channels(channels)
    check_image_size(image_size)
    size = image_size or SIZE
    if size < LEAST:
        raise refusal(
            Path("bouncing"),
            got=f"an image size of {size}",
            expected=f"{LEAST} or more, in which digits of 8x8 can move",
            mend="Leave out --data.image-size.",
        )
    source = digits.load(path=path, image_size=None, channels=None)
    rng = np.random.default_rng(SEED)
    drawn = [
        draw(split(source, "train").samples, NUM_TRAIN, rng, size=size),
        draw(split(source, "test").samples, NUM_TEST, rng, size=size),
    ]
    clips, known = (np.concatenate(both) for both in zip(*drawn, strict=True))
    flat = as_channels(clips.reshape(-1, *clips.shape[2:]), channels)
    clips = flat.reshape(*clips.shape[:2], *flat.shape[1:])
    test = np.arange(NUM_TRAIN, NUM_TRAIN + NUM_TEST)
    return Dataset("bouncing", clips, annotations={"places": known}, test=test)


def draw(images: Array, n: int, rng: np.random.Generator, *, size: int) -> tuple[Array, Array]:
    """Draw clips (n, T, 1, size, size) of images (M, 1, h, h), and the places (n, T, 2, 2)."""
    side = images.shape[-1]
    chosen = images[rng.integers(len(images), size=(n, OBJECTS)), 0]
    start = rng.integers(size - side + 1, size=(n, 1, OBJECTS, 2))
    speed = rng.choice(SPEEDS, size=(n, 1, OBJECTS, 2))
    found = bounced(start + speed * np.arange(FRAMES)[:, None, None], size - side)
    clips = np.zeros((n, FRAMES, 1, size, size), np.uint8)
    clip, frame = np.arange(n)[:, None, None], np.arange(FRAMES)[:, None]
    for one in range(OBJECTS):
        top, left = found[:, :, one, 0, None], found[:, :, one, 1, None] + np.arange(side)
        for row in range(side):
            place = (clip, frame, 0, top + row, left)
            clips[place] = np.maximum(clips[place], chosen[:, one, row][:, None])
    return clips, found


def bounced(places: Array, room: int) -> Array:
    """Fold places on an endless line into 0 to `room`, as mirrors at both ends do."""
    folded: Array = room - np.abs(places % (2 * room) - room)
    return folded
