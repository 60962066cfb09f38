"""How well pixel masks agree: of a generator's units with object classes, for instance.

Masks are booleans, one mask per row: the P pixels of all images, flattened. All pairs of a row of
the one and a row of the other are scored at once.

Bau et al. 2018, "GAN dissection: visualizing and understanding generative adversarial networks",
arXiv 1811.10597.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fitness.arrays import Array, Samples, row_blocks


def intersection_over_union(first: Samples, second: Samples) -> Array:
    """Return |a ∧ b| / |a ∨ b| for all pairs of masks (U, P) and (C, P), as (U, C) in [0, 1].

    1 for equal masks, and 0 where nothing is in common, or both are empty.

    Raises:
        ValueError: if the masks are no booleans in rows of equally many pixels.
    """
    both_UC, first_U, second_C, _ = _counts(first, second)
    union_UC = first_U[:, None] + second_C - both_UC
    return np.divide(both_UC, union_UC, out=np.zeros_like(both_UC), where=union_UC > 0)


def paired_iou(found: Samples, true: Samples) -> float:
    """Return E[|a ∧ b| / |a ∨ b|] over masks (N, P), each beside its own true one; in [0, 1].

    1 where both are empty.

    Raises:
        ValueError: if the masks are no booleans in rows, or not as many of as many pixels.
    """
    a_NP, b_NP = _as_masks(found, "found"), _as_masks(true, "true")
    if a_NP.shape != b_NP.shape:
        raise ValueError(
            f"found and true must be masks of one shape (N, P), but got {a_NP.shape} and "
            f"{b_NP.shape}."
        )
    both_N, union_N = (one.sum(axis=1).astype(np.float64) for one in (a_NP & b_NP, a_NP | b_NP))
    return float(np.divide(both_N, union_N, out=np.ones_like(both_N), where=union_N > 0).mean())


def information_quality_ratio(first: Samples, second: Samples) -> Array:
    """Return I(a; b) / H(a, b) of the pixels of masks (U, P) and (C, P), as (U, C) in [0, 1].

    Mutual information over joint entropy: 1 where either mask tells the other (also where it is the
    other's complement), 0 where they are independent, or both constant. A unit's threshold is
    chosen where it is largest.

    Raises:
        ValueError: if the masks are no booleans in rows of equally many pixels.
    """
    both_UC, first_U, second_C, num_pixels = _counts(first, second)
    only_first_UC, only_second_UC = first_U[:, None] - both_UC, second_C - both_UC
    neither_UC = num_pixels - both_UC - only_first_UC - only_second_UC
    joint = _entropy(np.stack([both_UC, only_first_UC, only_second_UC, neither_UC]) / num_pixels)
    entropy_U = _entropy(np.stack([first_U, num_pixels - first_U]) / num_pixels)
    entropy_C = _entropy(np.stack([second_C, num_pixels - second_C]) / num_pixels)
    shared_UC = np.maximum(entropy_U[:, None] + entropy_C - joint, 0)  # rounding goes below 0
    return np.divide(shared_UC, joint, out=np.zeros_like(joint), where=joint > 0)


def _counts(first: Samples, second: Samples) -> tuple[Array, Array, Array, int]:
    """Return the pixels in both masks (U, C), in the first (U,), in the second (C,), and all."""
    a_UP, b_CP = _as_masks(first, "first"), _as_masks(second, "second")
    if a_UP.shape[1] != b_CP.shape[1]:
        raise ValueError(
            f"first and second must have equally many pixels, but got {a_UP.shape[1]} and "
            f"{b_CP.shape[1]}; bring both to the same images and size."
        )
    both_UC = np.zeros((len(a_UP), len(b_CP)))
    for part in row_blocks(a_UP.shape[1], size=1 << 16):  # as numbers, masks are 8 times as large
        both_UC += a_UP[:, part].astype(np.float64) @ b_CP[:, part].T.astype(np.float64)
    first_U, second_C = (mask.sum(axis=1).astype(np.float64) for mask in (a_UP, b_CP))
    return both_UC, first_U, second_C, a_UP.shape[1]


def _as_masks(masks: Samples, name: str) -> NDArray[np.bool_]:
    if isinstance(masks, np.ndarray) or not hasattr(masks, "detach"):
        array = np.asarray(masks)
    else:
        array = masks.detach().cpu().numpy()
    if array.ndim != 2 or 0 in array.shape or array.dtype != np.bool_:
        raise ValueError(
            f"{name} must be booleans (U, P), a mask per row, but got shape {array.shape} of "
            f"{array.dtype}; compare with a threshold, and flatten images and pixels."
        )
    return array


def _entropy(shares: Array) -> Array:
    """Return −Σ p log p along the first axis, in nats."""
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.asarray(-(shares * logs).sum(axis=0))
