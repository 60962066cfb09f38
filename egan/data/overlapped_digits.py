"""Two digits of different classes, one over the other on a 12x12 canvas; which two are they?

The task of Sabour et al., "Dynamic routing between capsules", arXiv 1710.09829, section 6, at the
size of scikit-learn's digits: each of two 8x8 digits is shifted by 0 to 4 pixels along each axis,
and their sum is clipped at white. Test images are made of test digits only.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from egan.data import digits
from egan.data.dataset import Array, Dataset
from egan.data.images import as_channels, check_channels, check_image_size, fit_arrays
from egan.data.splits import split

CANVAS = 12
NUM_TRAIN, NUM_TEST = 20_000, 4_000
SEED = 1710


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:
    """Draw the pairs, 12x12 unless `image_size` says otherwise.

    The data set has no `labels`, since an image has two classes. Its annotations:

    - `classes` (N, 10) float32, two-hot;
    - `parts` (N, 2, C, H, W) uint8, each digit alone on the canvas, in the order of `digits`;
    - `digits` (N, 2) int64, their classes.
    """
    check_channels(channels)
    check_image_size(image_size)
    source = digits.load(path=path, image_size=None, channels=None)
    rng = np.random.default_rng(SEED)
    drawn = [
        draw(split(source, "train"), NUM_TRAIN, rng),
        draw(split(source, "test"), NUM_TEST, rng),
    ]
    parts, labels = (np.concatenate(both) for both in zip(*drawn, strict=True))
    samples = overlap(parts)
    if image_size is not None or channels == 3:
        samples = _fitted(samples, image_size, channels)
        whole = _fitted(parts.reshape(-1, 1, CANVAS, CANVAS), image_size, channels)
        parts = whole.reshape(len(samples), 2, *samples.shape[1:])
    known = {"classes": two_hot(labels, source.num_classes), "parts": parts, "digits": labels}
    test = np.arange(NUM_TRAIN, NUM_TRAIN + NUM_TEST)
    return Dataset("overlapped_digits", samples, annotations=known, test=test)


def _fitted(images: Array, image_size: int | None, channels: int | None) -> Array:
    if image_size is not None:
        images = fit_arrays(images, image_size=image_size, channels=None)
    return as_channels(images, channels)


def draw(source: Dataset, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw pairs of different classes: parts (n, 2, 1, 12, 12) uint8 and classes (n, 2) int64."""
    assert source.labels is not None
    first = rng.integers(len(source), size=n)
    second = rng.integers(len(source), size=n)
    while (same := source.labels[first] == source.labels[second]).any():
        second[same] = rng.integers(len(source), size=int(same.sum()))
    pairs = np.stack([first, second], axis=1)
    images = source.samples[pairs, 0]
    size = images.shape[-1]
    parts = np.zeros((n, 2, 1, CANVAS, CANVAS), dtype=np.uint8)
    top, left = rng.integers(CANVAS - size + 1, size=(2, n, 2))
    for row in range(size):
        for column in range(size):
            at = (np.arange(n)[:, None], np.arange(2), 0, top + row, left + column)
            parts[at] = images[:, :, row, column]
    return parts, source.labels[pairs]


def overlap(parts: Array) -> Array:
    """Lay parts (N, 2, C, H, W) over each other: their sum, clipped at 255, (N, C, H, W) uint8."""
    result: Array = np.minimum(parts.sum(axis=1, dtype=np.uint16), 255).astype(np.uint8)
    return result


def two_hot(labels: Array, num_classes: int) -> Array:
    """Turn classes (N, 2) into (N, K) float32 with two ones in each row."""
    result = np.zeros((len(labels), num_classes), dtype=np.float32)
    np.put_along_axis(result, labels, 1.0, axis=1)
    return result
