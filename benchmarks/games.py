"""Two games with the same networks, whose generations must cost the same."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass, replace

import numpy as np
import torch
from cases import WARM_UP, Case, Stepwise, search_of
from measure import cell, mark, table

from egan import collection
from egan.collection.dcgan import Dcgan, DcganSettings
from egan.collection.egan import EganSettings
from egan.collection.egan.model import Egan
from egan.config import GameSettings
from egan.training.game import Game
from population import InlineExecutor

EGAN, ANOTHER = "E-GAN with the networks of dcgan", "dcgan --evolve"
MARK_GAME = 1.03


@dataclass(frozen=True, kw_only=True)
class BothSettings(EganSettings):
    """Settings of E-GAN's game with the networks of the paper `dcgan`."""

    kernel_size: int = 4
    batch_norm: bool = True
    halving: str = "stride"
    slope: float = 0.2


class EganOfDcgan(Egan):
    """E-GAN's game with the networks of the paper `dcgan`."""

    generator_network = Dcgan.generator_network
    discriminator_network = Dcgan.discriminator_network


def games_of(case: Case) -> dict[str, tuple[type[Game], GameSettings]]:
    """Return both games, with all settings of a case that the paper has too."""
    egan = dataclasses.asdict(case.config().settings) | {"latent": "uniform"}
    known = dataclasses.asdict(collection.preset("dcgan").settings)
    shared = {name: egan.get(name, value) for name, value in known.items()}
    return {
        EGAN: (EganOfDcgan, BothSettings(**{**shared, **egan})),
        ANOTHER: (Dcgan, DcganSettings(**shared)),
    }


def measure_games(case: Case, generations: int) -> dict[str, list[float]]:
    """Return CPU seconds a generation of both games in turns; their children are the same."""
    torch.set_num_threads(1)
    dataset = case.dataset()
    searches = {}
    for name, (game, settings) in games_of(case).items():
        config = replace(case.config(), settings=settings)
        search = search_of(case, dataset, InlineExecutor(), config=config, game=game)
        searches[name] = Stepwise(search)
    times: dict[str, list[float]] = {name: [] for name in searches}
    for turn in range(WARM_UP + generations):
        for name in [*searches] if turn % 2 else [*searches][::-1]:
            started = time.process_time()
            searches[name]()
            if turn >= WARM_UP:
                times[name].append(time.process_time() - started)
    one, other = ([i.scores for i in s.search.population] for s in searches.values())
    assert one == other, "the games differ"
    for steps in searches.values():
        steps.search.executor.close()
    return times


def said_of_games(case: Case, times: dict[str, list[float]]) -> str:
    """Return the table of both games, and whether one costs what the other does."""
    pairs = zip(times[ANOTHER], times[EGAN], strict=True)
    shares = [another / egan for another, egan in pairs]
    beside = {EGAN: "1", ANOTHER: cell(shares, ".3f")}
    rows = [[name, cell([1e3 * t for t in found]), beside[name]] for name, found in times.items()]
    heads = ["game", "CPU ms a generation (quartiles)", "to E-GAN, in pairs"]
    kept = mark(f"{ANOTHER} / {EGAN}", float(np.median(shares)), MARK_GAME, form=".3f")
    return f"{case.title}, three children, inline:\n\n{table(heads, rows)}\n\n{kept}"
