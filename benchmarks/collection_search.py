"""PBT against random search on models of the collection, at equal training.

Each search is what `python -m egan.run cgan --search pbt --executor inline` runs, over the model's
own space, and may spend the same number of member-steps; of one seed both start with the same
members. Members are ranked on what the run holds out of the training part. What is reported is the
score of the best member of the last population on the test part, which no search has seen; samples
are compared with it in features of a classifier of another seed, a policy in new episodes. CapsNet
tells single digits nearly without errors, so that an image or two of 500 decide between its
searches.

  python benchmarks/collection_search.py [cgan vae capsnet] [--seeds 3] [--quick] [--save]
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from measure import cell, kept, mark, parser, report, table

from egan import collection
from egan.collection.api import compared
from egan.commandline.parse import parse
from egan.config import RunConfig
from egan.data import load
from egan.judging.reference import prepare as judges
from egan.runs.plan import plan
from egan.runs.preparation import prepare
from egan.training.model import stream
from population import Result
from population.seeding import pin_arithmetic

SEARCHES = {"pbt": "PBT", "random": "random search"}
HEADS = ("model", "search", "member-steps", "validation", "test", "CPU seconds")
NAME = "collection_search"
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
    "capsnet": Budget(rounds=8, interval=50),
    "acgan": Budget(population=4, rounds=5, interval=60),
    "pixelcnn": Budget(population=4, rounds=5, interval=25),
    "gail": Budget(population=4, rounds=5, interval=4),
    "pix2pix": Budget(population=4, rounds=5, interval=20),
    "srgan": Budget(population=4, rounds=5, interval=20),
    "pggan": Budget(population=4, rounds=5, interval=40),
}
QUICK = Budget(population=2, rounds=1, interval=2)
MEASURES = {
    "cgan": "accuracy of the class asked for - distance / 10",
    "vae": "ELBO, nats",
    "capsnet": "accuracy",
    "acgan": "accuracy of the class asked for - distance / 10",
    "pixelcnn": "log-density, nats",
    "gail": "return: 0 at random, 1 as the expert",
    "pix2pix": "-distance to true colours - L1",
    "srgan": "PSNR less spectra's distance",
    "pggan": "-log of the Fréchet distance",
}


def contest(name: str, search: str, seed: int, budget: Budget) -> dict[str, float]:
    """Return what the best member of one search's last population is worth."""
    flags = {"search": search, "seed": seed, "executor": "inline", **vars(budget)}
    words = [f"--{flag}={value}" for flag, value in flags.items()]
    config = parse([name, *words]).config
    started = time.process_time()
    how = plan(config)
    result = how.search(prepare(how)).run(how.length)
    seconds = time.process_time() - started
    return {
        "validation": result.best.scores["fitness"],
        "test": test_score(config, result),
        "member-steps": float(len(result.history)),
        "CPU seconds": seconds,
    }


def test_score(config: RunConfig, result: Result) -> float:
    """Return the best member's fitness on the test part."""
    kind, best = collection.paper(config.preset), result.best
    size, name = config.data.image_size, config.data.name
    if config.data.hold_out:
        train, test = (load(name, split=part, image_size=size) for part in ("train", "test"))
    else:
        train = test = load(name)
    second = judges(*(compared(config, part) for part in (train, test))).second
    task = kind.task_type(test, test, second)
    model = kind(best.hyperparameters, settings=config.settings, task=task)
    model.load_state_dict(best.state)
    model.rng = stream(JUDGED)
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


def measured(name: str, num_seeds: int, budget: Budget) -> dict[str, Any]:
    """Run all searches of a model; return its budget and what each seed found."""
    found: Found = {search: [] for search in SEARCHES}
    for search, runs in found.items():
        for seed in range(num_seeds):
            runs.append(contest(name, search, seed, budget))
            print(f"{name}, {search}, seed {seed}: {runs[-1]}", flush=True)
    return {"budget": vars(budget), "found": found}


def described(models: dict[str, Any]) -> str:
    """Return a table of all searches, and for each model whether PBT is as good."""
    rows, said = [], []
    for name, values in models.items():
        rows += rows_of(name, values["found"])
        said.append(verdict(name, values["found"], Budget(**values["budget"])))
    num_seeds = min(len(values["found"]["pbt"]) for values in models.values())
    head = f"Best member of the last population; medians (quartiles) of {num_seeds} seeds."
    return "\n\n".join([head, table(HEADS, rows), *said])


def main() -> None:
    """Search with the models that are named, or all; what is kept of others stays."""
    options = parser(__doc__ or "")
    options.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MODELS)}; or all")
    options.add_argument("--seeds", type=int, default=3, help="searches of each kind, for a model")
    given = options.parse_args()
    if unknown := set(given.names) - set(MODELS):
        options.error(f"unknown: {', '.join(sorted(unknown))}; choose from {', '.join(MODELS)}")
    pin_arithmetic(1)
    models = kept(NAME).get("models", {}) if given.save else {}
    for name in given.names or MODELS:
        seeds, budget = (1, QUICK) if given.quick else (given.seeds, MODELS[name])
        models[name] = measured(name, seeds, budget)
    report(NAME, described(models), {"models": models}, save=given.save)


if __name__ == "__main__":
    main()
