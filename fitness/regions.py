"""How well label maps agree: whole images in which each pixel has a class.

Maps (N, H, W) are integers, classes from 0; where the true one is `IGNORED`, 255, nobody knows the
class, and what was found there counts nowhere.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fitness.arrays import Samples

Maps = NDArray[np.int64]

IGNORED = 255
TOLERANCE = 0.0075
"""Of the diagonal: how far a boundary may be off."""


def mean_iou(found: Samples, true: Samples) -> float:
    """Return the mean over classes of |a ∧ b| / |a ∨ b|, counted over all images, in [0, 1].

    Classes that are in neither are left out; 1 where all maps agree.

    Raises:
        ValueError: The maps are no integers of one shape (N, H, W).
    """
    a, b = _pair(found, true)
    known = b != IGNORED
    a, b = a[known], b[known]
    if not len(a):
        return 1.0
    count = int(max(a.max(), b.max())) + 1
    both = np.bincount(a[a == b], minlength=count)
    union = np.bincount(a, minlength=count) + np.bincount(b, minlength=count) - both
    return float((both[union > 0] / union[union > 0]).mean())


def boundary_f(found: Samples, true: Samples, *, tolerance: int | None = None) -> float:
    """Return F1 = 2 P R / (P + R) of boundary pixels, the mean over images, in [0, 1].

    A pixel is on a boundary where one of its four neighbours is of another class. P is the share of
    found ones that have a true one within the tolerance, R of true ones that have a found one. An
    image without boundaries in both has 1, in one of them 0.

    Args:
        found: Maps (N, H, W).
        true: As many.
        tolerance: How far off one may be, in pixels, along rows, columns and diagonals; by default
            .75% of the diagonal, to the nearest whole number, which is 0 for images of 32x32.

    Raises:
        ValueError: The maps are no integers of one shape (N, H, W).

    Csurka et al. 2013, "What is a good evaluation measure for semantic segmentation?".
    """
    a, b = _pair(found, true)
    reach = round(TOLERANCE * math.hypot(*a.shape[1:])) if tolerance is None else tolerance
    first, second = _boundaries(a), _boundaries(b)
    near_first, near_second = _grown(first, reach), _grown(second, reach)
    num_first, num_second = (one.sum(axis=(1, 2)) for one in (first, second))
    right = (first & near_second).sum(axis=(1, 2)) / np.maximum(num_first, 1)
    told = (second & near_first).sum(axis=(1, 2)) / np.maximum(num_second, 1)
    total = right + told
    scores = np.divide(2 * right * told, total, out=np.zeros_like(total), where=total > 0)
    scores[(num_first == 0) & (num_second == 0)] = 1.0
    return float(scores.mean())


def component_error(found: Samples, true: Samples) -> float:
    """Return how many connected parts there are too many or too few, the mean over images.

    The difference is taken class by class, and summed. Pixels touch at sides and corners.

    Raises:
        ValueError: The maps are no integers of one shape (N, H, W).
    """
    a, b = _pair(found, true)
    classes = np.setdiff1d(np.union1d(a, b), [IGNORED])
    errors = np.zeros(len(a))
    for one in classes:
        errors += np.abs(_parts(a == one) - _parts(b == one))
    return float(errors.mean())


def _parts(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how many connected parts each of masks (N, H, W) has, (N,)."""
    from scipy.ndimage import label

    touching = np.ones((3, 3), dtype=bool)
    return np.array([label(mask, touching)[1] for mask in masks], dtype=np.float64)


def _boundaries(maps: Maps) -> NDArray[np.bool_]:
    edges = np.zeros(maps.shape, dtype=bool)
    down, across = maps[:, 1:] != maps[:, :-1], maps[:, :, 1:] != maps[:, :, :-1]
    edges[:, 1:] |= down
    edges[:, :-1] |= down
    edges[:, :, 1:] |= across
    edges[:, :, :-1] |= across
    return edges


def _grown(masks: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Return pixels that have one of masks (N, H, W) within a reach."""
    from scipy.ndimage import maximum_filter

    if not reach:
        return masks
    width = 2 * reach + 1
    return np.asarray(maximum_filter(masks, size=(1, width, width), mode="constant", cval=False))


def _pair(found: Samples, true: Samples) -> tuple[Maps, Maps]:
    """Return both as int64 arrays; where the true one is not known, neither is the found one."""
    a, b = (np.asarray(one) for one in (found, true))
    whole = all(one.dtype.kind in "iu" and one.ndim == 3 and one.size for one in (a, b))
    if not whole or a.shape != b.shape:
        raise ValueError(
            f"label maps must be integers (N, H, W), both of one shape, but got {a.shape} of "
            f"{a.dtype} and {b.shape} of {b.dtype}."
        )
    a, b = a.astype(np.int64), b.astype(np.int64)
    return np.where(b == IGNORED, IGNORED, a), b
