"""Squares of the two photographs that come with scikit-learn: one to learn from, one for tests.

china.jpg (by danielbuechele) and flower.jpg (by vultilion), both from flickr.com under CC BY 2.0,
427x640 pixels in colour, are cut into squares that do not overlap. Those of the flower are kept for
tests, so that what was learned is judged on another photograph, by another hand.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from egan.data.dataset import Array, Dataset
from egan.data.images import as_channels, check_channels, check_image_size, refusal

NAMES = ("china.jpg", "flower.jpg")
DEFAULT_SIZE = 32


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:  # noqa: ARG001 - a package's
    """Cut squares of 32x32 pixels, unless `image_size` says otherwise.

    Raises:
        ValueError: Squares of this size do not fit twice into a photograph.
    """
    from sklearn.datasets import load_sample_image

    check_channels(channels)
    check_image_size(image_size)
    parts = [squares(load_sample_image(name), image_size or DEFAULT_SIZE) for name in NAMES]
    known, test = (len(part) for part in parts)
    if min(known, test) < 2:
        raise refusal(
            Path(NAMES[0]),
            got=f"an image size of {image_size}",
            expected="squares that fit twice into 427x640 pixels",
            mend="Give a smaller --data.image-size, such as 32.",
        )
    kept = np.arange(known, known + test)
    return Dataset("photographs", as_channels(np.concatenate(parts), channels), test=kept)


def squares(photograph: Array, size: int) -> Array:
    """Cut a photograph (H, W, 3) into squares (N, 3, size, size), row by row from the middle."""
    height, width = (side // size for side in photograph.shape[:2])
    top, left = (
        (side - count * size) // 2
        for side, count in zip(photograph.shape[:2], (height, width), strict=True)
    )
    whole = photograph[top : top + height * size, left : left + width * size]
    cut = whole.reshape(height, size, width, size, 3).transpose(0, 2, 4, 1, 3)
    return np.ascontiguousarray(cut.reshape(height * width, 3, size, size))
