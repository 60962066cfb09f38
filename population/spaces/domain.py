"""What one hyperparameter may be: ranges, lists, and how to draw and to vary a value.

Each domain varies values on its own scale (a logarithmic one moves by factors) with steps that are
as likely up as down and that are reflected at the borders. So a value never leaves its domain, and
exploring alone never drifts: the distribution that a value settles to is the one it was drawn from.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
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

    structural: bool = field(default=False, repr=False)

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
            return bool(plain(self.clip(value)) == plain(value))
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Fixed(Domain):
    """One value, which never changes."""

    value: Any

    def __post_init__(self) -> None:
        value = plain(self.value)
        object.__setattr__(self, "value", value)
        if is_nan(value):
            raise ValueError(f"{value!r} equals nothing, not even itself; write None instead.")
        if not is_plain(value):
            raise ValueError(
                f"{self.value!r} is no domain, and no plain value that a table can hold. Give it "
                "to the member in another way: functools.partial(MyMember, data=...)."
            )

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


def reflect(place: float) -> float:
    """Return a real number folded into [0, 1] as by mirrors at both ends."""
    folded = abs(place) % 2.0
    return 2.0 - folded if folded > 1.0 else folded


def plain(value: Any) -> Any:
    """Return a value as plain Python: numpy scalars as numbers, lists as tuples."""
    if isinstance(value, np.generic):
        return value.item()
    return tuple(plain(item) for item in value) if isinstance(value, (list, tuple)) else value


def is_plain(value: Any) -> bool:
    """Return whether a table and a checkpoint can hold the value, and give it back as it is."""
    if type(value) is tuple:
        return all(is_plain(item) for item in value)
    return type(value) in (str, int, float, bool, type(None))


def is_nan(value: Any) -> bool:
    """Return whether a plain value is NaN, or holds one, so that it is not equal to itself."""
    if isinstance(value, tuple):
        return any(is_nan(item) for item in value)
    return isinstance(value, float) and math.isnan(value)
