"""Melodies: notes in ticks and semitones, which models see in [-1, 1]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from egan.data.kind import Kind

if TYPE_CHECKING:
    from torch import Generator, Tensor

Array = npt.NDArray[Any]

TICKS = 48
"""Ticks of a quarter note."""
LONGEST = 8 * TICKS
"""Ticks that a note or a gap may have: two whole notes."""
LOWEST, HIGHEST = 42, 90
"""Pitches of notes, in semitones; 60 is the middle C."""


@dataclass(frozen=True)
class Notes(Kind):
    """Melodies of T notes (N, T, 4): length in ticks, pitch, intensity, and gap before it in ticks.

    Lengths and gaps are seen on scales of logarithms, from the shortest to two whole notes.
    """

    name: ClassVar = "notes"
    form: ClassVar = "(N, T, 4) int16"
    example: ClassVar = "folk_tunes"
    dtype: ClassVar = np.int16
    ndim: ClassVar = 3
    bounded: ClassVar = True
    num_shown: ClassVar = 12

    @classmethod
    def of(cls, stored: Array, vocabulary: int | None = None) -> Self | None:
        """Return this kind if `stored` are notes, or None."""
        found = super().of(stored, vocabulary)
        return found if found is not None and stored.shape[2] == 4 else None

    def decode(self, stored: Tensor) -> Tensor:
        """Turn ticks, semitones and intensities into [-1, 1]."""
        import torch

        length, pitch, intensity, gap = stored.float().unbind(dim=-1)
        shares = (
            length.clamp(min=1).log2() / np.log2(LONGEST),
            (pitch - LOWEST) / (HIGHEST - LOWEST),
            intensity / 127,
            (gap + 1).log2() / np.log2(LONGEST + 1),
        )
        return self.clamp(2 * torch.stack(shares, dim=-1) - 1)

    def encode(self, samples: Tensor) -> Array:
        """Return the nearest ticks, semitones and intensities."""
        shares = (self.clamp(samples.double()).cpu().numpy() + 1) / 2
        length, pitch, intensity, gap = np.moveaxis(shares, -1, 0)
        known = (
            LONGEST**length,
            LOWEST + (HIGHEST - LOWEST) * pitch,
            127 * intensity,
            (LONGEST + 1) ** gap - 1,
        )
        return np.stack(known, axis=-1).round().astype(self.dtype)

    def noise(self, stored: Array, count: int, generator: Generator) -> Tensor:
        """Draw (count, *shape) uniformly from [-1, 1]."""
        import torch

        return 2.0 * torch.rand((count, *stored.shape[1:]), generator=generator) - 1.0
