"""The 1,797 handwritten digits that come with scikit-learn: 8x8, grey, ten classes.

Alpaydin and Kaynak 1998, the test part of the UCI set. 500 of them are kept for tests.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from egan.data.dataset import Dataset
from egan.data.images import fit_arrays
from egan.data.splits import held_out

NUM_TEST = 500


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:  # noqa: ARG001 - no file
    """Load the digits, 8x8 unless `image_size` says otherwise."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    samples = np.rint(digits.images * (255.0 / 16.0)).astype(np.uint8)[:, None]
    samples = fit_arrays(samples, image_size=image_size, channels=channels)
    labels = digits.target.astype(np.int64)
    test = held_out(labels, len(labels), num_test=NUM_TEST)
    return Dataset("digits", samples, labels, test=test)
