"""What all sample distances do to the samples they are given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Array: TypeAlias = NDArray[np.float64]
Samples: TypeAlias = "NDArray[Any] | Tensor"


def as_matrix(samples: Samples, *, name: str, at_least: int = 1) -> Array:
    """Return samples (N, F), an array or a tensor on any device, as a float64 array.

    Raises:
        ValueError: unless they are a matrix of at least `at_least` rows of finite numbers.
    """
    matrix = as_numbers(samples)
    if matrix.ndim != 2 or matrix.shape[1] == 0:
        raise ValueError(
            f"{name} must have shape (N, F), a row per sample, but got {matrix.shape}; "
            "flatten each sample or take its features."
        )
    if len(matrix) < at_least:
        raise ValueError(
            f"{name} must hold at least {at_least} samples for this score, but got {len(matrix)}."
        )
    num_bad = int((~np.isfinite(matrix)).any(axis=1).sum())
    if num_bad:
        raise ValueError(
            f"{name} must be finite, but {num_bad} of {len(matrix)} samples hold NaN or infinity."
        )
    return matrix


def as_pair(
    first: Samples, second: Samples, *, names: tuple[str, str], at_least: int = 1
) -> tuple[Array, Array]:
    """Return two sets of samples, (N, F) and (M, F), as float64 arrays.

    Raises:
        ValueError: as `as_matrix` does, and if their numbers of features differ.
    """
    a_NF = as_matrix(first, name=names[0], at_least=at_least)
    b_MF = as_matrix(second, name=names[1], at_least=at_least)
    if a_NF.shape[1] != b_MF.shape[1]:
        raise ValueError(
            f"{names[0]} and {names[1]} must have equally many features, but got "
            f"{a_NF.shape[1]} and {b_MF.shape[1]}; take both from one extractor."
        )
    return a_NF, b_MF


def scaled(*sets: Array) -> tuple[float, tuple[Array, ...]]:
    """Return 2^e and the sets over it, so that no number is above 2 and no square overflows.

    By a power of two, so that no bit of a number changes.
    """
    largest = max(float(np.abs(one).max(initial=0.0)) for one in sets)
    exponent = min(int(np.frexp(largest)[1]), 1023)
    return float(np.ldexp(1.0, exponent)), tuple(np.ldexp(one, -exponent) for one in sets)


def centred(*sets: Array) -> tuple[Array, ...]:
    """Return the sets around the median of the first, which a few far samples do not move."""
    middle_F = np.median(sets[0], axis=0)
    return tuple(one - middle_F for one in sets)


def whole_labels(labels: Array, *, name: str = "labels") -> Array:
    """Return labels that are whole numbers.

    Raises:
        ValueError: Some are not, or NaN.
    """
    bad = labels[~np.isfinite(labels) | (labels != np.round(labels))]
    if len(bad):
        raise ValueError(
            f"{name} must be whole numbers, but {len(bad)} of {labels.size} are not, such as "
            f"{bad[0]:g}."
        )
    return labels


def squared_distances(a_NF: Array, b_MF: Array) -> Array:
    """Return the squared Euclidean distances (N, M), at least 0, by ‖a‖² + ‖b‖² − 2ab.

    Samples far from the origin should be centred before, since the subtraction cancels digits.
    """
    squares = (a_NF**2).sum(axis=1)[:, None] + (b_MF**2).sum(axis=1)
    result: Array = np.maximum(squares - 2 * (a_NF @ b_MF.T), 0)
    return result


def row_blocks(num_rows: int, *, size: int = 1024) -> Iterator[slice]:
    """Yield slices that cover the rows, so that of N² distances only some rows are held at once."""
    for start in range(0, num_rows, size):
        yield slice(start, min(start + size, num_rows))


def as_numbers(values: Samples) -> Array:
    """Return an array, or a tensor on any device, as a float64 array of the same shape.

    Torch is not imported: it only needs to be there if a tensor came.
    """
    if isinstance(values, np.ndarray) or not hasattr(values, "detach"):
        return np.asarray(values, dtype=np.float64)
    tensor = values.detach().cpu()  # first to the CPU: not every device knows float64
    return np.asarray(tensor.double().numpy())
