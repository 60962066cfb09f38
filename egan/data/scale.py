"""What is black and what is white: one rule for all images of a data set.

    integers  0 is black; white is 1 where there is nothing above it, else the highest number of the
              fewest bits that hold all: 8, 10, 12, 14, 16 or more
    floats    0 and 1; or -1 and 1, where a number lies in the lower half; or 0 and 255, where one
              lies far above 1. A grey level more or less is rounding, and cut off

A data set is never stretched to its own extremes: an image that is dark among others stays dark.
What a reader may have meant otherwise is said in a note, and what fits no scale is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from egan.data.dataset import Array

DEPTHS = (8, 10, 12, 14, *range(16, 65))
"""Bits of the integers that cameras, scanners and files have."""
SLACK = 1 / 255
"""How far floats may lie beyond their scale, in its own units: a grey level."""
DIM = 0.25
"""The share of white under which a data set is so dark that it is said."""
SCALES = "integers of at least 0, or floats in [0, 1], [-1, 1] or [0, 255]"


@dataclass(frozen=True)
class Scale:
    """The numbers that become 0 and 255.

    Attributes:
        black: What becomes 0.
        white: What becomes 255.
        note: A sentence for the log where it is not plain; empty where it is.
    """

    black: float
    white: float
    note: str = ""

    def narrow(self, values: Array) -> Array:
        """Bring numbers to uint8."""
        if values.dtype == np.uint8 and (self.black, self.white) == (0, 255):
            return values
        share = (values.astype(np.float64) - self.black) / (self.white - self.black)
        return np.clip(np.rint(255.0 * share), 0, 255).astype(np.uint8)


def scale_of(low: float, high: float, *, whole: bool, usual: int = 255) -> Scale:
    """Return the scale of a data set whose numbers lie between two.

    Args:
        low: The lowest number of all images.
        high: The highest.
        whole: Whether they are integers.
        usual: What is white in integers if nothing is said, so that nothing need be.

    Raises:
        ValueError: They fit no scale; the message begins with what was got.
    """
    black, white = _of_integers(low, high) if whole else _of_floats(low, high)
    plain = white == (usual if whole else 1)
    dim = high - black < DIM * (white - black)
    if plain and not dim:
        return Scale(black, white)
    kind = "integers" if whole else "floats"
    note = (
        f"images of {kind} from {low:g} to {high:g} were taken to be black at {black:g} and white "
        f"at {white:g}"
    )
    return Scale(black, white, note + ("; they are nearly black" if dim else ""))


def _of_integers(low: float, high: float) -> tuple[float, float]:
    if low < 0:
        raise _no_scale(low, high)
    if high <= 1:
        return 0.0, 1.0
    depth = next(bits for bits in DEPTHS if high < 2.0**bits)
    return 0.0, 2.0**depth - 1


def _of_floats(low: float, high: float) -> tuple[float, float]:
    ends = next(
        (
            (black, white)
            for black, white, least in ((0.0, 1.0, 0.0), (-1.0, 1.0, -1.0), (0.0, 255.0, 0.0))
            if low >= least - SLACK * (white - black) and high <= white + SLACK * (white - black)
        ),
        None,
    )
    signed, wide = ends == (-1.0, 1.0), ends == (0.0, 255.0)
    if ends is None or (signed and low > -0.5) or (wide and high < DIM * 255):
        raise _no_scale(low, high)
    return ends


def _no_scale(low: float, high: float) -> ValueError:
    return ValueError(f"from {low:g} to {high:g}, but expected {SCALES}")
