"""Samples in one file of numbers or of text: an archive of arrays, a table, lines."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from egan.data.kind import Kind
from egan.data.kinds import Images
from egan.data.spelling import texts
from egan.files import atomic
from egan.sampling.lot import Lot, Write

if TYPE_CHECKING:
    from egan.data.dataset import Array
    from egan.tasks import Batch


@contextmanager
def archive(output: Path, lot: Lot) -> Iterator[Write]:
    """Write a .npz file: "images" (N, H, W, C) of bytes or "samples", "labels" and other codes."""
    output.parent.mkdir(parents=True, exist_ok=True)
    images = isinstance(lot.kind, Images)
    shape = (*lot.shape[1:], lot.shape[0]) if images else lot.shape
    labels: list[Array] = []
    codes: dict[str, list[Array]] = {name: [] for name in lot.codes}
    with atomic(output) as temporary, zipfile.ZipFile(temporary, "w") as file:
        with _member(file, "images" if images else "samples") as stream:
            _write_head(stream, (lot.count, *shape), lot.kind)

            def write(made: Batch) -> None:
                stored = lot.kind.encode(made.samples)
                stored = stored.transpose(0, 2, 3, 1) if images else stored
                stream.write(np.ascontiguousarray(stored).tobytes())
                if lot.labelled:
                    labels.append(made.labels.numpy())
                for name, known in codes.items():
                    known.append(made.codes[name].numpy())

            yield write
        for name, known in codes.items():
            _write_array(file, name, np.concatenate(known))
        if labels:
            _write_array(file, "labels", np.concatenate(labels))
            _write_array(file, "class_names", np.array(lot.classes))
        if lot.spelling is not None:
            _write_array(file, "words", np.array(lot.spelling.words))


def _member(file: zipfile.ZipFile, name: str) -> IO[bytes]:
    return file.open(f"{name}.npy", "w", force_zip64=True)


def _write_head(stream: IO[bytes], shape: tuple[int, ...], kind: Kind) -> None:
    """Write what an array of so many samples begins with, before there are any."""
    dtype = np.dtype(np.int64 if kind.dtype is np.integer else kind.dtype)
    descr = np.lib.format.dtype_to_descr(dtype)
    head = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, head)


def _write_array(file: zipfile.ZipFile, name: str, array: Array) -> None:
    with _member(file, name) as stream:
        np.lib.format.write_array(stream, array, allow_pickle=False)


@contextmanager
def table(output: Path, lot: Lot) -> Iterator[Write]:
    """Write a .csv file: a column for each coordinate, with all of its digits."""
    output.parent.mkdir(parents=True, exist_ok=True)
    names = ("x", "y", "z")[: lot.shape[0]] if lot.shape[0] <= 3 else range(lot.shape[0])
    with atomic(output) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        yield _rows(stream, [str(name) for name in names], lot)


def _rows(stream: TextIOWrapper, names: Sequence[str], lot: Lot) -> Write:
    lines = csv.writer(stream, lineterminator="\n")
    lines.writerow([*names, *(["label"] if lot.labelled else [])])

    def write(made: Batch) -> None:
        for i, point in enumerate(lot.kind.encode(made.samples)):
            label = [lot.classes[int(made.labels[i])]] if lot.labelled else []
            lines.writerow([*(f"{value:.9g}" for value in point), *label])

    return write


@contextmanager
def lines(output: Path, lot: Lot) -> Iterator[Write]:
    """Write a .txt file: a line for each sequence, of its words or of its tokens' numbers."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with atomic(output) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:

        def write(made: Batch) -> None:
            stream.writelines(f"{text}\n" for text in texts(made.samples, lot.spelling))

        yield write
