"""The 1,797 handwritten digits that come with scikit-learn: 8x8, grey, ten classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from egan.data.dataset import Dataset
from egan.data.images import fit_arrays


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:  # noqa: ARG001 - no file
    """Load the digits, 8x8 unless `image_size` says otherwise."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    samples = np.rint(digits.images * (255.0 / 16.0)).astype(np.uint8)[:, None]
    samples = fit_arrays(samples, image_size=image_size, channels=channels)
    return Dataset("digits", samples, digits.target.astype(np.int64))
