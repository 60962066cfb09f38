"""CIFAR-10 (Krizhevsky, 2009) from its published files: the python or the binary version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from egan.data.dataset import Array, Dataset
from egan.data.images import check_path, fit_arrays, refusal
from egan.data.safe_pickle import load_arrays

SIDE = 32
PIXELS = 3 * SIDE * SIDE
RECORD = 1 + PIXELS
NUM_CLASSES = 10
STEMS = tuple(f"data_batch_{i}" for i in range(1, 6))
SUBFOLDERS = ("", "cifar-10-batches-py", "cifar-10-batches-bin")
MEND = "Unpack cifar-10-python.tar.gz or cifar-10-binary.tar.gz again, from a fresh download."


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:
    """Load the training images: data_batch_1 to data_batch_5, with or without `.bin`.

    A batch that is missing is named in the notes.

    Raises:
        ValueError: If no batch is found, or one is damaged or asks to run code.
    """
    path = check_path(path, name="cifar10", folder=True)
    files = _find(path)
    parts = [_binary(file) if file.suffix == ".bin" else _python(file) for file in files]
    samples = np.concatenate([images for images, _ in parts])
    labels = np.concatenate([classes for _, classes in parts])
    samples = fit_arrays(samples, image_size=image_size, channels=channels)
    missing = sorted(set(STEMS) - {file.stem for file in files})
    notes = (f"cifar10 without {', '.join(missing)} in {files[0].parent}",) if missing else ()
    return Dataset("cifar10", samples, labels, notes=notes)


def _find(path: Path) -> list[Path]:
    for suffix in ("", ".bin"):
        for subfolder in SUBFOLDERS:
            files = [path / subfolder / f"{stem}{suffix}" for stem in STEMS]
            found = [file for file in files if file.is_file()]
            if found:
                return found
    raise refusal(
        path,
        got="a folder without data_batch files",
        expected="data_batch_1 to data_batch_5, or the same with .bin",
        mend="Unpack cifar-10-python.tar.gz and give the folder cifar-10-batches-py.",
    )


def _python(file: Path) -> tuple[Array, Array]:
    """Read one pickled batch: images (n, 3, 32, 32) and labels (n,)."""
    try:
        batch = load_arrays(file.read_bytes())
    except (OSError, ValueError) as error:
        raise refusal(file, got=str(error), expected="a CIFAR-10 batch", mend=MEND) from error
    pixels, labels = batch.get("data"), _labels(batch.get("labels"))
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.ndim != 2:
        raise refusal(
            file, got="no array 'data' of uint8", expected="'data' of (n, 3072)", mend=MEND
        )
    if pixels.shape[1] != PIXELS or not len(pixels):
        raise refusal(file, got=f"'data' of {pixels.shape}", expected="(n, 3072)", mend=MEND)
    return _batch(file, pixels, labels)


def _labels(labels: Any) -> Array:
    try:
        return np.asarray(labels, dtype=np.int64)
    except (TypeError, ValueError, OverflowError):
        return np.empty(0, dtype=np.int64)


def _binary(file: Path) -> tuple[Array, Array]:
    """Read one batch of 3,073-byte records: a label, then red, green and blue."""
    raw = np.fromfile(file, dtype=np.uint8)
    if raw.size % RECORD or not raw.size:
        raise refusal(
            file,
            got=f"{raw.size} bytes",
            expected=f"a multiple of {RECORD} bytes (the published files have {10_000 * RECORD})",
            mend=MEND,
        )
    records = raw.reshape(-1, RECORD)
    return _batch(file, records[:, 1:], records[:, 0].astype(np.int64))


def _batch(file: Path, pixels: Array, labels: Array) -> tuple[Array, Array]:
    if labels.shape != (len(pixels),) or labels.min() < 0 or labels.max() >= NUM_CLASSES:
        raise refusal(
            file,
            got=f"labels of shape {labels.shape}"
            if labels.shape != (len(pixels),)
            else f"labels from {labels.min()} to {labels.max()}",
            expected=f"{len(pixels)} labels from 0 to 9",
            mend=MEND,
        )
    return pixels.reshape(-1, 3, SIDE, SIDE), labels
