"""Ranges of real numbers and of integers, on a linear or a logarithmic scale."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from population.spaces.domain import STRENGTH, Domain, Scaled, plain, reflect


@dataclass(frozen=True, slots=True)
class Uniform(Scaled):
    """Real numbers in [low, high], equally likely."""

    low: float
    high: float

    def __post_init__(self) -> None:
        check_bounds(self)

    def to_unit(self, value: Any) -> float:
        """Return (value - low) / (high - low)."""
        return (self.clip(value) - self.low) / (self.high - self.low)

    def from_unit(self, place: float) -> float:
        """Return low + place * (high - low)."""
        return self.clip(self.low + place * (self.high - self.low))

    def clip(self, value: Any) -> float:
        """Return the nearest number in [low, high]."""
        return min(max(number(value, self), float(self.low)), float(self.high))


@dataclass(frozen=True, slots=True)
class LogUniform(Uniform):
    """Positive real numbers in [low, high], whose logarithms are equally likely."""

    def __post_init__(self) -> None:
        check_bounds(self, log=True)

    def to_unit(self, value: Any) -> float:
        """Return log(value / low) / log(high / low)."""
        return math.log(self.clip(value) / self.low) / math.log(self.high / self.low)

    def from_unit(self, place: float) -> float:
        """Return low * (high / low) ** place."""
        return self.clip(self.low * (self.high / self.low) ** place)


@dataclass(frozen=True, slots=True)
class IntUniform(Scaled):
    """Integers in [low, high], both included; with ``log`` their logarithms are equally likely.

    Each integer owns the cell from half below it to half above it. A step starts at a random place
    of the cell and is at least half the widest cell, so that no integer is ever stuck.
    """

    low: int
    high: int
    log: bool = False

    def __post_init__(self) -> None:
        check_bounds(self, log=self.log, whole=True)

    def to_unit(self, value: Any) -> float:
        """Return the value's place between the outer borders of the outer cells."""
        return self._place(float(self.clip(value)))

    def from_unit(self, place: float) -> int:
        """Return the integer in whose cell the place lies."""
        left, right = self.low - 0.5, self.high + 0.5
        at = left * (right / left) ** place if self.log else left + place * (right - left)
        return self.clip(math.floor(at + 0.5))

    def perturb(self, value: Any, rng: np.random.Generator, *, strength: float = STRENGTH) -> int:
        """Add a normal step to a random place in the value's cell."""
        centre = self.clip(value)
        if not strength:
            return centre
        left, right = self._place(centre - 0.5), self._place(centre + 0.5)
        place = left + (right - left) * rng.random()
        step = max(strength, self._place(self.low + 0.5) / 2)
        return self.from_unit(reflect(place + step * rng.standard_normal()))

    def clip(self, value: Any) -> int:
        """Return the nearest integer in [low, high]."""
        return min(max(round(number(value, self)), int(self.low)), int(self.high))

    def _place(self, at: float) -> float:
        left, right = self.low - 0.5, self.high + 0.5
        if self.log:
            return math.log(at / left) / math.log(right / left)
        return (at - left) / (right - left)


def number(value: Any, domain: Domain) -> float:
    """Return a finite number as it is.

    Raises:
        ValueError: It is none.
    """
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a number in {domain!r}.")
    return value


def check_bounds(domain: Uniform | IntUniform, *, log: bool = False, whole: bool = False) -> None:
    """Make the bounds plain numbers; raise ValueError where they make no sense."""
    for name in ("low", "high"):
        value = plain(getattr(domain, name))
        right = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        if not right or not math.isfinite(value):
            kind = "an integer" if whole else "a finite number"
            raise ValueError(f"{domain!r}: {name}={value!r}, expected {kind}.")
        object.__setattr__(domain, name, value)
    if not domain.low < domain.high:
        raise ValueError(
            f"{domain!r}: expected low < high. For a single value write the value itself."
        )
    if log and domain.low <= 0:
        raise ValueError(
            f"{domain!r}: low={domain.low!r}, but a logarithmic scale needs low > 0. "
            "Use a small positive low, or a linear scale."
        )
