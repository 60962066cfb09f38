"""Samples that stay in a file: mapped into memory by every process, read where they are asked for.

A data set asks `Mapped` what it asks an array, and gets the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
CHUNK = 2**26
"""Bytes that are read at a time."""


class Source(Protocol):
    """Knows where the images of a file are, on whatever machine it is asked."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape of all images, (N, C, H, W)."""

    def open(self) -> Array:
        """Return all images, mapped and read-only."""


class Mapped:
    """Images of a file (N, C, H, W) uint8, all or some of them.

    Args:
        source: Who opens the file.
        indices: Which images there are, (N,) int64; None for all.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, source: Source, indices: Array | None = None) -> None:
        self.source = source
        self.indices = indices

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, C, H, W)."""
        return (len(self), *self.source.shape[1:])

    def __len__(self) -> int:
        return self.source.shape[0] if self.indices is None else len(self.indices)

    def __getitem__(self, wanted: Any) -> Array:
        """Read images by their indices, or all of a slice, into memory."""
        places = wanted if self.indices is None else self.indices[wanted]
        images: Array = np.array(self.source.open()[places])
        return images

    def taken(self, wanted: Array) -> Mapped:
        """Return some of the images, which stay where they are."""
        places = wanted if self.indices is None else self.indices[wanted]
        return Mapped(self.source, np.asarray(places, dtype=np.int64))


def taken(samples: Any, wanted: Array) -> Any:
    """Return the samples at `wanted` (n,): copies of an array's, the mapped ones where they are."""
    return samples.taken(wanted) if isinstance(samples, Mapped) else samples[wanted]


def chunks(samples: Any) -> Iterator[memoryview]:
    """Yield the bytes of samples in their order, a part at a time where they are mapped."""
    if not isinstance(samples, Mapped):
        yield samples.data
        return
    step = max(1, CHUNK // int(np.prod(samples.shape[1:])))
    for start in range(0, len(samples), step):
        yield samples[start : start + step].data
