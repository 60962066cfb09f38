"""Lists of options, with and without an order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from population.spaces.domain import STRENGTH, Domain, Scaled, is_nan, is_plain, plain


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
    if any(is_nan(value) for value in values):
        raise ValueError(
            f"options={options!r}: NaN equals nothing, not even itself; write None instead."
        )
    if len(set(values)) < len(values):
        raise ValueError(
            f"options={options!r}: expected distinct options (1, 1.0 and True are equal)."
        )
    object.__setattr__(domain, "options", values)
