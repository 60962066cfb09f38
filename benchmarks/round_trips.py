"""Is everything that a search writes read back as it was, type and all, bit for bit?

Random cells, tables, searches, schedules and checkpoints, and checkpoints forged with their
checksums, are drawn by hypothesis, which shrinks what fails to its smallest form. The tests draw
some hundred; this draws 10,000. The mark: none fails.

  python benchmarks/round_trips.py [--examples 10000] [--quick] [--save]
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from measure import mark, parser, report, table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "population"))
import round_trips as trips

PARTS: dict[str, tuple[float, Any, tuple[Any, ...]]] = {
    "cells": (0.3, trips.check_cell, (trips.VALUES,)),
    "tables": (0.2, trips.check_table, (trips.tables(),)),
    "searches over options": (0.05, trips.check_options, (trips.OPTIONS,)),
    "operators and their searches": (
        0.05,
        trips.check_operators,
        (trips.OPERATORS, trips.groups()),
    ),
    "schedules": (0.1, trips.check_schedule, (trips.groups(), trips.OPERATORS.map(lambda n: n[0]))),
    "checkpoints": (0.15, trips.check_snapshot, (trips.snapshots(),)),
    "forged checkpoints": (
        0.15,
        trips.check_forgery,
        (trips.snapshots(), st.integers(0, 10_000), trips.WRONG),
    ),
}
"""By name: the share of all examples, the check, and what it is given."""


def tried(check: Any, drawn: tuple[Any, ...], count: int) -> str:
    """Return what came of a number of examples: nothing, or the smallest one that fails."""
    options = settings(
        max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    try:
        seed(0)(options(given(*drawn)(check)))()
    except Exception as error:  # whatever a check raises is a finding
        notes = " ".join(getattr(error, "__notes__", []))
        return f"{type(error).__name__}: {error} {notes}"[:300]
    return ""


def main() -> int:
    """Run all parts; return 1 where one fails."""
    options = parser(__doc__ or "")
    options.add_argument("--examples", type=int, default=10_000)
    chosen = options.parse_args()
    logging.disable(logging.WARNING)
    rows, failures = [], []
    for name, (share, check, drawn) in PARTS.items():
        count = max(2, round(share * chosen.examples / (100 if chosen.quick else 1)))
        found = tried(check, drawn, count)
        failures += [f"{name}: {found}"] if found else []
        rows.append([name, str(count), "failed" if found else "all come back"])
        print(" | ".join(rows[-1]), flush=True)
    said = [table(["what", "examples", "outcome"], rows), "", *failures]
    said.append(mark("parts in which an example fails", len(failures), 0, form=".0f"))
    values = {"examples": {name: count for name, count, _ in rows}, "failures": failures}
    report("round_trips", "\n".join(said), values, save=chosen.save)
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
