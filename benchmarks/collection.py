"""What each model of the collection must reach, beside baselines trained in the same run.

A row is a clause: the median of the seeds (with their range), that of what it is compared with, the
mark, and whether it is kept. Each runs in this process, on one torch thread.

  python benchmarks/collection.py [gan vae ...] [--seeds 5] [--quick] [--save]
  python benchmarks/collection.py --overview      the table in README.md, from the kept results
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from acceptance import Check
from measure import RESULTS, parser, report, table

from egan.collection import MODELS
from population.seeding import pin_threads

SEEDS = 3
FOLDER = Path(__file__).parent / "acceptance"
NAMES = [name for name in MODELS if (FOLDER / f"{name}.py").exists()]
TELLING = {
    "gan": 2,
    "vae": 0,
    "capsnet": 1,
    "infogan": 1,
    "fgan": 2,
    "lsgan": 3,
    "wgan": 3,
    "biggan": 7,
    "stylegan": 3,
}
"""Which of a model's checks says most, where it is not the first."""

HEADS = ("what", "median (range)", "beside", "median (range)", "mark", "")


def shown(values: Sequence[float]) -> str:
    """Return "median (lowest to highest)", or "" for none."""
    if not len(values):
        return ""
    low, middle, high = np.percentile(values, [0, 50, 100])
    return f"{middle:.3g} ({low:.3g} to {high:.3g})"


def row(check: Check) -> list[str]:
    """Return a clause as a row of the table."""
    said = "kept" if check.kept else "MISSED"
    beside = shown(check.baseline)
    return [check.name, shown(check.found), check.baseline_name, beside, check.mark, said]


def measured(name: str, num_seeds: int | None, *, quick: bool) -> tuple[str, dict[str, Any]]:
    """Run a model's acceptance; return a text and the values."""
    module = import_module(f"acceptance.{name}")
    seeds = range(1 if quick else num_seeds or getattr(module, "SEEDS", SEEDS))
    started = time.process_time()
    checks = module.accept(seeds, quick=quick)
    seconds = time.process_time() - started
    kept = sum(bool(check.kept) for check in checks)
    verdict = f"{name}: {kept} of {len(checks)} marks kept by the median of {len(seeds)} seeds"
    text = [
        f"{MODELS[name].paper}.",
        table(HEADS, [row(check) for check in checks]),
        f"{verdict}; {seconds:.0f} CPU seconds on one thread.",
        *([module.TRIED] if hasattr(module, "TRIED") else []),
    ]
    values = {"seeds": list(seeds), "cpu_seconds": seconds}
    return "\n\n".join(text), values | {"checks": [plain(check) for check in checks]}


def plain(check: Check) -> dict[str, Any]:
    """Return a check as JSON knows it."""
    numbers = {"found": [float(x) for x in check.found]}
    numbers["baseline"] = [float(x) for x in check.baseline]
    return {**asdict(check), **numbers, "kept": bool(check.kept)}


def overview() -> str:
    """Return a row for each model: its telling figure, what that is compared with, its marks."""
    rows = []
    for name in NAMES:
        path = RESULTS / f"collection_{name}.json"
        if path.exists():
            checks = json.loads(path.read_text(encoding="utf-8"))["checks"]
            kept = sum(check["kept"] and "taken_back" not in check for check in checks)
            evolves = "yes" if MODELS[name].family == "adversarial" else "no"
            said = telling(checks, TELLING.get(name, 0))
            rows.append([f"`{name}`", evolves, *said, f"{kept} of {len(checks)}"])
    return table(["model", "evolves", "what", "median (range)", "beside", "marks kept"], rows)


def telling(checks: Sequence[dict[str, Any]], place: int) -> list[str]:
    """Return what a check is about, its figure, and its baseline or mark."""
    check = checks[place]
    beside = f"{check['baseline_name']}: {shown(check['baseline'])}"
    what = check["name"].replace("|", "\\|")
    return [what, shown(check["found"]), beside if check["baseline"] else check["mark"]]


def main() -> None:
    """Run the models that are named, or all."""
    options = parser(__doc__ or "")
    options.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; or all")
    options.add_argument("--seeds", type=int, help=f"by default {SEEDS}, for some models more")
    options.add_argument(
        "--overview", action="store_true", help="print the kept results as one table"
    )
    given = options.parse_args()
    if given.overview:
        print(overview())
        return
    if unknown := set(given.names) - set(NAMES):
        options.error(f"unknown: {', '.join(sorted(unknown))}; choose from {', '.join(NAMES)}")
    pin_threads(1)
    for name in given.names or NAMES:
        text, values = measured(name, given.seeds, quick=given.quick)
        report(f"collection_{name}", text, values, save=given.save)


if __name__ == "__main__":
    main()
