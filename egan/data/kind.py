"""What every kind of data knows: what is stored, and what models see of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Generator, Tensor

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Kind:
    """What sort of thing a sample is. Two kinds are equal if class and fields are."""

    name: ClassVar[str]
    """What messages call the samples."""
    form: ClassVar[str]
    """What is stored, for messages: axes and type."""
    example: ClassVar[str] = ""
    """A data set that has them, for messages."""
    dtype: ClassVar[type[np.generic]]
    ndim: ClassVar[int]
    bounded: ClassVar[bool] = False
    """Whether values lie in [-1, 1], so that a generator may end in tanh."""
    kernel: ClassVar[Literal["polynomial", "gaussian"]] = "gaussian"
    """With which the squared MMD tells most; on points a Gaussian sees more than a cubic."""
    num_judged: ClassVar[int] = 1000
    """How many samples a look judges."""
    num_shown: ClassVar[int]
    """How many samples a picture shows."""
    num_behind: ClassVar[int] = 0
    """How many real samples a picture of samples is drawn over."""
    num_steps: ClassVar[int] = 10
    """How many steps of a walk from one code to another are shown."""

    @classmethod
    def of(cls, stored: Array, vocabulary: int | None = None) -> Self | None:
        """Return this kind if stored samples (N, ...) are of it, or None."""
        fits = stored.dtype == cls.dtype and stored.ndim == cls.ndim and vocabulary is None
        return cls() if fits else None

    def decode(self, stored: Tensor) -> Tensor:
        """Turn stored values (N, *shape) into what models see; those handed in may be changed."""
        return stored

    def encode(self, samples: Tensor) -> Array:
        """Turn what models make (N, *shape) into stored values, see `decode`."""
        return samples.cpu().numpy().astype(self.dtype)

    def clamp(self, samples: Tensor) -> Tensor:
        """Bring values (N, *shape) into the range of the kind."""
        return samples.clamp(-1.0, 1.0) if self.bounded else samples

    def flat(self, samples: Tensor) -> Tensor:
        """Return samples (N, *shape) as rows of numbers (N, F), which distances can be taken of."""
        return samples.flatten(1)

    def naive(self, real: Tensor, count: int, generator: Generator) -> Tensor:
        """Draw (count, *shape): each number normal, with its own moments in `real` (N, *shape)."""
        import torch

        noise = torch.randn((count, *real.shape[1:]), generator=generator)
        return self.clamp(real.mean(dim=0) + real.std(dim=0, correction=0) * noise)

    def noise(self, stored: Array, count: int, generator: Generator) -> Tensor:
        """Draw (count, *shape) uniformly, each number where it lies in `stored` (N, *shape)."""
        import torch

        share = torch.rand((count, *stored.shape[1:]), generator=generator)
        low, high = torch.from_numpy(stored.min(axis=0)), torch.from_numpy(stored.max(axis=0))
        return low + (high - low) * share
