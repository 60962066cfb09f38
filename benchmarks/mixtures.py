"""The presets of the two mixtures: modes covered, share of high-quality samples, CPU time.

A mode counts if a tenth of its fair share of 2,500 samples of the averaged generator lie within
3 std; those samples are of high quality. Each run is one process on one torch thread.

  python benchmarks/mixtures.py [--presets gaussians25] [--seeds 5] [--first-seed 0] [--save]
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
from measure import cell, mark, parser, report, table

from egan import collection
from egan.comparison.methods import EGAN
from egan.comparison.run import load_study
from egan.comparison.study import Row, Trial

MARKS = {"gaussians25": (24, 0.70), "gaussians8": (8, 0.80)}
CPU_MARK = 180.0


def run(preset: str, seed: int, generations: int | None) -> Row:
    """Return one run's scores, with all of its CPU time: building, training and the look."""
    config = collection.preset(preset)
    study = load_study(replace(config, generations=generations or config.generations))
    trial = Trial(method=EGAN, seed=seed, generations=study.config.generations)
    started = time.process_time()
    row = study.run(trial, lambda *_: None)[0]
    return {**row, "cpu_seconds": time.process_time() - started}


def describe(preset: str, rows: list[Row]) -> tuple[str, dict[str, Any]]:
    """Return a table of one preset's seeds with the marks, and its values."""
    columns = {name: [float(row[name]) for row in rows] for name in rows[0] if name in SHOWN}
    cells = [
        [str(row["seed"]), *(format(row[name], form) for name, form in SHOWN.items())]
        for row in rows
    ]
    cells.append(["median", *(cell(columns[name], form) for name, form in SHOWN.items())])
    modes, share = MARKS[preset]
    medians = {name: float(np.median(values)) for name, values in columns.items()}
    said = [
        table(["seed", *SHOWN], cells) + "\n",
        mark("median modes", medians["modes"], modes, at_least=True, form=".3g"),
        mark("median high quality", medians["high_quality"], share, at_least=True, form=".3f"),
        mark("most CPU seconds of a run", max(columns["cpu_seconds"]), CPU_MARK),
    ]
    heading = f"{preset}, {rows[0]['generations']:,} generations:"
    return "\n".join([heading, "", *said]), {"runs": rows, "medians": medians}


SHOWN = {"modes": ".3g", "high_quality": ".3f", "jsd": ".4f", "cpu_seconds": ".1f"}


def main() -> None:
    """Run every preset with every seed."""
    options = parser(__doc__ or "")
    options.add_argument("--presets", nargs="+", default=list(MARKS), choices=list(MARKS))
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--first-seed", type=int, default=0)
    given = options.parse_args()
    seeds = range(given.first_seed, given.first_seed + (1 if given.quick else given.seeds))
    generations = 20 if given.quick else None
    found = {}
    for preset in given.presets:
        rows: list[Row] = []
        for seed in seeds:
            rows.append(run(preset, seed, generations))
            print(f"{preset}: {rows[-1]}", flush=True)
        found[preset] = describe(preset, rows)
    text = "\n\n".join(said for said, _ in found.values())
    report("mixtures", text, {p: values for p, (_, values) in found.items()}, save=given.save)


if __name__ == "__main__":
    main()
