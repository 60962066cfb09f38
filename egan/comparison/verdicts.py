"""What a comparison says of its marks, and of each method beside the best single generator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from egan.comparison.paired import Pair, best_of, pair
from egan.comparison.protocol import CPU, SINGLE, TITLES, Mark, Protocol
from egan.judging.measures import measure

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What methods are compared with, and which claims are told.

    Attributes:
        singles: The methods that train one generator.
        protocol: The marks, and how many seeds they are of.
    """

    singles: Sequence[str] = ()
    protocol: Protocol = field(default_factory=Protocol)

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures that marks are of."""
        return tuple(dict.fromkeys(mark.measure for mark in self.protocol.marks))

    def best(self, rows: pd.DataFrame, name: str) -> str | None:
        """Return the single generator with the best median in rows of one budget."""
        return best_of(rows, list(self.singles), name)


def lines_beside(results: pd.DataFrame, names: Sequence[str], beside: Beside) -> list[str]:
    """Return a table of each measure: every method beside the best single generator."""
    rows = results[results["budget"] == CPU]
    lines = ["", f"## Beside the best single generator, at {TITLES[CPU]}", "", _EXPLAINED]
    for name in names:
        if (best := beside.best(rows, name)) is not None:
            lines += ["", *_table(rows, name, best)]
    return lines if len(lines) > 4 else []


_EXPLAINED = (
    "Median over seeds of the difference, seed by seed (its 95% interval, from 10,000 draws of "
    "seeds)."
)


def _table(rows: pd.DataFrame, name: str, best: str) -> Iterator[str]:
    one = measure(name)
    yield f"| {one.label} beside {best} | difference | better in | worst seed | {best}'s worst |"
    yield "| --- | --- | --- | --- | --- |"
    for method in dict.fromkeys(rows["method"]):
        found = pair(rows, method, best, name)
        if method != best and found is not None:
            worst, other = map(one.text, found.worst)
            count = f"{found.num_better} of {len(found.ours)}"
            yield f"| {method} | {found} | {count} | {worst} | {other} |"


def lines_of_marks(results: pd.DataFrame, beside: Beside) -> list[str]:
    """Return what was written down before the run, each with kept or missed."""
    if not beside.protocol.marks:
        return []
    told = (_told(results, mark, beside) for mark in beside.protocol.marks)
    return ["", "## What decides, written down before the run", "", *told]


def _told(results: pd.DataFrame, mark: Mark, beside: Beside) -> str:
    rows = results[results["budget"] == mark.budget]
    other = beside.best(rows, mark.measure) if mark.against == SINGLE else mark.against
    against = f"the best single generator ({other})" if mark.against == SINGLE else mark.against
    one = measure(mark.measure)
    better = f"{one.better} is better" if one.better else ""
    claim = (
        f"{one.label} ({better}) of {mark.method} beside {against}, at {TITLES[mark.budget]}: "
        f"{mark.asked}."
    )
    found = None if other is None else pair(rows, mark.method, other, mark.measure)
    if found is None:
        return f"- **open**: {claim} No seed has both."
    others = beside.singles if mark.against == SINGLE else ()
    counts = [int((rows["method"] == method).sum()) for method in others]
    told = verdict_on(mark, found, seeds=min([len(found.ours), *counts]), of=beside.protocol.seeds)
    return f"- **{told}**: {claim} {_found(found)}"


def verdict_on(mark: Mark, found: Pair, *, seeds: int, of: int) -> str:
    """Return kept or missed, or that it is open as long as some of the seeds are missing."""
    if seeds < of:
        return f"open, {seeds} of {of} seeds"
    worst, other = found.worst
    parts = (
        mark.margin is None or found.of.sign * found.median >= mark.margin,
        not mark.apart or found.disjoint or found.surely_better,
        mark.seeds is None or found.num_better >= mark.seeds,
        not mark.worst or found.of.sign * worst > found.of.sign * other,
    )
    return "kept" if all(parts) else "missed"


def _found(found: Pair) -> str:
    one = found.of
    worst, other = map(one.text, found.worst)
    apart = "disjoint" if found.disjoint else "not disjoint"
    return (
        f"Found: median difference {found}, better in {found.num_better} of {len(found.ours)} "
        f"seeds, worst seed {worst} beside {other}, ranges {apart}."
    )
