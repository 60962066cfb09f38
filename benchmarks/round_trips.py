"""Is everything that a search writes read back as it was, type and all, bit for bit?

Random cells, tables, searches, schedules and checkpoints, and checkpoints forged with their
checksums, are drawn by hypothesis, which shrinks what fails to its smallest form. The tests draw
some hundred; this draws 10,000. The mark: none fails.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from timing import add_save, save, table

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
        seed(0)(options(given(*drawn)(lambda *values: check(*values))))()
    except Exception as error:  # whatever a check raises is a finding
        notes = " ".join(getattr(error, "__notes__", []))
        return f"{type(error).__name__}: {error} {notes}"[:300]
    return ""


def main() -> int:
    """Run all parts; return 1 where one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="a hundredth of the examples")
    add_save(parser)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    rows, failures = [], []
    for name, (share, check, drawn) in PARTS.items():
        count = max(2, round(share * arguments.examples / (100 if arguments.quick else 1)))
        started = time.perf_counter()
        found = tried(check, drawn, count)
        failures += [f"{name}: {found}"] if found else []
        rows.append([name, str(count), "failed" if found else "all come back"])
        print(f"{name}: {rows[-1][-1]} ({count} examples, {time.perf_counter() - started:.0f} s)")
    text = table(["what", "examples", "outcome"], rows) + "\n\n" + "\n".join(failures or ["kept"])
    print(text)
    save(arguments, "round_trips", text)
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
