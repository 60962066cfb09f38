"""What the measurements of a generation share: cases, and the searches that are made of them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from on_demand import noise

from egan.collection.egan import EganSettings
from egan.collection.egan.model import Egan
from egan.config import DataConfig, EvolutionConfig, RunConfig
from egan.data import load
from egan.data.dataset import Dataset
from egan.evolution.generator import EvolvedGenerator
from egan.evolution.whole import evolution_search, parts_of
from egan.judging.features import Features
from egan.tasks import Generation
from egan.training.game import Game
from population import Executor, Member, Search

MUTATIONS = ("minimax", "heuristic", "least_squares")
WARM_UP = 2
SIZE = 32


@dataclass(frozen=True, kw_only=True)
class Case:
    """One thing to measure: networks, batches, survivors, threads."""

    network: str
    width: int
    batch: int = 32
    scored: int = 32
    survivors: int = 1
    threads: int = 1

    @property
    def title(self) -> str:
        """Return what a table calls it."""
        scored = "" if self.scored == self.batch else f", {self.scored} scored"
        survivors = "" if self.survivors == 1 else f", mu {self.survivors}"
        threads = "" if self.threads == 1 else f", {self.threads} threads"
        return f"{self.network} {self.width}{scored}{survivors}{threads}"

    def config(self, *, reuse: bool = False) -> RunConfig:
        """Return a run's settings, without penalties."""
        return RunConfig(
            preset="gaussians8",
            data=DataConfig(name="gaussians8", hold_out=False),
            settings=EganSettings(
                network=self.network,
                width=self.width,
                discriminator_width=self.width,
                latent_dim=2 if self.network == "mlp" else 100,
                batch_size=self.batch,
                generator_lr=2e-4,
                discriminator_lr=2e-4,
            ),
            evolve=",".join(MUTATIONS),
            evolution=EvolutionConfig(
                num_survivors=self.survivors, num_samples=self.scored, reuse_gradient=reuse
            ),
        )

    def dataset(self) -> Dataset:
        """Return 8 Gaussians, or images of noise, which cost what others cost."""
        return load("gaussians8") if self.network == "mlp" else noise(SIZE)


TOY, DCGAN = Case(network="mlp", width=512), Case(network="dcgan", width=64)


class OneByOne(EvolvedGenerator):
    """Makes siblings without their shortcut."""

    reproduce = Member.reproduce


def search_of(
    case: Case,
    dataset: Dataset,
    executor: Executor,
    *,
    one_by_one: bool = False,
    reuse: bool = False,
    config: RunConfig | None = None,
    game: type[Game] = Egan,
    directory: Path | None = None,
) -> Search:
    """Return the search that `python -m egan.run` would make of a case, or of its settings."""
    config = config or case.config(reuse=reuse)
    parts = parts_of(config, game, task_on(dataset))
    search = evolution_search(
        parts, seed=config.seed, executor=executor, directory=directory, checkpoint_every=10**9
    )
    changes: dict[str, Any] = {"torch_threads": case.threads}
    if one_by_one:
        changes["member"] = partial(
            OneByOne, build=parts.build, evolution=parts.evolution, mutations=parts.mutations
        )
    search.workshop = dataclasses.replace(search.workshop, **changes)
    return search


def task_on(dataset: Dataset) -> Generation:
    """Return the task of making such samples, which nobody judges here."""
    return Generation(dataset, dataset, Features(lambda samples: samples.flatten(1)))


class Stepwise:
    """A search that makes one generation whenever it is asked."""

    def __init__(self, search: Search) -> None:
        self.search = search
        search.executor.start(search.workshop)

    def __call__(self) -> None:
        """Make a generation."""
        self.search._generate()
