"""The kinds of data: what is stored, what models see of it, and how much of it a look takes.

    images            (N, C, H, W) uint8       float32 in [-1, 1]
    clips             (N, T, C, H, W) uint8    float32 in [-1, 1]
    points            (N, D) float32           as they are; (N, 1) are points on a line
    series            (N, T, F) float32        as they are
    tokens            (N, T) integers          int64 from 0 to vocabulary - 1
    notes             (N, T, 4) int16          float32 in [-1, 1]

A kind is asked for what it knows (`data.kind.kernel`), or what it is: `isinstance(kind, Images)`.
A new one is a class, a line in `KINDS`, and a line in `egan.reporting.showing.DRAWN`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from egan.data.kind import Kind
from egan.data.notes import Notes

if TYPE_CHECKING:
    from torch import Generator, Tensor

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Pixels(Kind):
    """What is made of pixels: (..., C, H, W) stored as bytes, seen in [-1, 1]."""

    dtype: ClassVar = np.uint8
    bounded: ClassVar = True
    kernel: ClassVar = "polynomial"

    def decode(self, stored: Tensor) -> Tensor:
        """Turn 0..255 into [-1, 1]."""
        return stored.float().div_(127.5).sub_(1.0)

    def encode(self, samples: Tensor) -> Array:
        """Turn [-1, 1] into 0..255, the nearest grey level."""
        levels = (self.clamp(samples.float()) + 1.0).mul_(127.5).round_()
        return levels.cpu().numpy().astype(self.dtype)

    def noise(self, stored: Array, count: int, generator: Generator) -> Tensor:
        """Draw (count, *shape) uniformly from [-1, 1]."""
        import torch

        return 2.0 * torch.rand((count, *stored.shape[1:]), generator=generator) - 1.0


@dataclass(frozen=True)
class Images(Pixels):
    """Images (N, C, H, W)."""

    name: ClassVar = "images"
    form: ClassVar = "(N, C, H, W) uint8"
    example: ClassVar = "digits"
    ndim: ClassVar = 4
    num_shown: ClassVar = 100


@dataclass(frozen=True)
class Clips(Pixels):
    """Films of T frames (N, T, C, H, W)."""

    name: ClassVar = "clips"
    form: ClassVar = "(N, T, C, H, W) uint8"
    example: ClassVar = "bouncing"
    ndim: ClassVar = 5
    num_judged: ClassVar = 250
    num_shown: ClassVar = 10


@dataclass(frozen=True)
class Points(Kind):
    """Points (N, D), most often in a plane."""

    name: ClassVar = "points"
    form: ClassVar = "(N, D) float32"
    example: ClassVar = "gaussians8"
    dtype: ClassVar = np.float32
    ndim: ClassVar = 2
    num_judged: ClassVar = 2500
    num_shown: ClassVar = 2500
    num_behind: ClassVar = 2000
    num_steps: ClassVar = 100


@dataclass(frozen=True)
class Line(Points):
    """Points on a line (N, 1)."""

    name: ClassVar = "points on a line"
    form: ClassVar = "(N, 1) float32"
    example: ClassVar = "bimodal"

    @classmethod
    def of(cls, stored: Array, vocabulary: int | None = None) -> Self | None:
        """Return this kind if `stored` are points with one coordinate, or None."""
        found = super().of(stored, vocabulary)
        return found if found is not None and stored.shape[1] == 1 else None


@dataclass(frozen=True)
class Series(Kind):
    """Sequences of T rows of F real numbers (N, T, F)."""

    name: ClassVar = "series"
    form: ClassVar = "(N, T, F) float32"
    dtype: ClassVar = np.float32
    ndim: ClassVar = 3
    num_shown: ClassVar = 30
    num_behind: ClassVar = 1000


@dataclass(frozen=True)
class Tokens(Kind):
    """Sequences of T tokens (N, T), each from 0 to vocabulary - 1.

    Attributes:
        vocabulary: How many tokens there are.
    """

    vocabulary: int

    name: ClassVar = "tokens"
    form: ClassVar = "(N, T) integers with vocabulary=..."
    example: ClassVar = "oracle_language"
    dtype: ClassVar = np.integer
    ndim: ClassVar = 2
    num_shown: ClassVar = 30

    @classmethod
    def of(cls, stored: Array, vocabulary: int | None = None) -> Self | None:
        """Return this kind if `stored` are integers and a vocabulary is given, or None.

        Raises:
            ValueError: If a token is not of the vocabulary.
        """
        integers = np.issubdtype(stored.dtype, np.integer) and stored.ndim == cls.ndim
        if vocabulary is None or not integers:
            return None
        if stored.size and not 0 <= stored.min() <= stored.max() < vocabulary:
            raise ValueError(
                f"tokens must be from 0 to {vocabulary - 1}, but got {stored.min()} to "
                f"{stored.max()}. Give a larger vocabulary, or number the tokens from 0."
            )
        return cls(vocabulary)

    def decode(self, stored: Tensor) -> Tensor:
        """Return the tokens as int64, for embeddings and one-hot codes."""
        return stored.long()

    def encode(self, samples: Tensor) -> Array:
        """Return the nearest tokens, int64."""
        return self.clamp(samples).cpu().numpy()

    def clamp(self, samples: Tensor) -> Tensor:
        """Return the nearest tokens, int64."""
        return samples.round().clamp(0, self.vocabulary - 1).long()

    def flat(self, samples: Tensor) -> Tensor:
        """Return one-hot codes (N, T * vocabulary), float32: numbers of tokens have no distance."""
        from torch.nn.functional import one_hot

        return one_hot(samples.long(), self.vocabulary).flatten(1).float()

    def naive(self, real: Tensor, count: int, generator: Generator) -> Tensor:
        """Draw (count, T): each token from those at its place in `real` (N, T), on its own."""
        import torch

        rows = torch.randint(len(real), (count, real.shape[1]), generator=generator)
        return real.gather(0, rows)

    def noise(self, stored: Array, count: int, generator: Generator) -> Tensor:
        """Draw (count, T) tokens, all equally likely."""
        import torch

        return torch.randint(self.vocabulary, (count, *stored.shape[1:]), generator=generator)


KINDS: dict[str, type[Kind]] = {
    "images": Images,
    "clips": Clips,
    "line": Line,  # before points, which it is a special case of
    "points": Points,
    "series": Series,
    "tokens": Tokens,
    "notes": Notes,
}


def kind_of(stored: Array, *, name: str = "the data", vocabulary: int | None = None) -> Kind:
    """Return the kind of stored samples (N, ...).

    Args:
        stored: An array in one of the forms of `KINDS`.
        name: Of the data set, for the message.
        vocabulary: How many tokens there are; it says that integers are tokens.

    Raises:
        ValueError: If samples have no such shape or type, or a token is not of the vocabulary.
    """
    for kind in KINDS.values():
        found = kind.of(stored, vocabulary)
        if found is not None:
            return found
    forms = " or ".join(f"{kind.name} {kind.form}" for kind in KINDS.values())
    given = "" if vocabulary is None else f" with {vocabulary=}"
    raise ValueError(
        f"samples of {name} must be {forms}, but got {stored.shape} {stored.dtype}{given}. "
        "Reshape or convert them, for instance with .astype(numpy.float32)."
    )
