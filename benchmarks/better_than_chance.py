"""PBT and its successors against random search and halving on digits, at equal training.

A classifier is trained. Each search may spend the same number of member-steps (an epoch of one
member), and ends with the generation in which they are spent: those that train more members for a
while make fewer. Members are ranked by their loss on a validation split; what is reported is the
error of the best member of the last population on a test split that no search has seen. Split,
start and batches follow from the seed.

  python benchmarks/better_than_chance.py [pbt random halving ...] [--seeds 10] [--quick] [--save]

With names, only these are run, from the first seed on that is not kept; what is kept stays.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from measure import cell, kept, parser, report, table
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

from population import (
    IPBT,
    MFPBT,
    PB2,
    Callback,
    FirePBT,
    LogUniform,
    Member,
    PopulationBasedTraining,
    RandomSearch,
    Search,
    Strategy,
    SuccessiveHalving,
    Uniform,
)
from population.callbacks import Generation

SPACE = {
    "lr": LogUniform(1e-4, 1.0),
    "momentum": Uniform(0.0, 0.98),
    "weight_decay": LogUniform(1e-6, 1e-1),
    "dropout": Uniform(0.0, 0.8),
    "noise": Uniform(0.0, 1.0),
}
POPULATION, GENERATIONS = 16, 60
NUM_TRAIN, NUM_VALIDATION = 600, 400
BATCH = 32
READY = 3
"""Generations between exploits, in those that have such a thing."""
NAME = "better_than_chance"

Data = Mapping[str, tuple[torch.Tensor, torch.Tensor]]


def split(seed: int) -> Data:
    """Return digits in [0, 1], (N, 64), and labels, (N,): training, validation and test."""
    digits = load_digits()
    order = np.random.default_rng(seed).permutation(len(digits.data))
    x = torch.tensor(digits.data[order] / 16, dtype=torch.float32)
    y = torch.tensor(digits.target[order])
    cuts = {
        "train": slice(0, NUM_TRAIN),
        "validation": slice(NUM_TRAIN, NUM_TRAIN + NUM_VALIDATION),
    }
    cuts["test"] = slice(NUM_TRAIN + NUM_VALIDATION, None)
    return {name: (x[cut], y[cut]) for name, cut in cuts.items()}


class Classifier(Member):
    """A small multi-layer perceptron with dropout and noisy inputs, trained by SGD."""

    def __init__(self, hyperparameters: Mapping[str, Any], *, data: Data) -> None:
        self.data = data
        layers = [nn.Linear(64, 32), nn.ReLU(), nn.Dropout(), nn.Linear(32, 10)]
        self.net = nn.Sequential(*layers)
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1, momentum=0.5)
        self.configure(hyperparameters)

    def configure(self, hyperparameters: Mapping[str, Any]) -> None:
        """Apply the hyperparameters to network and optimiser."""
        self.noise = hyperparameters["noise"]
        self.net[2].p = hyperparameters["dropout"]
        self.optimizer.param_groups[0].update(
            {name: hyperparameters[name] for name in ("lr", "momentum", "weight_decay")}
        )

    def step(self, operator: str | None = None) -> None:  # noqa: ARG002 - there are no mutations
        """Train for an epoch."""
        self.net.train()
        x, y = self.data["train"]
        for batch in torch.randperm(len(x)).split(BATCH):
            noisy = x[batch] + self.noise * torch.randn(len(batch), 64)
            self.optimizer.zero_grad()
            F.cross_entropy(self.net(noisy), y[batch]).backward()
            self.optimizer.step()

    def evaluate(self) -> float:
        """Return minus the validation loss."""
        return -self.measure("validation")[0]

    @torch.no_grad()
    def measure(self, name: str) -> tuple[float, float]:
        """Return cross-entropy in nats and error in percent on a split."""
        self.net.eval()
        x, y = self.data[name]
        logits = self.net(x)
        wrong = (logits.argmax(1) != y).double().mean()
        return float(F.cross_entropy(logits, y)), 100 * float(wrong)

    def state_dict(self) -> dict[str, Any]:
        """Return weights and momentum."""
        return {"net": self.net.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over weights and momentum."""
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])


def halving(population: int, generations: int) -> SuccessiveHalving:
    """Return the halving with the steps of a full population, and the earliest first rung."""
    made = [
        SuccessiveHalving(SPACE, size, reduction_factor=3, min_generations=first)
        for first in (1, 2, 3, 4, 6)
        for size in range(2, 6 * population + 9)
    ]
    budget = population * generations
    return next(one for one in made if one.num_steps(generations) == budget)


def strategies(population: int, generations: int) -> dict[str, Callable[[], Strategy]]:
    """Return the contestants, by what `STRATEGIES` and the command line call them."""
    return {
        "pbt": lambda: PopulationBasedTraining(SPACE, population, ready_every=READY),
        "random": lambda: RandomSearch(SPACE, population),
        "halving": lambda: halving(population, generations),
        "pb2": lambda: PB2(SPACE, population, ready_every=READY),
        "mf_pbt": lambda: MFPBT(SPACE, population),
        "fire_pbt": lambda: FirePBT(SPACE, population, ready_every=READY),
        "ipbt": lambda: IPBT(SPACE, population, ready_every=READY),
    }


class Budget(Callback):
    """Stops a search when its members have trained for so many steps.

    Args:
        steps: Member-steps; the generation in which they are spent is the last.
    """

    def __init__(self, steps: int) -> None:
        self.left = steps

    def on_generation(self, search: Search, generation: Generation) -> None:
        """Count who was trained."""
        self.left -= sum(child.offspring.train for child in generation.children)
        if self.left <= 0:
            search.stop()


def contest(strategy: Strategy, seed: int, steps: int) -> dict[str, float]:
    """Return what the best member of one search's last population is worth."""
    data, budget = split(seed), Budget(steps)
    member = partial(Classifier, data=data)
    search = Search(member, strategy, seed=seed, checkpoint_every=10**6, callbacks=[budget])
    result = search.run(10**6)
    best = member(result.best.hyperparameters)
    best.load_state_dict(result.best.state)
    loss, error = best.measure("test")
    return {
        "validation loss": -result.best.scores["fitness"],
        "test loss": loss,
        "test error": error,
        "steps": float(steps - budget.left),
    }


def main() -> None:
    """Print a row per strategy."""
    options = parser(__doc__ or "")
    options.add_argument("names", nargs="*", metavar="NAME", help="contestants; all by default")
    options.add_argument("--seeds", type=int, default=10, help="searches per strategy")
    given = options.parse_args()
    seeds = range(2 if given.quick else given.seeds)
    population, generations = (4, 4) if given.quick else (POPULATION, GENERATIONS)
    contestants = strategies(population, generations)
    if unknown := set(given.names) - set(contestants):
        options.error(f"unknown: {', '.join(sorted(unknown))}; choose from {list(contestants)}")
    found = kept(NAME).get("found", {}) if given.names else {}
    steps = population * generations
    for name in given.names or contestants:
        runs = found.setdefault(name, [])
        runs += [contest(contestants[name](), seed, steps) for seed in seeds[len(runs) :]]
    found = {name: found[name] for name in contestants if name in found}
    report(NAME, describe(found, population, generations), {"found": found}, save=given.save)


def describe(found: Mapping[str, list[dict[str, float]]], population: int, generations: int) -> str:
    """Return the table and what PBT gained on each seed."""
    names = ("validation loss", "test loss", "test error")
    rows = []
    for name, runs in found.items():
        cells = [
            cell([run[value] for run in runs], ".4f" if "loss" in value else ".2f")
            for value in names
        ]
        steps = f"{np.median([run['steps'] for run in runs]):.0f}"
        rows.append([name, str(len(runs)), steps, *cells])
    head = (
        f"Digits, {NUM_TRAIN} for training, {NUM_VALIDATION} for validation, 797 for testing; "
        f"{population * generations} member-steps (epochs) for each search. Medians (quartiles) of "
        "the best member of the last population; losses in nats, error in percent."
    )
    lines = [head, table(["search", "seeds", "member-steps", *names], rows)]
    pairs = [("pbt", rival) for rival in found if rival != "pbt"]
    pairs += [(name, "random") for name in found if name not in ("pbt", "random", "halving")]
    lines += [_beside(found, *pair) for pair in pairs if set(pair) <= set(found)]
    return "\n\n".join(lines)


def _beside(found: Mapping[str, list[dict[str, float]]], name: str, rival: str) -> str:
    """Say on how many common seeds one search has the lower test loss, and by how much."""
    gains = [
        theirs["test loss"] - ours["test loss"]
        for ours, theirs in zip(found[name], found[rival], strict=False)
    ]
    won = sum(gain > 0 for gain in gains)
    return (
        f"{name} has the lower test loss than {rival} on {won} of {len(gains)} seeds; "
        f"the median difference is {np.median(gains):+.4f}."
    )


if __name__ == "__main__":
    main()
