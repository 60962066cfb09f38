"""What each model of the collection must reach, beside baselines trained in the same run.

A row is a mark: the median of the seeds (with their range), that of what it is compared with, the
mark, how many seeds keep it, and whether the median does. A second table has what a broken model
reaches, which has to miss the mark; a third, since when each mark is so and what it was before.
Each runs in this process, on one torch thread. The marks are in benchmarks/marks.yaml; a mark that
differs from the kept result's has to say so there.

  python benchmarks/collection.py [gan vae ...] [--seeds 5] [--quick] [--save]
  python benchmarks/collection.py --overview      the table of docs/collection.md, of kept results
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from acceptance import Figures
from acceptance.marks import Verdict, gone, marks, unexplained, verdicts
from measure import RESULTS, parser, report, table

from egan.collection import MODELS
from population.seeding import pin_arithmetic

SEEDS = 3
FOLDER = Path(__file__).parent
NAMES = [name for name in MODELS if (FOLDER / "acceptance" / f"{name}.py").exists()]
FIGURES = ("what", "median (range)", "beside", "median (range)", "mark", "seeds", "")
BROKEN = ("what", "mark", "broken", "median (range)", "")
DATES = ("what", "mark", "set on", "at commit")


def shown(values: Sequence[float]) -> str:
    """Return "median (lowest to highest)", or "" for none."""
    if not len(values):
        return ""
    low, middle, high = np.percentile(values, [0, 50, 100])
    return f"{middle:.3g} ({low:.3g} to {high:.3g})"


def figures(found: Sequence[Verdict]) -> str:
    """Return the table of what the model reaches."""
    rows = []
    for one in found:
        own, beside = shown(one.figures.found), shown(one.figures.baseline)
        seeds = f"{one.seeds_kept} of {len(one.figures.found)}"
        said = "kept" if one.kept else "MISSED"
        name = one.figures.baseline_name
        rows.append([one.mark.says, own, name, beside, one.mark.text, seeds, said])
    return table(FIGURES, rows)


def broken(found: Sequence[Verdict]) -> str:
    """Return the table of what a broken model reaches."""
    rows = []
    for one in found:
        value = shown(one.figures.sabotaged)
        if one.figures.sabotaged_baseline:
            value += f", beside {shown(one.figures.sabotaged_baseline)}"
        said = "misses" if one.caught else "KEEPS IT"
        rows.append([one.mark.says, one.mark.text, one.figures.saboteur, value, said])
    return table(BROKEN, rows)


def history(name: str) -> str:
    """Return since when a model's marks are so, and what they were before."""
    rows, lines = [], []
    for mark in marks(name).values():
        rows.append([mark.says, mark.text, str(mark.since), mark.commit])
        for old in mark.changed:
            what = f"*{old.says or mark.says}* was {old.was} until {old.until}, now {mark.text}"
            lines.append(f"- {what}. It gave {old.gave}. {old.why}")
    for old in gone(name):
        what = f"*{old.says}* was {old.was} until {old.until}, and is gone"
        lines.append(f"- {what}. It gave {old.gave}. {old.why}")
    changes = ["Marks that changed after a run:\n\n" + "\n".join(lines)] if lines else []
    return "\n\n".join([table(DATES, rows), *changes])


def measured(name: str, num_seeds: int | None, *, quick: bool) -> tuple[str, dict[str, Any]]:
    """Run a model's acceptance; return a text and the values."""
    module = import_module(f"acceptance.{name}")
    seeds = range(1 if quick else num_seeds or getattr(module, "SEEDS", SEEDS))
    started = time.process_time()
    found = verdicts(name, module.accept(seeds, quick=quick))
    run = {"date": str(date.today()), "commit": commit(), "seeds": list(seeds)}
    return judged(name, found, run | {"cpu_seconds": time.process_time() - started})


def again(name: str, kept: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Hold a kept result's figures against the marks of today; return a text and the values."""
    names = {field.name for field in fields(Figures)} - {"mark"}
    parts = [{key: check[key] for key in names} for check in kept["checks"]]
    pairs = zip(kept["checks"], parts, strict=True)
    found = verdicts(name, [Figures(mark=check["name"], **part) for check, part in pairs])
    run = {key: kept[key] for key in ("date", "commit", "seeds", "cpu_seconds")}
    return judged(name, found, run)


def judged(name: str, found: Sequence[Verdict], run: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the text of verdicts, and the values to keep.

    Args:
        name: The model.
        found: Its marks and what was held against them.
        run: Date, commit, seeds and CPU seconds of the run.
    """
    module = import_module(f"acceptance.{name}")
    kept, caught = (sum(getattr(one, what) for one in found) for what in ("kept", "caught"))
    text = [
        f"{MODELS[name].paper}.",
        figures(found),
        f"{name}: {kept} of {len(found)} marks kept by the median of {len(run['seeds'])} seeds.",
        broken(found),
        f"{caught} of {len(found)} saboteurs miss their mark.",
        history(name),
        f"{run['cpu_seconds']:.0f} CPU seconds on one thread, on {run['date']} at {run['commit']}.",
        *([module.TRIED] if hasattr(module, "TRIED") else []),
    ]
    return "\n\n".join(text), run | {"checks": [plain(one) for one in found]}


def plain(one: Verdict) -> dict[str, Any]:
    """Return a verdict as JSON knows it."""
    values = {key: value for key, value in asdict(one.figures).items() if key != "mark"}
    numbers = {key: v if isinstance(v, str) else list(map(float, v)) for key, v in values.items()}
    changed = [{"until": str(old.until), "was": old.was} for old in one.mark.changed]
    judged = {"kept": one.kept, "seeds_kept": one.seeds_kept, "caught": one.caught}
    name = {"name": one.figures.mark, "says": one.mark.says, "leading": one.mark.leading}
    return {**name, "mark": one.mark.text, **numbers, **judged, "changed": changed}


def commit() -> str:
    """Return the commit that is measured, with a + where files differ from it."""
    words = ["git", "-C", str(FOLDER), "describe", "--always", "--dirty=+", "--exclude=*"]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()


def kept_result(name: str) -> dict[str, Any] | None:
    """Return the kept result of a model, None where there is none."""
    path = RESULTS / f"collection_{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def overview() -> str:
    """Return a row for each model: its leading mark, what that is compared with, its marks."""
    rows = []
    for name in NAMES:
        result = kept_result(name)
        if result is not None:
            checks = result["checks"]
            kept = sum(check["kept"] for check in checks)
            [leading] = [check for check in checks if check["leading"]]
            evolves = "yes" if MODELS[name].evolves else "no"
            said = telling(leading, len(result["seeds"]))
            rows.append([f"`{name}`", evolves, *said, f"{kept} of {len(checks)}"])
    heads = "model", "evolves", "what", "median (range)", "beside", "seeds", "marks kept"
    return table(heads, rows)


def telling(check: dict[str, Any], num_seeds: int) -> list[str]:
    """Return what a check is about, its figure, what is beside it, and the seeds that keep it."""
    beside = f"{check['baseline_name']}: {shown(check['baseline'])}"
    what = check["says"].replace("|", "\\|")
    against = beside if check["baseline"] else check["mark"]
    seeds = f"{check['seeds_kept']} of {num_seeds}"
    return [what, shown(check["found"]), against, seeds if check["kept"] else f"{seeds}, MISSED"]


def main() -> None:
    """Run the models that are named, or all."""
    options = parser(__doc__ or "")
    options.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; or all")
    options.add_argument("--seeds", type=int, help=f"by default {SEEDS}, for some models more")
    options.add_argument(
        "--overview", action="store_true", help="print the kept results as one table"
    )
    options.add_argument(
        "--again", action="store_true", help="hold kept figures against today's marks; run nothing"
    )
    given = options.parse_args()
    if given.overview:
        print(overview())
        return
    if unknown := set(given.names) - set(NAMES):
        options.error(f"unknown: {', '.join(sorted(unknown))}; choose from {', '.join(NAMES)}")
    names = given.names or NAMES
    results = {name: kept_result(name) for name in names}
    if said := [
        x for name, kept in results.items() if kept for x in unexplained(name, kept["checks"])
    ]:
        options.error(
            "; ".join(said) + ". Tell of it under changed or gone in benchmarks/marks.yaml"
        )
    pin_arithmetic(1)
    for name in names:
        result = results[name]
        if given.again and result is not None:
            text, values = again(name, result)
        else:
            text, values = measured(name, given.seeds, quick=given.quick)
        report(f"collection_{name}", text, values, save=given.save)


if __name__ == "__main__":
    main()
