"""What one hyperparameter may be: ranges, lists, and how to draw and to vary a value.

Each domain varies values on its own scale (a logarithmic one moves by factors) with steps that are
as likely up as down and that are reflected at the borders. So a value never leaves its domain, and
exploring alone never drifts: the distribution that a value settles to is the one it was drawn from.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

STRENGTH = 0.2
"""The default size of an explore step, as a fraction of a domain's range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain(ABC):
    """The values that one hyperparameter may take.

    Attributes:
        structural: Whether it changes shapes: drawn at birth, never explored, inherited with the
            weights.
    """

    structural: bool = False

    @abstractmethod
    def sample(self, rng: np.random.Generator) -> Any:
        """Draw a value."""

    @abstractmethod
    def perturb(self, value: Any, rng: np.random.Generator, *, strength: float = STRENGTH) -> Any:
        """Return a value near this one, by steps of about ``strength`` times the range."""

    @abstractmethod
    def clip(self, value: Any) -> Any:
        """Return the value of the domain that is nearest to this one.

        Raises:
            ValueError: There is no such thing as a near one.
        """

    def __contains__(self, value: Any) -> bool:
        """Return whether ``clip`` leaves the value as it is."""
        try:
            return bool(self.clip(value) == plain(value))
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Fixed(Domain):
    """One value, which never changes."""

    value: Any

    def sample(self, rng: np.random.Generator) -> Any:  # noqa: ARG002 - there is nothing to draw
        """Return the value."""
        return self.value

    def perturb(
        self,
        value: Any,  # noqa: ARG002
        rng: np.random.Generator,  # noqa: ARG002
        *,
        strength: float = STRENGTH,  # noqa: ARG002
    ) -> Any:
        """Return the value."""
        return self.value

    def clip(self, value: Any) -> Any:  # noqa: ARG002 - nothing else is allowed
        """Return the value."""
        return self.value


class Scaled(Domain):
    """A domain laid out on the unit interval, where neighbours lie next to each other."""

    __slots__ = ()

    @abstractmethod
    def to_unit(self, value: Any) -> float:
        """Return the value's place in [0, 1], on the domain's own scale."""

    @abstractmethod
    def from_unit(self, place: float) -> Any:
        """Return the value at a place in [0, 1]."""

    def sample(self, rng: np.random.Generator) -> Any:
        """Draw a value uniformly on the domain's own scale."""
        return self.from_unit(rng.random())

    def perturb(self, value: Any, rng: np.random.Generator, *, strength: float = STRENGTH) -> Any:
        """Add a normal step with a standard deviation of ``strength`` times the range."""
        return self.from_unit(reflect(self.to_unit(value) + strength * rng.standard_normal()))


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


@dataclass(frozen=True, slots=True)
class Choice(Domain):
    """One of several options without an order; exploring draws again."""

    options: Sequence[Any]

    def __post_init__(self) -> None:
        check_options(self)

    def sample(self, rng: np.random.Generator) -> Any:
        """Draw an option."""
        return self.options[int(rng.integers(len(self.options)))]

    def perturb(self, value: Any, rng: np.random.Generator, *, strength: float = STRENGTH) -> Any:
        """Draw again; with ``strength`` 0, return the value."""
        return self.sample(rng) if strength else self.clip(value)

    def clip(self, value: Any) -> Any:
        """Return the option that equals the value.

        Raises:
            ValueError: None does.
        """
        return self.options[self.place(value)]

    def place(self, value: Any) -> int:
        """Return the value's place among the options.

        Raises:
            ValueError: It is none of them.
        """
        try:
            return self.options.index(plain(value))
        except ValueError:
            raise ValueError(f"{value!r} is not an option of {self!r}.") from None


@dataclass(frozen=True, slots=True)
class Ordinal(Choice, Scaled):
    """One of several options in their order; exploring moves to a neighbour.

    A step off either end stays there, which keeps all options equally likely.
    """

    def to_unit(self, value: Any) -> float:
        """Return the middle of the option's share of [0, 1]."""
        return (self.place(value) + 0.5) / len(self.options)

    def from_unit(self, place: float) -> Any:
        """Return the option in whose share the place lies."""
        return self.options[min(int(place * len(self.options)), len(self.options) - 1)]

    def perturb(self, value: Any, rng: np.random.Generator, *, strength: float = STRENGTH) -> Any:
        """Move one place up or down; with ``strength`` 0, return the value."""
        step = 2 * int(rng.integers(2)) - 1 if strength else 0
        return self.options[min(max(self.place(value) + step, 0), len(self.options) - 1)]


def reflect(place: float) -> float:
    """Return a real number folded into [0, 1] as by mirrors at both ends."""
    folded = abs(place) % 2.0
    return 2.0 - folded if folded > 1.0 else folded


def plain(value: Any) -> Any:
    """Return a value as plain Python: numpy scalars as numbers, lists as tuples."""
    if isinstance(value, np.generic):
        return value.item()
    return tuple(plain(item) for item in value) if isinstance(value, (list, tuple)) else value


def number(value: Any, domain: Domain) -> float:
    """Return a finite number as it is.

    Raises:
        ValueError: It is none.
    """
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a number in {domain!r}.")
    return value


def check_bounds(
    domain: Uniform | IntUniform, *, log: bool = False, whole: bool = False
) -> None:
    """Raise ValueError where the bounds of a range make no sense."""
    for name, bound in (("low", domain.low), ("high", domain.high)):
        kind = "an integer" if whole else "a finite number"
        value = plain(bound)
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            raise ValueError(f"{domain!r}: {name}={bound!r}, expected {kind}.")
        if not math.isfinite(value):
            raise ValueError(f"{domain!r}: {name}={bound!r}, expected {kind}.")
    if not domain.low < domain.high:
        raise ValueError(
            f"{domain!r}: expected low < high. For a single value write the value itself."
        )
    if log and domain.low <= 0:
        raise ValueError(
            f"{domain!r}: low={domain.low!r}, but a logarithmic scale needs low > 0. "
            "Use a small positive low, or a linear scale."
        )


def check_options(domain: Choice) -> None:
    """Turn the options into plain values; raise ValueError where they are no proper list."""
    options = domain.options
    if isinstance(options, (str, bytes)) or not isinstance(options, Sequence) or not options:
        raise ValueError(f"options={options!r}: expected a list with at least one option.")
    values = plain(list(options))
    if unfit := [value for value in values if not is_plain(value)]:
        raise ValueError(
            f"option {unfit[0]!r}: expected text, numbers, True, False, None or tuples of them, "
            "which a table can hold. Give the option a name, and look it up in the member."
        )
    if len(set(values)) < len(values):
        raise ValueError(f"options={options!r}: expected distinct options (1, 1.0 and True are equal).")
    object.__setattr__(domain, "options", values)


def is_plain(value: Any) -> bool:
    """Return whether a table and a checkpoint can hold the value."""
    if isinstance(value, tuple):
        return all(is_plain(item) for item in value)
    return value is None or isinstance(value, (str, int, float))
