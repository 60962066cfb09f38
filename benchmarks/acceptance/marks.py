"""The table of marks: what each model must reach, since when, and what each mark was before.

A mark is written before the run that is held against it. One that changes afterwards says so in the
table, for ever: `unexplained` compares the table with the kept results.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from acceptance import Figures

TABLE = Path(__file__).parents[1] / "marks.yaml"
RULES = {"at_least": ">=", "at_most": "<=", "above": ">=", "below": "<="}
"""The last two are of a baseline: its figure times a factor, plus a number."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a mark was, or that there was one.

    Attributes:
        until: The day of the change.
        was: The mark's text before.
        gave: The figures that the old one was held against, and whether they kept it.
        why: The reason.
        says: What was measured, where the mark is gone, or that changed too.
    """

    until: date
    was: str
    gave: str
    why: str
    says: str = ""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What figures must keep.

    Attributes:
        says: What is measured, with its unit.
        rule: Of `RULES`.
        limit: A number or, for a rule of a baseline, the factor.
        plus: What is added to the baseline times the factor.
        since: The day on which it was set.
        commit: The code at which it was set.
        quick: Whether model and saboteur are told apart by the quick form too.
        leading: Whether it is the one that the README shows.
        changed: What it was before, the oldest first.
    """

    says: str
    rule: str
    limit: float
    since: date
    commit: str
    plus: float = 0.0
    quick: bool = False
    leading: bool = False
    changed: tuple[Change, ...] = ()

    @property
    def text(self) -> str:
        """The mark as it is shown."""
        sign = RULES[self.rule]
        if self.rule in ("at_least", "at_most"):
            return f"{sign} {self.limit:g}"
        more = f" {'+' if self.plus > 0 else '-'} {abs(self.plus):g}" if self.plus else ""
        return f"{sign} {'' if self.limit == 1 else f'{self.limit:.3g} x '}baseline{more}"

    def keeps(self, found: float, baseline: float | None = None) -> bool:
        """Return whether a figure, beside a baseline's where the rule is of one, keeps the mark."""
        limit = self.limit
        if self.rule in ("above", "below"):
            assert baseline is not None, f"{self.says}: the rule {self.rule} is of a baseline"
            limit = self.limit * baseline + self.plus
        return bool(found >= limit if RULES[self.rule] == ">=" else found <= limit)


@dataclass(frozen=True)
class Verdict:
    """A mark and what was held against it.

    Attributes:
        mark: The mark.
        figures: What was measured.
        kept: Whether the median of the seeds keeps it.
        seeds_kept: How many seeds do, each beside the baseline's figure of the same seed.
        caught: Whether the median of the saboteur misses it.
    """

    mark: Mark
    figures: Figures

    @property
    def kept(self) -> bool:
        """Whether the median of the seeds keeps the mark."""
        return self.mark.keeps(middle(self.figures.found), middle(self.figures.baseline))

    @property
    def seeds_kept(self) -> int:
        """How many seeds keep the mark."""
        found, beside = (
            self.figures.found,
            self.figures.baseline or [None] * len(self.figures.found),
        )
        return sum(self.mark.keeps(x, y) for x, y in zip(found, beside, strict=True))

    @property
    def caught(self) -> bool:
        """Whether the saboteur misses the mark."""
        beside = self.figures.sabotaged_baseline or self.figures.baseline
        return not self.mark.keeps(middle(self.figures.sabotaged), middle(beside))


def middle(values: Sequence[float]) -> float | None:
    """Return the median, None for none."""
    return float(np.median(values)) if len(values) else None


@cache
def marks(model: str) -> dict[str, Mark]:
    """Return the marks of a model by name.

    Raises:
        ValueError: The table does not say what a mark has to say.
    """
    return {name: read(f"{model}.{name}", entry) for name, entry in table()[model]["marks"].items()}


def gone(model: str) -> list[Change]:
    """Return the marks of a model that there are no more."""
    return [Change(**entry) for entry in table()[model].get("gone", ())]


@cache
def table() -> dict[str, Any]:
    """Return the table as it is written."""
    content: dict[str, Any] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return content


def read(name: str, entry: Mapping[str, Any]) -> Mark:
    """Return an entry of the table as a mark."""
    known = {field.name for field in fields(Mark)} - {"rule", "limit"}
    rules = [key for key in entry if key in RULES]
    if len(rules) != 1 or set(entry) - known - set(RULES):
        raise ValueError(
            f"{name}: needs one of {', '.join(RULES)}; knows {', '.join(known)} beside"
        )
    if not isinstance(entry.get("since"), date):
        raise ValueError(f"{name}: since is {entry.get('since')!r}, must be a date, YYYY-MM-DD")
    changed = tuple(Change(**change) for change in entry.get("changed", ()))
    own = {key: value for key, value in entry.items() if key in known}
    given = own | {"commit": str(entry["commit"]), "changed": changed}
    return Mark(rule=rules[0], limit=float(entry[rules[0]]), **given)


def verdicts(model: str, measured: Sequence[Figures]) -> list[Verdict]:
    """Hold figures against the marks of a model, in the table's order.

    Raises:
        ValueError: There are figures without a mark, or a mark without figures.
    """
    found = {one.mark: one for one in measured}
    if odd := set(found) ^ set(marks(model)):
        raise ValueError(f"{model}: marks and figures differ in {', '.join(sorted(odd))}")
    return [Verdict(mark, found[name]) for name, mark in marks(model).items()]


def unexplained(model: str, kept: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what changed in a model's marks since its result was kept and is not told.

    Args:
        model: Its name.
        kept: The checks of the kept result: name, mark (the text) and changed of each.
    """
    now, said = marks(model), []
    for check in kept:
        name, was = check["name"], check["mark"]
        mark = now.get(name)
        told = [change.was for change in (mark.changed if mark else gone(model))]
        if (mark is None or mark.text != was) and was not in told:
            what = f"is {mark.text}" if mark else "is gone"
            said.append(f"{model}.{name} was {was} when its result was kept and {what}")
        if lost := [change for change in check["changed"] if change["was"] not in told]:
            said.append(f"{model}.{name} no longer tells that it was {lost[0]['was']}")
    return said
