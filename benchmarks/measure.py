"""What the benchmarks share: their options, quartiles, and how a result is kept."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).parent / "results"
VERSIONS = ("numpy", "torch", "ray")


def parser(description: str) -> argparse.ArgumentParser:
    """Return a parser with the options that every benchmark has."""
    shown = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shown.add_argument("--quick", action="store_true", help="a few seconds, to see that it works")
    shown.add_argument("--save", action="store_true", help="keep the result in benchmarks/results")
    return shown


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the median, the quartiles and the range of values."""
    low, first, middle, third, high = np.percentile(values, [0, 25, 50, 75, 100])
    return {"median": middle, "q1": first, "q3": third, "min": low, "max": high}


def cell(values: Sequence[float], form: str = ".1f") -> str:
    """Return "median (first to third quartile)"."""
    found = spread(values)
    return f"{found['median']:{form}} ({found['q1']:{form}} to {found['q3']:{form}})"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return an aligned markdown table."""
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
    lines = [" | ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)) for row in rows]
    head = " | ".join(f"{c:<{w}}" for c, w in zip(heads, widths, strict=True))
    rule = " | ".join("-" * width for width in widths)
    return "\n".join(f"| {line} |" for line in (head, rule, *lines))


def mark(
    name: str, value: float, limit: float, *, at_least: bool = False, form: str = ".1f"
) -> str:
    """Return a sentence that says whether a measured value keeps its mark."""
    good = value >= limit if at_least else value <= limit
    bound = "at least" if at_least else "at most"
    kept = "kept" if good else "MISSED"
    return f"{name}: {value:{form}}, mark {bound} {limit:{form}}: {kept}."


def report(name: str, text: str, values: dict[str, Any], *, save: bool) -> None:
    """Print a result and, where asked, keep it as results/NAME.md and results/NAME.json."""
    text = f"{text}\n\n{machine()}"
    print(text)
    if save:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{name}.md").write_text(f"# {name}\n\n{text}\n", encoding="utf-8")
        content = json.dumps({"machine": machine(), **values}, indent=1)
        (RESULTS / f"{name}.json").write_text(content + "\n", encoding="utf-8")
        print(f"wrote {RESULTS / name}.md and .json")


def kept(name: str) -> dict[str, Any]:
    """Return the values that a benchmark has kept, none where it has not."""
    path = RESULTS / f"{name}.json"
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return values


def machine() -> str:
    """Return what a figure depends on: cores, other load, versions."""
    load = os.getloadavg()[0]
    versions = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    return (
        f"{os.cpu_count()} cores, load average {load:.1f} at the end, "
        f"Python {platform.python_version()}, {versions}"
    )


@contextmanager
def ray_session(num_cpus: int) -> Iterator[None]:
    """Start Ray on this machine as our executor does, for everything that is measured."""
    from population.executors.ray_cluster import connect, disconnect

    session = connect(None, num_actors=num_cpus)
    try:
        yield
    finally:
        disconnect(session)
