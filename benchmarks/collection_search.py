"""PBT against random search on models of the collection, at equal training.

Each search is what `python -m egan.run cgan --search pbt --executor inline` runs, over the model's
own space, and may spend the same number of member-steps; of one seed both start with the same
members. Members are ranked on what the run holds out of the training part. What is reported is the
score of the best member of the last population on the test part, which no search has seen; samples
are compared with it in features of a classifier of another seed.

  python benchmarks/collection_search.py [cgan vae capsnet] [--seeds 3] [--quick] [--save]
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from acceptance.training import reference
from measure import cell, mark, parser, report, table

from egan.collection import load
from egan.collection.config import CollectionConfig
from egan.collection.model import Task, stream
from egan.commandline import parse
from egan.experiment import build_run
from egan.preparation import prepare
from population import Result
from population.seeding import pin_threads

SEARCHES = {"pbt": "PBT", "random": "random search"}
HEADS = ("model", "search", "member-steps", "validation", "test", "CPU seconds")
JUDGED = 7193


Found = dict[str, list[dict[str, float]]]
"""By search, what each seed found."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a search may spend: rounds of so many updates, for each of its members."""

    population: int = 6
    rounds: int
    interval: int


MODELS = {
    "cgan": Budget(rounds=6, interval=200),
    "vae": Budget(rounds=10, interval=200),
    "capsnet": Budget(rounds=8, interval=100),
}
QUICK = Budget(population=2, rounds=1, interval=2)
MEASURES = {
    "cgan": "accuracy of the class asked for - distance / 10",
    "vae": "ELBO, nats",
    "capsnet": "accuracy",
}


def contest(name: str, search: str, seed: int, budget: Budget) -> dict[str, float]:
    """Return what the best member of one search's last population is worth."""
    how = {"search": search, "seed": seed, "executor": "inline"}
    words = [f"--{flag}={value}" for flag, value in {**how, **vars(budget)}.items()]
    config = parse([name, *words]).config
    assert isinstance(config, CollectionConfig)
    started = time.process_time()
    result = build_run(config, prepare(config)).run(config.length)
    seconds = time.process_time() - started
    return {
        "validation": result.best.scores["fitness"],
        "test": test_score(config, result),
        "member-steps": float(len(result.history)),
        "CPU seconds": seconds,
    }


def test_score(config: CollectionConfig, result: Result) -> float:
    """Return the best member's fitness on the test part."""
    judge, best = reference(config.data.name), result.best
    task = Task(data=judge.test, held_out=judge.test, features=judge.second)
    model = load(config.model)(best.hyperparameters, settings=config.settings, task=task)
    model.load_state_dict(best.state)
    model.random = stream(JUDGED)
    with model.judging():
        return model.score()["fitness"]


def rows_of(name: str, found: Found) -> list[list[str]]:
    """Return a row of the table for each search."""
    rows = []
    for search, runs in found.items():
        cells = [cell([run[part] for run in runs], ".3f") for part in ("validation", "test")]
        steps, seconds = runs[0]["member-steps"], sum(run["CPU seconds"] for run in runs)
        rows.append([name, SEARCHES[search], f"{steps:.0f}", *cells, f"{seconds:.0f}"])
    return rows


def verdict(name: str, found: Found, budget: Budget) -> str:
    """Return what PBT gained on each seed, and whether the mark is kept."""
    ours, theirs = ([run["test"] for run in found[search]] for search in SEARCHES)
    gains = ", ".join(f"{a - b:+.4f}" for a, b in zip(ours, theirs, strict=True))
    value, limit = float(np.median(ours)), float(np.median(theirs))
    kept = mark("PBT's median on the test part", value, limit, at_least=True, form=".4f")
    return (
        f"{name}, {MEASURES[name]}: {budget.rounds} rounds of {budget.interval} updates for "
        f"{budget.population} members. PBT less random search, by seed: {gains}.\n{kept}"
    )


def measured(names: Iterable[str], num_seeds: int, quick: bool) -> tuple[str, dict[str, Any]]:
    """Run all searches; return a text and the values."""
    said, rows, values = [], [], {}
    for name in names:
        budget = QUICK if quick else MODELS[name]
        found = {
            search: [contest(name, search, seed, budget) for seed in range(num_seeds)]
            for search in SEARCHES
        }
        said.append(verdict(name, found, budget))
        rows += rows_of(name, found)
        values[name] = {"budget": vars(budget), "found": found}
    head = f"Best member of the last population; medians (quartiles) of {num_seeds} seeds."
    return "\n\n".join([head, table(HEADS, rows), *said]), values


def main() -> None:
    """Print a table of all searches, and for each model whether PBT is as good."""
    options = parser(__doc__ or "")
    options.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MODELS)}; or all")
    options.add_argument("--seeds", type=int, default=3, help="searches of each kind, for a model")
    given = options.parse_args()
    if unknown := set(given.names) - set(MODELS):
        options.error(f"unknown: {', '.join(sorted(unknown))}; choose from {', '.join(MODELS)}")
    pin_threads(1)
    text, values = measured(given.names or MODELS, 1 if given.quick else given.seeds, given.quick)
    report("collection_search", text, values, save=given.save)


if __name__ == "__main__":
    main()
