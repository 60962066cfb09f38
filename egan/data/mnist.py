"""MNIST and its kin (Fashion-MNIST, KMNIST): the training set in idx files, plain or gzipped.

An idx file is big-endian: a magic number (2051 for images, 2049 for labels), the number of items,
for images the numbers of rows and columns, then one byte for each value.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np

from egan.data.dataset import Array, Dataset
from egan.data.images import check_path, fit_arrays, refusal
from egan.memory import require

IMAGES = ("train-images-idx3-ubyte", "train-images.idx3-ubyte")
LABELS = ("train-labels-idx1-ubyte", "train-labels.idx1-ubyte")
SUBFOLDERS = ("", "raw", "MNIST/raw")
MAGIC = {1: 2049, 3: 2051}
MEND = "Download the file again."


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:
    """Load training images and labels; 28x28 becomes 32x32 by a black border of 2 pixels.

    Another `image_size` is then resized to; 28 keeps the images as they are. Without a file of
    labels the set is unlabelled.

    Raises:
        ValueError: If the files are missing or damaged.
    """
    path = check_path(path, name="mnist", folder=True)
    images_file, labels_file = _find(path, IMAGES), _find(path, LABELS)
    if images_file is None:
        raise refusal(
            path,
            got="a folder without training images",
            expected=f"{IMAGES[0]} or {IMAGES[0]}.gz",
            mend="Give the folder that holds the idx files.",
        )
    samples = read_idx(images_file, num_dimensions=3)[:, None]
    if samples.shape[2:] == (28, 28) and image_size != 28:
        samples = bordered(samples)
    samples = fit_arrays(samples, image_size=image_size, channels=channels)
    if labels_file is None:
        return Dataset("mnist", samples, notes=(f"no {LABELS[0]} in {path}: no labels",))
    labels = read_idx(labels_file, num_dimensions=1).astype(np.int64)
    if len(labels) != len(samples):
        raise refusal(
            labels_file,
            got=f"{len(labels)} labels",
            expected=f"{len(samples)}, one for each image",
            mend="Take images and labels from one download.",
        )
    return Dataset("mnist", samples, labels)


def bordered(samples: Array) -> Array:
    """Return images (N, C, H, W) with a black border of 2 pixels."""
    return np.pad(samples, ((0, 0), (0, 0), (2, 2), (2, 2)))


def read_idx(file: Path, *, num_dimensions: int) -> Array:
    """Read an idx file of bytes: an array of uint8 with 1 or 3 dimensions.

    Raises:
        ValueError: If the magic number or the length is wrong.
    """
    start = 4 * (1 + num_dimensions)
    raw = _bytes(file, start)
    header = np.frombuffer(raw, dtype=">u4", count=len(raw) // 4)
    magic = MAGIC[num_dimensions]
    if len(header) != 1 + num_dimensions or int(header[0]) != magic:
        got = f"magic number {int(header[0])}" if len(header) else f"{len(raw)} bytes"
        raise refusal(file, got=got, expected=f"an idx file with magic number {magic}", mend=MEND)
    shape = tuple(int(size) for size in header[1:])
    expected = start + int(np.prod(shape, dtype=object))
    require(expected, f"--data.path {file}: its values", mend=MEND)
    raw = _bytes(file, expected + 1)  # one more tells that there are too many
    if len(raw) != expected or 0 in shape:
        raise refusal(
            file,
            got=f"{len(raw)} bytes" if len(raw) <= expected else "more",
            expected=f"{expected} bytes for {' x '.join(map(str, shape))} values",
            mend=MEND,
        )
    return np.frombuffer(raw, dtype=np.uint8, offset=start).reshape(shape)


def _bytes(file: Path, count: int) -> bytes:
    """Return the first bytes of a file, plain or gzipped; no more, however far it would unpack."""
    try:
        with file.open("rb") as plain:
            zipped = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            return (gzip.open(plain) if zipped else plain).read(count)
    except (OSError, EOFError, zlib.error) as error:
        got = f"a file that cannot be read ({error})"
        raise refusal(file, got=got, expected="an idx file", mend=MEND) from error


def _find(path: Path, stems: tuple[str, ...]) -> Path | None:
    candidates = (
        path / subfolder / f"{stem}{suffix}"
        for subfolder in SUBFOLDERS
        for stem in stems
        for suffix in ("", ".gz")
    )
    return next((file for file in candidates if file.is_file()), None)
