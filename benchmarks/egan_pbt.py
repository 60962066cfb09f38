"""E-GAN x PBT against random search at equal total compute, from a wide prior, judged on test data.

Members are whole evolutions, whose rates, R1, steps, objective and niches the search varies; of one
seed both searches start with the same members. They are ranked on what the run holds out of the
training part; what is reported is the best member of the last population on the test part, which no
search has seen, in features of a classifier of another seed. Both train for the same rounds; then
the one that has had less CPU time goes on, round by round, until it has had as much as the other,
and is judged again. What is compared, and what decides, is in egan_pbt_NAME.yaml beside this.

Each seed is on disk as soon as it has ended, and the same command goes on with the next one.

  python benchmarks/egan_pbt.py [digits mnist5k] [--seeds 10] [--output FOLDER] [--quick] [--save]
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from acceptance.training import reference
from measure import RESULTS, machine, parser
from rich.progress import track

from egan import collection
from egan.collection.api import build
from egan.collection.search import strategy_of
from egan.commandline.parse import starting_point
from egan.comparison.protocol import BUDGETS, CPU, SECTION, STEPS, Protocol, protocol_of
from egan.comparison.table import markdown
from egan.comparison.verdicts import Beside
from egan.config import RunConfig, to_dict
from egan.evolution.whole import WholeEvolution, best_of
from egan.runs.checks import checked
from egan.runs.plan import plan
from egan.runs.preparation import prepare
from egan.training.model import stream
from population import Result, Search
from population.records.journal import Journal, read_journal, with_numbers
from population.records.snapshot import Snapshot
from population.seeding import pin_arithmetic

NAMES = ("digits", "mnist5k")
QUICK = {"population": 4, "rounds": 1, "interval": 2}
JUDGED = 7193

Row = dict[str, float | int | str]


@dataclass(kw_only=True)
class Contestant:
    """A search that goes on round by round.

    Attributes:
        method: The search's name on the command line.
        study: What all searches share.
        seed: Of everything.
        rounds: How many it has had.
        spent: CPU seconds so far.
    """

    method: str
    study: Study
    seed: int
    rounds: int = 0
    spent: float = 0.0
    snapshot: Snapshot | None = field(default=None, repr=False)
    result: Result | None = field(default=None, repr=False)

    def advance(self) -> None:
        """Train and score all members for another round."""
        search = self.study.search(self.method, self.seed)
        if self.snapshot is not None:
            search.resume(self.snapshot)
        started = time.process_time()
        self.rounds += 1
        self.result = search.run(self.rounds)
        self.spent += time.process_time() - started
        self.snapshot = search.archive.latest(search.identity)

    def row(self, budget: str) -> Row:
        """Return what its best member is worth on data that no search has seen."""
        assert self.result is not None
        search = self.study.config.search
        return {
            "method": self.method,
            "seed": self.seed,
            "budget": budget,
            "generations": self.rounds * search.interval * search.population,
            "cpu_seconds": round(self.spent, 2),
            **self.study.judged(self.result),
        }


@dataclass(frozen=True, kw_only=True)
class Study:
    """What all searches of one data set share.

    Attributes:
        config: The settings of the file.
        protocol: What is compared, and what decides.
    """

    config: RunConfig
    protocol: Protocol

    @cached_property
    def member(self) -> Any:
        """What builds members: whole evolutions, on what a run learns from."""
        task = prepare(plan(self.config)).task
        return partial(WholeEvolution, config=self.config, game=self.game, task=task)

    @cached_property
    def game(self) -> Any:
        """The paper's class."""
        return collection.paper(collection.named(self.config.preset)[0])

    @cached_property
    def verdict(self) -> Any:
        """What judges in the end, on the test part."""
        judge = reference(self.config.data.name)
        return self.game.task_type(judge.test, judge.test, judge.second)

    def search(self, method: str, seed: int) -> Search:
        """Return one search, at its start."""
        config = replace(self.config, search=replace(self.config.search, strategy=method))
        return Search(self.member, strategy_of(config), seed=seed, checkpoint_every=1)

    def judged(self, result: Result) -> Row:
        """Return the best member's measures, and its size."""
        config = self.config.tuned(result.best.hyperparameters)
        model = build(config, self.verdict, member=self.game)
        model.load_state_dict(best_of(result.best.state))
        model.rng = stream(JUDGED)
        with model.judging():
            measures = model.look()
        size = sum(p.numel() for one in model.networks.values() for p in one.parameters())
        return {"parameters": size, "niches": config.evolution.niches, **measures}

    def rows(self, seed: int) -> list[Row]:
        """Return what all searches of one seed come to, at equal rounds and at equal CPU time."""
        contestants = [
            Contestant(method=method, study=self, seed=seed) for method in self.protocol.methods
        ]
        for one in contestants:
            for _ in range(self.config.search.rounds):
                one.advance()
        rows = [one.row(STEPS) for one in contestants]
        budget = max(one.spent for one in contestants)
        for one in contestants:
            while one.spent < budget:
                one.advance()
            rows.append(one.row(CPU))
        return rows


def study_of(name: str, *, quick: bool) -> Study:
    """Return the study of a file beside this script, tiny where it is quick."""
    path = str(Path(__file__).with_name(f"egan_pbt_{name}.yaml"))
    config, protocol = starting_point(path, beside=(SECTION,)), protocol_of(path)
    if quick:
        config = replace(config, search=replace(config.search, **QUICK))
        protocol = replace(protocol, seeds=1)
    protocol.check()
    return Study(config=checked(config), protocol=protocol)


def run(study: Study, folder: Path, *, seeds: int) -> str:
    """Run the seeds that are missing in the folder; return the table of all that there are."""
    folder.mkdir(parents=True, exist_ok=True)
    see_same(folder / "study.json", study)
    path = folder / "results.csv"
    known = read_journal(path) if path.exists() and path.stat().st_size else None
    each = len(BUDGETS) * len(study.protocol.methods)
    counts = {} if known is None else known["seed"].value_counts().to_dict()
    missing = [seed for seed in range(seeds) if counts.get(seed, 0) < each]
    journal = Journal(path)
    for seed in track(missing, description=study.config.data.name):
        journal.append(study.rows(seed))
        journal.mark()
    journal.close()
    return table(study, path)


def see_same(path: Path, study: Study) -> None:
    """See that a folder holds results of the same settings, and of the same marks.

    Raises:
        SystemExit: It does not.
    """
    identity = {"config": to_dict(study.config), "marks": [str(m) for m in study.protocol.marks]}
    text = json.dumps(identity, indent=1, sort_keys=True)
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise SystemExit(f"{path.parent} holds results of other settings; give another --output.")
    path.write_text(text, encoding="utf-8")


def table(study: Study, path: Path) -> str:
    """Return what the results come to, and whether the marks are kept."""
    results = with_numbers(read_journal(path))
    results = results.drop_duplicates(["method", "seed", "budget"], keep="last")
    search, count = study.config.search, results["seed"].nunique()
    title = f"E-GAN x PBT and random search on {study.config.data.name}, {count} seeds"
    space = "\n".join(f"- {name}: `{text}`" for name, text in search.space.items())
    head = (
        f"{search.population} members, {search.rounds} rounds of {search.interval} generations "
        f"each; members drawn from\n\n{space}\n\nTest part, which no search has seen."
    )
    beside = Beside(singles=(), protocol=study.protocol)
    return f"{markdown(results, title=title, beside=beside)}\n{head}\n\n{machine()}\n"


def main() -> None:
    """Run what is missing for the data sets that are named, or for all of them."""
    options = parser(__doc__ or "")
    options.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; or all")
    options.add_argument("--seeds", type=int, help="seeds of each search; by default the file's")
    options.add_argument("--output", type=Path, default=Path("comparisons"), help="where rows go")
    given = options.parse_args()
    if unknown := set(given.names) - set(NAMES):
        options.error(f"unknown: {', '.join(sorted(unknown))}; choose from {', '.join(NAMES)}")
    pin_arithmetic(1)
    with tempfile.TemporaryDirectory() as scratch:
        for name in given.names or NAMES:
            study = study_of(name, quick=given.quick)
            folder = (Path(scratch) if given.quick else given.output) / f"egan_pbt_{name}"
            text = run(study, folder, seeds=given.seeds or study.protocol.seeds)
            print(text)
            if given.save:
                (RESULTS / f"egan_pbt_{name}.md").write_text(text, encoding="utf-8")
                shutil.copy(folder / "results.csv", RESULTS / f"egan_pbt_{name}.csv")


if __name__ == "__main__":
    main()
