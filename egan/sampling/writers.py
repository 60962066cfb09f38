"""Where samples go: a folder of files, an archive of arrays, a table of numbers, a text, or a film.

All are written under another name and take their own at the end, so that nobody finds half of one.
"""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from egan.data.kinds import Images, Points, Tokens
from egan.files import check_free
from egan.memory import in_bytes
from egan.sampling.arrays import archive, lines, table
from egan.sampling.films import MOST_FILMED, film
from egan.sampling.folders import FOLDERS, png_folder
from egan.sampling.lot import Lot, Write

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

OTHERS = (
    ".csv",
    ".gif",
    ".gz",
    ".jpeg",
    ".jpg",
    ".mid",
    ".npy",
    ".npz",
    ".png",
    ".pt",
    ".tar",
    ".zip",
)
"""Suffixes that no folder of pictures has."""


def writer(output: Path, lot: Lot) -> AbstractContextManager[Write]:
    """Return the context in which samples are written, block by block.

    Args:
        output: A folder, or a file that ends in .npz, .csv, .txt or .gif; it must not be there yet.
        lot: What is going to be written.

    Raises:
        ValueError: There is something already, or these samples cannot be written so.
    """
    folder = next((its for kind, its in FOLDERS.items() if isinstance(lot.kind, kind)), png_folder)
    write = WRITERS.get(output.suffix.lower(), folder)
    if write is folder and output.suffix.lower() in OTHERS:
        raise ValueError(
            f"--output must be a folder, or end in .npz, .csv, .txt or .gif, but got {output}."
        )
    if write is png_folder and not isinstance(lot.kind, Images):
        raise ValueError(f"{lot.kind.name} are no pictures; give --output NAME.npz, not {output}.")
    for which, kind, what in ((lines, Tokens, "a text"), (table, Points, "a table")):
        if write is which and not isinstance(lot.kind, kind):
            raise ValueError(
                f"{what} holds {kind.name}, but these are {lot.kind.name}; give --output NAME.npz, "
                f"not {output}."
            )
    if write is film and (lot.film is None or lot.count > MOST_FILMED):
        raise ValueError(
            f"a film shows {MOST_FILMED} samples at most, but got {lot.count}; give --count 3."
        )
    check_free(output)
    _check_disk(output, lot)
    return write(output, lot)


def _check_disk(output: Path, lot: Lot) -> None:
    """See that there is room for so many samples, a byte or more of each."""
    dtype = np.dtype(np.int64 if lot.kind.dtype is np.integer else lot.kind.dtype)
    size = math.prod(lot.shape) * dtype.itemsize if output.suffix.lower() == ".npz" else 1
    there = next((one for one in output.parents if one.is_dir()), None)
    free = math.inf if there is None else shutil.disk_usage(there).free
    if lot.count * size > free:
        raise ValueError(
            f"--count {lot.count} takes {in_bytes(lot.count * size)} or more, but {there} has "
            f"{in_bytes(free)} free; give a smaller one."
        )


WRITERS = {".npz": archive, ".csv": table, ".txt": lines, ".gif": film}
