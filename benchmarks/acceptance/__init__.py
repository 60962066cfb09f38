"""What each model of the collection must reach: one file each; its marks are in `marks.yaml`.

A file NAME.py defines ``accept(seeds, *, quick) -> list[Figures]``, one for each of the model's
marks, and may say how many ``SEEDS`` it takes by default (else 3), and what was ``TRIED`` where a
mark is missed. Baselines are trained in the same run, at equal compute, their settings searched as
widely as the model's. Each mark has a saboteur: the model with the mechanism of the claim removed,
negated, or untrained, which has to miss it. `quick` is for tests: tiny networks, a few updates; the
marks that hold there too are called `quick` in the table. `acceptance.training` has what the files
share, `acceptance.marks` reads the table; `benchmarks/collection.py` runs them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was measured for a mark.

    Attributes:
        mark: Its name in the table.
        found: The figure of each seed.
        baseline: The figure of each seed of what it is compared with; none where it is a number.
        baseline_name: What that is.
        saboteur: What was broken in the model that has to miss the mark.
        sabotaged: What that reaches, a figure for each of its seeds.
        sabotaged_baseline: What that is compared with, where it is not `baseline`.
    """

    mark: str
    found: Sequence[float]
    saboteur: str
    sabotaged: Sequence[float]
    baseline: Sequence[float] = ()
    baseline_name: str = ""
    sabotaged_baseline: Sequence[float] = ()
