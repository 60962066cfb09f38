"""What other arithmetic gains an E-GAN generation, and how far it moves the children.

In turns, in one process: the same generations in float32, with channels last, in bfloat16, both,
compiled, and with siblings scored at once. The children of one parent are compared with those of
plain float32: how far their weights moved from its, as a share of the step itself, and whether the
same child wins.

  python benchmarks/arithmetic.py [--quick] [--save] [--device cuda]
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from cases import DCGAN, TOY, WARM_UP, Case, Stepwise, search_of, task_on
from measure import cell, parser, report, spread, table

from egan.collection.egan.model import Egan
from egan.config import ArithmeticConfig, RunConfig
from egan.data.dataset import Dataset
from egan.evolution.whole import parts_of
from population import InlineExecutor
from population.member import Birth, Newborn
from population.seeding import SHARED, Seeds
from population.state import PackedState, State, pack, unpack

PLAIN = "float32"
WAYS = {
    PLAIN: {},
    "channels last": {"channels_last": True},
    "bfloat16": {"precision": "bfloat16"},
    "bfloat16, channels last": {"precision": "bfloat16", "channels_last": True},
    "compiled": {"compile": True},
    "siblings at once": {"vectorize": True},
}
NETWORKS = (replace(TOY, width=64), TOY, DCGAN)
LITTERS = 20
AGE = 10


def config_of(case: Case, way: str, device: str) -> RunConfig:
    """Return a run's settings in one of the ways."""
    arithmetic = ArithmeticConfig(**{"vectorize": False, **WAYS[way]})
    return replace(case.config(), arithmetic=arithmetic, device=device)


def gains(case: Case, device: str, generations: int) -> dict[str, list[float]]:
    """Return seconds a generation of every way, taken in turns: CPU time, or wall time of a GPU."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    configs = {way: config_of(case, way, device) for way in WAYS}
    dataset = case.dataset()
    searches = {
        way: Stepwise(search_of(case, dataset, InlineExecutor(), config=config))
        for way, config in configs.items()
    }
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    for turn in range(WARM_UP + generations):
        for way, work in searches.items():
            started = clock()
            work()
            if device == "cuda":
                torch.cuda.synchronize()
            if turn >= WARM_UP:
                times[way].append(clock() - started)
    for work in searches.values():
        work.search.executor.close()
    return times


def effects(case: Case, device: str, litters: int) -> dict[str, dict[str, float]]:
    """Return how far each way's children are from plain ones, and how often the winner differs."""
    dataset = case.dataset()
    distances: dict[str, list[float]] = {way: [] for way in WAYS}
    others = dict.fromkeys(WAYS, 0)
    for number in range(litters):
        parent, surroundings = trained(case, dataset, number, device)
        children = {
            way: litter(config_of(case, way, device), dataset, parent, surroundings) for way in WAYS
        }
        for way, newborns in children.items():
            for one, plain in zip(newborns, children[PLAIN], strict=True):
                step = (flat(plain.state) - flat(parent)).norm()
                distances[way].append(float((flat(one.state) - flat(plain.state)).norm() / step))
            others[way] += winner(newborns) != winner(children[PLAIN])
    return {
        way: {"distance": float(np.median(distances[way])), "other_winner": others[way] / litters}
        for way in WAYS
    }


def trained(case: Case, dataset: Dataset, seed: int, device: str) -> tuple[PackedState, State]:
    """Return a generator and a discriminator that have played a few times."""
    config = replace(config_of(case, PLAIN, device), seed=seed)
    result = search_of(case, dataset, InlineExecutor(), config=config).run(AGE)
    assert result.environment is not None
    return pack(result.best.state), result.environment


def litter(
    config: RunConfig, dataset: Dataset, parent: PackedState, surroundings: State
) -> list[Newborn]:
    """Return the children of a parent."""
    parts = parts_of(config, Egan, task_on(dataset))
    discriminator, generator = parts.environment(), parts.member({})
    discriminator.load_state_dict(surroundings)
    generator.environment, discriminator.seeds = discriminator, Seeds(0, AGE + 1, SHARED)
    births = [
        Birth(seeds=Seeds(0, AGE + 1, i), operator=name) for i, name in enumerate(config.mutations)
    ]
    return list(generator.reproduce(parent, births))


def winner(newborns: Sequence[Newborn]) -> int:
    """Return which child is the fittest."""
    return int(np.argmax([newborn.scores["fitness"] for newborn in newborns]))


def flat(state: PackedState) -> torch.Tensor:
    """Return all weights of a generator's state, one after the other."""
    weights = unpack(state)["networks"]["generator"]
    return torch.cat([value.flatten() for value in weights.values()])


def said(cases: Sequence[Case], found: Sequence[dict[str, Any]], device: str) -> str:
    """Return a table for each network."""
    heads = [
        *("arithmetic", "ms a generation (quartiles)", "times faster"),
        *("distance / step", "another winner"),
    ]
    parts = [f"On {device}, one thread; distances are of children from those in plain float32:"]
    for case, one in zip(cases, found, strict=True):
        base = float(np.median(one["seconds"][PLAIN]))
        rows = [
            [
                way,
                cell([1e3 * t for t in times]),
                f"{base / float(np.median(times)):.2f}",
                f"{one['effects'][way]['distance']:.1e}",
                f"{one['effects'][way]['other_winner']:.0%}",
            ]
            for way, times in one["seconds"].items()
        ]
        parts.append(f"{case.title}:\n\n{table(heads, rows)}")
    return "\n\n".join(parts)


def main() -> None:
    """Measure every network in every way."""
    options = parser(__doc__ or "")
    options.add_argument("--generations", type=int, default=15)
    options.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    given = options.parse_args()
    cases: Sequence[Case] = NETWORKS
    litters = LITTERS
    if given.quick:
        del WAYS["compiled"]
        cases = [replace(TOY, width=16), replace(DCGAN, width=4)]
        given.generations, litters = 2, 2
    torch.set_num_threads(1)
    found = []
    for case in cases:
        seconds = gains(case, given.device, given.generations)
        found.append({"seconds": seconds, "effects": effects(case, given.device, litters)})
        print(f"{case.title}: done", flush=True)
    values = {
        case.title: {
            "seconds": {way: spread(times) for way, times in one["seconds"].items()},
            "effects": one["effects"],
        }
        for case, one in zip(cases, found, strict=True)
    }
    name = "arithmetic" if given.device == "cpu" else f"arithmetic_{given.device}"
    report(name, said(cases, found, given.device), values, save=given.save)


if __name__ == "__main__":
    main()
