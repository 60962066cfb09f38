"""Does augmentation help where pictures are few? A DCGAN on 100 and on 500 of them, 32x32.

Without augmentation, with DiffAugment and with ADA, three seeds each, all else alike: networks,
batches, updates, codes. Judged by the Fréchet distance of 1,000 samples of the averaged generator
to pictures that none of them was trained on, in the features of a classifier that was trained on
others; told at the end of training, and at the best of five looks beside.

ADA may bring p from 0 to 1 in 10 thousand pictures instead of 500, as these runs show D 32 thousand
in all. The marks were written before the first run, which missed them: 1.23 and 1.73. Whether
longer training, in which a discriminator may learn so few pictures by heart, makes a difference is
a second question, `--updates 8000 --numbers 100`, with the same mark, written before that.

Each run is kept in a file as it ends, so that a benchmark that was broken off goes on.

  python benchmarks/augmentation.py [--kept FILE] [--data openmoji] [--updates 8000] [--numbers 100]
      [--save]
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from acceptance.training import built, samples, train
from measure import cell, mark, parser, report, table

import fitness
from egan.data import load
from egan.data.dataset import Dataset
from egan.data.splits import subset
from egan.judging.classifier import one_thread
from egan.judging.features import Features, extractor
from egan.tasks import Generation

METHODS: dict[str, dict[str, Any]] = {
    "none": {},
    "diffaugment": {"augment": "diffaugment"},
    "ada": {"augment": "ada", "ada_kimg": 10.0},
}
NUMBERS = (100, 500)
SEEDS = (0, 1, 2)
MARKS = {100: 0.8, 500: 0.9}
"""The better family's median distance by that without augmentation, at most."""
LOOKS, UPDATES, BATCH = 5, 2000, 16
SETTINGS = {"width": 16, "discriminator_width": 16, "batch_size": BATCH, "latent_dim": 64}
HELD_OUT = 700
Row = dict[str, Any]


@cache
def pictures(name: str, size: int) -> tuple[Dataset, Dataset, Features]:
    """Return what is drawn from to learn, what is held out, and features of all but that."""
    whole = load(name, image_size=size)
    order = np.random.default_rng(0).permutation(len(whole))
    known = subset(whole, np.sort(order[HELD_OUT:]))
    return known, subset(whole, np.sort(order[:HELD_OUT])), extractor(known)


def few(known: Dataset, number: int) -> Dataset:
    """Return some of the pictures, those of a smaller number among those of a larger one."""
    return subset(known, np.random.default_rng(1).permutation(len(known))[:number])


def run(
    method: str, number: int, seed: int, *, data: str, size: int, updates: int, quick: bool
) -> Row:
    """Train a DCGAN; return its distances at each look, and what it took."""
    known, held_out, features = pictures(data, size)
    real = features.features(held_out.real(HELD_OUT))
    changed = {**SETTINGS, **METHODS[method], "generator_lr": 5e-4, "discriminator_lr": 5e-4}
    task = Generation(few(known, number), held_out, features)
    model = built("dcgan", seed, task=task, quick=quick, **changed)
    started, distances = time.process_time(), []
    for _ in range(2 if quick else LOOKS):
        train(model, seed, updates=updates // LOOKS, quick=quick)
        made = samples(model, 200 if quick else 1000, seed)
        distances.append(float(fitness.frechet_distance(real, features.features(made))))
    seconds = time.process_time() - started
    return {
        "method": method,
        "number": number,
        "seed": seed,
        "distances": distances,
        "seconds": round(seconds, 1),
        **model.gauges(),
    }


def rows_of(kept: Path, numbers: Sequence[int], *, quick: bool, **how: Any) -> list[Row]:
    """Return all runs, those that are kept already and those that are made now."""
    rows = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    done = {(row["method"], row["number"], row["seed"]) for row in rows}
    for seed in SEEDS[: 1 if quick else None]:
        for number in numbers:
            for method in METHODS:
                if (method, number, seed) in done:
                    continue
                row = run(method, number, seed, quick=quick, **how)
                with kept.open("a") as lines:
                    lines.write(json.dumps(row) + "\n")
                rows.append(row)
                print(f"{number} {method} {seed}: {row['distances'][-1]:.3g}", flush=True)
    return rows


def described(rows: list[Row], *, data: str, size: int) -> str:
    """Return a table of medians and quartiles, and the marks."""
    known, held_out, features = pictures(data, size)
    floor = few(known, min(HELD_OUT, len(known)))
    distance = fitness.frechet_distance(
        features.features(held_out.real(HELD_OUT)), features.features(floor.real(HELD_OUT))
    )
    lines, said = [], []
    for number in sorted({row["number"] for row in rows}):
        ends = {}
        for method in METHODS:
            mine = [row for row in rows if (row["method"], row["number"]) == (method, number)]
            ends[method] = [row["distances"][-1] for row in mine]
            best = [min(row["distances"]) for row in mine]
            p = [row.get("augment_p", 0.0) for row in mine]
            seconds = [row["seconds"] for row in mine]
            shown = f"{np.median(p):.2f}" if method == "ada" else ""
            cells = [cell(ends[method], ".3g"), cell(best, ".3g"), shown, cell(seconds, ".0f")]
            lines.append([str(number), method, *cells])
        medians = {method: float(np.median(values)) for method, values in ends.items()}
        better = min(medians["diffaugment"], medians["ada"]) / medians["none"]
        name = f"{number} pictures, the better family / none"
        said.append(mark(name, better, MARKS[number], form=".2f"))
    heads = ["pictures", "augmentation", "Fréchet at the end", "at the best look", "p", "CPU s"]
    floors = f"{HELD_OUT} pictures that were not held out have {distance:.3g}."
    return "\n".join([table(heads, lines), "", floors, "", *said])


def main() -> None:
    """Run what is not kept yet, and tell."""
    options = parser(__doc__ or "")
    options.add_argument("--data", help="a data set that needs no path; by default openmoji")
    options.add_argument("--kept", type=Path, help="where runs are kept")
    options.add_argument("--updates", type=int, default=UPDATES, help="of each run")
    options.add_argument("--numbers", type=int, nargs="+", default=NUMBERS, choices=NUMBERS)
    given = options.parse_args()
    data = given.data or ("digits" if given.quick else "openmoji")
    size = 8 if given.quick else 32
    with tempfile.TemporaryDirectory() as folder, one_thread():
        kept = given.kept or Path(folder) / "runs.jsonl"
        how = {"data": data, "size": size, "updates": given.updates}
        rows = rows_of(kept, given.numbers, quick=given.quick, **how)
        text = described(rows, data=data, size=size)
    heading = f"{data}, {size}x{size}, {given.updates:,} updates of {BATCH}, medians (quartiles):"
    name = "augmentation" + f"_{given.updates}" * (given.updates != UPDATES)
    report(name, f"{heading}\n\n{text}", {"runs": rows}, save=given.save)


if __name__ == "__main__":
    main()
