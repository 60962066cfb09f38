"""A trainer's metric as a score, of which more is better."""

from collections.abc import Mapping
from typing import Any, Literal

Mode = Literal["max", "min"]


def score(found: Mapping[str, Any], metric: str, mode: Mode) -> float:
    """Return a metric, with its sign changed where less of it is better.

    Raises:
        ValueError: It was not measured; the message names those that were.
    """
    if metric not in found:
        raise ValueError(f"metric={metric!r}: what was measured is {', '.join(sorted(found))}.")
    return float(found[metric]) * (-1 if mode == "min" else 1)
