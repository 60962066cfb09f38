"""How many small faults in the source do the tests see? Mutation testing, of a random sample.

Faults are mutmut's (see mutants.py), at places drawn at random from the engine, the mutations, the
fitness functions, the losses, and the papers' methods with losses: 15 of each, and the others in
the proportion of lines. mutmut's own runner would import torch for each of them; here one process
imports it, and forks for each mutant a process in which the mutant takes the file's place. It runs
the tests next to the file, then those of its package that take no time, until one fails or takes
far longer than on the sound source. Tests that start Ray or further processes are left out, and so
are the files that only these run.

A survivor is read, and its verdict kept in mutation_verdicts.yaml: equivalent, or a hole for which
a test is to be written. `--again` runs the survivors of the kept result alone, once there is one.
The mark: 95% of those that are not equivalent are killed.

  python benchmarks/mutation_score.py [--sample 300] [--seed 0] [--again] [--quick] [--save]
"""

from __future__ import annotations

import ast
import datetime
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import forked_tests
import yaml
from forked_tests import ROOT
from measure import RESULTS, mark, parser, report, table
from mutants import Mutant, drawn, places

VERDICTS = Path(__file__).with_name("mutation_verdicts.yaml")
NAME = "mutation_score"
FEW = 15
"""How many mutants each package has at least."""
NEAR, FAR = 15.0, 3.0
"""Seconds that a file of tests takes at most that is run for mutants next to it, and for others."""
UNREAD = "not yet read"
IN_SAMPLE = (
    "Holes that a draw has shown have their tests by now, so it says what is left of them, and "
    "nothing of the next draw: for that, give another seed."
)
Outcomes = Mapping[str, Mapping[str, bool]]
"""Which mutants are killed, by package and name."""
LOSSES = r"loss|objective|penalty|terms|bound|likelihood|information|margin|divergence"


@dataclass(frozen=True)
class Package:
    """What faults are drawn from, and the tests that should see them.

    Attributes:
        sources: Patterns of files.
        tests: Folders of tests.
        functions: What the names of functions have in them, where others are left alone.
        skipped: What the names of files have in them that only Ray's tests run.
    """

    sources: tuple[str, ...]
    tests: tuple[str, ...]
    functions: str = ""
    skipped: str = "^$"

    def files(self) -> list[Path]:
        """Return its files."""
        found = [path for pattern in self.sources for path in sorted(ROOT.glob(pattern))]
        return [path for path in found if not re.search(self.skipped, path.name)]

    def test_files(self) -> list[str]:
        """Return the files of its tests, below the root, but for those that are Ray's."""
        found = [path for folder in self.tests for path in (ROOT / folder).rglob("test_*.py")]
        rays = re.compile(r"_(ray|cluster)\b|test_ray_")
        return [str(one.relative_to(ROOT)) for one in sorted(found) if not rays.search(one.stem)]


PACKAGES = {
    "mutations": Package(("mutations/*.py",), ("tests/mutations",)),
    "fitness": Package(("fitness/*.py",), ("tests/fitness",)),
    "population": Package(
        ("population/**/*.py",), ("tests/population", "tests/promises"), skipped=r"^ray_"
    ),
    "egan/losses": Package(("egan/losses/*.py",), ("tests/egan/losses",)),
    "egan/collection": Package(
        ("egan/collection/*.py", "egan/collection/*/*.py"),
        ("tests/egan/collection",),
        functions=LOSSES,
        skipped=r"^(api|saved|search|testing)\.py$",
    ),
}


def samples(names: Sequence[str], size: int, seed: int) -> dict[str, list[Mutant]]:
    """Draw mutants of some packages: a few of each, the others in the proportion of lines."""
    found = {}
    lines = {name: _lines(PACKAGES[name]) for name in names}
    left = size - FEW * len(names)
    for name in names:
        package, rng = PACKAGES[name], random.Random(f"{seed} {name}")
        functions = re.compile(package.functions) if package.functions else None
        every = [place for path in package.files() for place in places(path, functions)]
        count = FEW + max(0, round(left * lines[name] / sum(lines.values())))
        found[name] = list(islice(drawn(every, ROOT, rng), min(size, count)))
    return found


def _lines(package: Package) -> int:
    """Return the lines of a package, or of its functions of certain names."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in package.files()]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    if not package.functions:
        return sum(tree.body[-1].end_lineno or 0 for tree in trees if tree.body)
    chosen = [node for node in nodes if re.search(package.functions, node.name)]
    return sum((node.end_lineno or 0) - node.lineno + 1 for node in chosen)


def nearest(path: str, tests: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the files of tests that are next to a file or name it, and the others.

    A paper's methods are tested by its own tests alone, whose names begin alike.
    """
    parts = path.removesuffix(".py").split("/")
    if path.startswith("egan/collection"):
        return [one for one in tests if Path(one).stem.startswith(f"test_{parts[2]}")], []
    names = [".".join(parts), *([".".join(parts[:-1])] if len(parts) > 2 else [])]

    def is_near(one: str) -> bool:
        if Path(one).parent == Path("tests", *parts[:-1]) or f"_{parts[-1]}_" in f"{one[:-3]}_":
            return True
        text = (ROOT / one).read_text(encoding="utf-8")
        return any(name in text for name in names)

    first = [one for one in tests if is_near(one)]
    return first, [one for one in tests if one not in first]


def is_killed(mutant: Mutant, known: Mapping[str, float]) -> tuple[bool, float]:
    """Return whether any test sees a mutant, and the CPU seconds that it took."""
    whole: dict[str, float] = {}
    for name, seconds in known.items():
        file = name.split("::")[0]
        whole[file] = whole.get(file, 0.0) + seconds
    first, others = nearest(mutant.path, sorted(whole))
    spent = 0.0
    for some, limit in ((first, NEAR), (others, FAR)):
        if files := [one for one in some if whole[one] < limit]:
            seen, took = forked_tests.run(files, known, swap=(ROOT / mutant.path, mutant.source))
            spent += took
            if seen:
                return True, spent
    return False, spent


def tried(name: str, mutants: Sequence[Mutant], before: Mapping[str, bool]) -> dict[str, bool]:
    """Return which mutants of a package are killed; those that were before are not tried again."""
    outcomes = {mutant.name: True for mutant in mutants if before.get(mutant.name)}
    left = [mutant for mutant in mutants if mutant.name not in outcomes]
    tests = PACKAGES[name].test_files()
    near = {one for mutant in left for group in nearest(mutant.path, tests) for one in group}
    known = forked_tests.baseline(sorted(near)) if left else {}
    print(f"{name}: {len(left)} mutants, {len(known)} tests", flush=True)
    for mutant in left:
        outcomes[mutant.name], seconds = is_killed(mutant, known)
        word = "killed" if outcomes[mutant.name] else "SURVIVED"
        print(f"  {word} {seconds:.1f} s {mutant.line} {mutant.name}", flush=True)
    return {mutant.name: outcomes[mutant.name] for mutant in mutants}


def verdicts() -> dict[str, str]:
    """Return what has been found of survivors, by their names."""
    entries = yaml.safe_load(VERDICTS.read_text(encoding="utf-8"))
    return {entry["mutant"]: entry["verdict"] for entry in entries}


def row(name: str, outcomes: Mapping[str, bool], judged: Mapping[str, str]) -> list[str]:
    """Return a line of the table: drawn, killed, equivalent, share killed of the others."""
    killed, equivalent = sum(outcomes.values()), len(_equivalent(outcomes, judged))
    return [
        name,
        *map(str, (len(outcomes), killed, equivalent)),
        f"{_share(outcomes, judged):.1f}%",
    ]


def _equivalent(outcomes: Mapping[str, bool], judged: Mapping[str, str]) -> list[str]:
    lived = [name for name, killed in outcomes.items() if not killed]
    return [name for name in lived if judged.get(name, "").startswith("equivalent")]


def _share(outcomes: Mapping[str, bool], judged: Mapping[str, str]) -> float:
    counted = len(outcomes) - len(_equivalent(outcomes, judged))
    return 100 * sum(outcomes.values()) / max(1, counted)


def commit() -> str:
    """Return what the source is called, on which a draw depends."""
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def written(found: Outcomes, *, seed: int, source: str, seconds: float) -> str:
    """Return the result: the table, the mark, and each survivor with its verdict."""
    judged = verdicts()
    every = {name: killed for outcomes in found.values() for name, killed in outcomes.items()}
    rows = [row(name, outcomes, judged) for name, outcomes in found.items()]
    heads = ["package", "drawn", "killed", "equivalent", "killed of the others"]
    lived = [
        f"- `{name}`\n  {judged.get(name, UNREAD)}" for name, dead in every.items() if not dead
    ]
    drawn_by = f"mutmut {version('mutmut')}, seed {seed}, commit {source}"
    counted = f"{len(every)} mutants, {seconds / 60:.0f} CPU-minutes"
    said = [
        f"{datetime.date.today()}, {drawn_by}: {counted}.\n{IN_SAMPLE}\n",
        table(heads, [*rows, row("all", every, judged)]),
        "",
        mark("mutants killed, %", _share(every, judged), 95.0, at_least=True),
        "\nSurvivors:\n" if lived else "\nNone survives.",
    ]
    return "\n".join([*said, *lived])


def keep(found: Outcomes, *, seed: int, source: str, seconds: float, save: bool) -> None:
    """Print the result and, where asked, keep it."""
    text = written(found, seed=seed, source=source, seconds=seconds)
    known = {"seed": seed, "commit": source, "mutmut": version("mutmut"), "seconds": round(seconds)}
    report(NAME, text, {**known, "mutants": found}, save=save)


def main() -> int:
    """Draw mutants, run tests on each, and say which live."""
    options = parser(__doc__ or "")
    options.add_argument("--sample", type=int, default=300, help="how many mutants")
    options.add_argument("--seed", type=int, default=0, help="of the draw")
    options.add_argument("--again", action="store_true", help="the kept result's survivors alone")
    chosen = options.parse_args()
    before: dict[str, Any] = {"mutants": {}, "seconds": 0.0}
    if chosen.again:
        before = json.loads((RESULTS / f"{NAME}.json").read_text(encoding="utf-8"))
    forked_tests.warm_up()
    names = ["mutations"] if chosen.quick else list(PACKAGES)
    sample = samples(names, 4 if chosen.quick else chosen.sample, chosen.seed)
    found = {name: tried(name, sample[name], before["mutants"].get(name, {})) for name in names}
    seconds = before["seconds"] + sum(os.times()[:4])
    keep(found, seed=chosen.seed, source=commit(), seconds=seconds, save=chosen.save)
    return 0


if __name__ == "__main__":
    sys.exit(main())
