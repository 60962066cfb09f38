"""What the numbers of settings must be, told by the flag that sets them. Needs no torch."""

from __future__ import annotations

import math


def check_range(flag: str, value: int | None, *, least: int = 1) -> None:
    """See that a whole number, where there is one, is large enough.

    Raises:
        ValueError: It is not.
    """
    if value is not None and value < least:
        raise ValueError(f"--{flag} must be {least} or more, but got {value}.")


def check_number(
    flag: str, value: float, *, positive: bool = False, infinite: bool = False
) -> None:
    """See that a number is at least 0, or above it, and finite unless it may be infinite.

    Raises:
        ValueError: It is not.
    """
    fits = math.isfinite(value) or (infinite and value == math.inf)
    if not fits or value < 0 or (positive and value == 0):
        bound = ("above 0" if positive else "at least 0") + (", or inf" if infinite else "")
        raise ValueError(f"--{flag} must be a number {bound}, but got {value}.")
