"""How a comparison is done and what decides, written down before it: `comparison` in its file.

    preset: gaussians25
    generations: 2000
    comparison:
      seeds: 10
      methods: [egan, heuristic, random, niches-4]
      marks:
        - {method: niches-4, measure: modes, margin: 4, apart: true}

Everything but this section is settings of `python -m egan.run`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from egan.config import RunConfig
from egan.config.checks import check_range
from egan.config.file import section
from egan.judging.measures import MEASURES, measure
from egan.lazy import lookup

SECTION = "comparison"
SINGLE = "single"
STEPS, CPU = "steps", "cpu"
BUDGETS = (STEPS, CPU)
TITLES = {STEPS: "the same generator steps", CPU: "the same CPU time"}


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What has to come out for a claim to be kept: all that is asked for here.

    Which values are better is said by the table of measures.
    """

    method: str
    """The method that the claim is of."""
    measure: str
    """The column of the results that decides."""
    against: str = SINGLE
    """The method it is compared with; single is the one generator with the best median."""
    budget: Literal["steps", "cpu"] = "cpu"
    """Whether at equal generator steps, or at equal CPU time."""
    margin: float | None = None
    """How much better, at least, in the median over seeds of the difference."""
    apart: bool = False
    """Whether ranges must be disjoint, or the 95% interval of that median on one side of 0."""
    seeds: int | None = None
    """In how many seeds, at least, it must be better."""
    worst: bool = False
    """Whether its worst seed must be better than the other's worst."""

    def check(self, protocol: Protocol) -> None:
        """See that it asks for something that can be told.

        Raises:
            ValueError: It does not; the message says what is wrong with which setting.
        """
        lookup(MEASURES, self.measure, kind="measure of a mark")
        if measure(self.measure).better is None:
            raise ValueError(f"a mark needs a measure that has a better side, not {self.measure}.")
        for name in (self.method, *([] if self.against == SINGLE else [self.against])):
            lookup(dict.fromkeys(protocol.methods), name, kind="method of a mark")
        if self.seeds is not None and not 1 <= self.seeds <= protocol.seeds:
            raise ValueError(
                f"seeds of a mark must be from 1 to the comparison's {protocol.seeds}, but got "
                f"{self.seeds}."
            )
        if self.margin is not None and not (math.isfinite(self.margin) and self.margin >= 0):
            raise ValueError(f"margin of a mark must be at least 0, but got {self.margin}.")
        if self.margin is None and self.seeds is None and not (self.apart or self.worst):
            raise ValueError(
                f"a mark of {self.method} asks for nothing; say margin, apart, seeds or worst."
            )

    @property
    def asked(self) -> str:
        """What is asked for, for a reader."""
        one = measure(self.measure)
        parts = [
            self.margin is not None
            and f"in the median better by {one.text(self.margin or 0)} or more",
            self.apart and "ranges disjoint, or 0 outside of the 95% interval",
            self.seeds is not None and f"better in {self.seeds} seeds or more",
            self.worst and "the worst seed better than the worst",
        ]
        return "; ".join(part for part in parts if part)


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """The section `comparison` of a file of settings."""

    seeds: int = 5
    """How many seeds each method gets."""
    methods: tuple[str, ...] = ()
    """Methods to compare; by default egan, each of its mutations, and random."""
    cpu_seconds: float | None = None
    """CPU time to compare at; by default what E-GAN took for the seed."""
    marks: tuple[Mark, ...] = ()
    """What decides."""

    def check(self) -> None:
        """See that every number is in its range, and that marks can be told.

        Raises:
            ValueError: One is not.
        """
        check_range("seeds", self.seeds)
        if self.cpu_seconds is not None and not 0 < self.cpu_seconds < math.inf:
            raise ValueError(f"--cpu-seconds must be a number above 0, but got {self.cpu_seconds}.")
        for mark in self.marks:
            mark.check(self)


def protocol_of(source: str) -> Protocol:
    """Return what a file says of its comparison; of what is no file, what holds by default.

    Raises:
        ValueError: A setting is unknown or of the wrong type; the message names it.
    """
    path = Path(source).expanduser()
    return section(path, SECTION, Protocol) if path.is_file() else Protocol()


def told(config: RunConfig, protocol: Protocol) -> dict[str, object]:
    """Return what belongs to a comparison's identity: its marks must not change after it."""
    marks = [{one.name: getattr(mark, one.name) for one in fields(mark)} for mark in protocol.marks]
    kept = {"generations": config.generations, "cpu_seconds": protocol.cpu_seconds}
    return kept | ({"marks": marks} if marks else {})
