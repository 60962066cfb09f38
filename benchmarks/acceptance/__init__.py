"""What each model of the collection must reach: one file each, with its marks and its baselines.

A file NAME.py defines ``accept(seeds, *, quick) -> list[Check]`` and may say how many ``SEEDS`` it
takes by default (else 3), and what was ``TRIED`` where a mark is missed. Baselines are trained in
the same run, at equal updates and, within 5%, equal parameters. `quick` is for tests: tiny
networks, a few updates, marks that mean nothing. `acceptance.training` has what the files share;
`benchmarks/collection.py` runs them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Check:
    """A clause of what a model must reach, and whether it does.

    Attributes:
        name: What was measured.
        found: The figure of each seed.
        baseline: The figure of each seed of what it is compared with; none where it is a number.
        baseline_name: What that is.
        mark: What the figures must keep, such as ">= 0.90".
        kept: Whether their median does.
    """

    name: str
    found: Sequence[float]
    mark: str
    kept: bool
    baseline: Sequence[float] = ()
    baseline_name: str = ""


def at_least(name: str, found: Sequence[float], limit: float) -> Check:
    """Return a check that the median is `limit` or more."""
    return Check(name=name, found=found, mark=f">= {limit:g}", kept=bool(np.median(found) >= limit))


def at_most(name: str, found: Sequence[float], limit: float) -> Check:
    """Return a check that the median is `limit` or less."""
    return Check(name=name, found=found, mark=f"<= {limit:g}", kept=bool(np.median(found) <= limit))


def above(
    name: str,
    found: Sequence[float],
    baseline: Sequence[float],
    *,
    baseline_name: str,
    factor: float = 1.0,
) -> Check:
    """Return a check that the median is `factor` times the baseline's median or more."""
    return Check(
        name=name,
        found=found,
        baseline=baseline,
        baseline_name=baseline_name,
        mark=f">= {_times(factor)}",
        kept=bool(np.median(found) >= factor * np.median(baseline)),
    )


def below(
    name: str,
    found: Sequence[float],
    baseline: Sequence[float],
    *,
    baseline_name: str,
    factor: float = 1.0,
) -> Check:
    """Return a check that the median is `factor` times the baseline's median or less."""
    return Check(
        name=name,
        found=found,
        baseline=baseline,
        baseline_name=baseline_name,
        mark=f"<= {_times(factor)}",
        kept=bool(np.median(found) <= factor * np.median(baseline)),
    )


def _times(factor: float) -> str:
    return "baseline" if factor == 1 else f"{factor:.3g} x baseline"
