"""Truncation: better samples that are more alike, of a model that was trained for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, NamedTuple


class Dial(NamedTuple):
    """A knob between samples that are good and samples that are various, see `truncating`.

    Attributes:
        words: What it is in the paper.
        low: The lowest value, with the best and most alike samples.
        high: The highest, that of training.
    """

    words: str
    low: float
    high: float


class Truncated:
    """What samples of a model may be truncated by.

    Attributes:
        dial: What truncates samples, where the paper has it.
        truncation: How far they are truncated just now; None for not at all.
    """

    dial: ClassVar[Dial | None] = None
    truncation: float | None = None

    @contextmanager
    def truncating(self, amount: float) -> Iterator[None]:
        """Truncate samples for a while, see `dial`: they are better, and more alike.

        Raises:
            ValueError: The model has no dial, or not this value on it.
        """
        self.check_truncation(amount)
        self.truncation = amount
        try:
            yield
        finally:
            self.truncation = None

    def check_truncation(self, amount: float) -> None:
        """See that samples can be truncated so.

        Raises:
            ValueError: The model has no dial, or not this value on it.
        """
        name, dial = type(self).__name__, self.dial
        if dial is None:
            raise ValueError(f"{name} has no truncation; leave it out, or take stylegan or biggan.")
        if not dial.low <= amount <= dial.high:
            raise ValueError(
                f"the truncation of {name}, {dial.words}, must be from {dial.low:g} to "
                f"{dial.high:g}, but got {amount:g}."
            )
