"""The default run, `python -m egan.run`: what it reaches, and how long it takes.

python benchmarks/digits.py [--seeds 3] [--first-seed 0] [--executor ray] [--quick] [--save]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from measure import cell, mark, parser, report, table

CLASSES = 10
DISTANCE_MARK = 1 / 3
WALL_MARK = 120.0
SHOWN = {"first": ".3g", "last": ".3g", "ratio": ".4f", "classes": ".0f", "wall": ".1f"}


def run(seed: int, *, executor: str, generations: int | None) -> dict[str, float]:
    """Return the first and last Fréchet distance, the last classes, and wall seconds of a run.

    Raises:
        RuntimeError: The run failed; the message is its own.
    """
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "egan.run", "digits", "--seed", str(seed)]
        words += ["--executor", executor, "--output", folder]
        words += [] if generations is None else ["--generations", str(generations)]
        started = time.perf_counter()
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        wall = time.perf_counter() - started
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}:\n{done.stderr}")
        looks = pd.read_csv(next(Path(folder).glob("*/metrics.csv")))
    first, last = looks["frechet"].iloc[0], looks["frechet"].iloc[-1]
    classes = looks["classes"].iloc[-1]
    return {"first": first, "last": last, "ratio": last / first, "classes": classes, "wall": wall}


def main() -> None:
    """Run every seed and compare with the marks."""
    options = parser(__doc__ or "")
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--first-seed", type=int, default=0)
    options.add_argument("--executor", choices=["ray", "inline"], default="ray")
    given = options.parse_args()
    if given.quick:
        given.seeds, given.executor = 1, "inline"
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    runs = []
    for seed in seeds:
        runs.append(run(seed, executor=given.executor, generations=40 if given.quick else None))
        print(f"seed {seed}: {runs[-1]}", flush=True)
    columns = {name: [found[name] for found in runs] for name in SHOWN}
    rows = [
        [str(s), *(format(found[n], f) for n, f in SHOWN.items())]
        for s, found in zip(seeds, runs, strict=True)
    ]
    rows.append(["median", *(cell(columns[name], form) for name, form in SHOWN.items())])
    heads = ["seed", "first distance", "last distance", "ratio", "classes", "wall seconds"]
    medians = {name: float(np.median(values)) for name, values in columns.items()}
    said = [
        table(heads, rows) + "\n",
        mark("worst ratio of distances", max(columns["ratio"]), DISTANCE_MARK, form=".3f"),
        mark("fewest classes", min(columns["classes"]), CLASSES, at_least=True, form=".0f"),
        mark("median wall seconds, idle machine", medians["wall"], WALL_MARK),
    ]
    values = {"executor": given.executor, "runs": runs, "medians": medians}
    report("digits", "\n".join(said), values, save=given.save)


if __name__ == "__main__":
    main()
