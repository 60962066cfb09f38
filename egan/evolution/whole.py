"""A whole evolutionary GAN as one member of a population: E-GAN × PBT.

The search around it varies learning rates, weights and steps; the evolution inside it is the same
engine with the same generators and discriminator as in a run of E-GAN alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from egan.config import SearchConfig, check
from egan.config.hyperparameters import tuned
from egan.evolution.discriminator import Discriminator
from egan.evolution.generator import Generator, averaged_weights, build_network, draw_codes
from egan.judging.appraisal import NUM_SAMPLES, appraise
from egan.runs.experiment import build_search, build_strategy
from population.member import Hyperparameters, Member
from population.records.checkpoint import Snapshot
from population.state import State, pack, unpack
from population.strategy import Individual

if TYPE_CHECKING:
    from egan.config import RunConfig
    from egan.data.dataset import Dataset
    from egan.judging.features import Features
    from egan.runs.preparation import Prepared

BATCH = 250


class EvolvedGan(Member):
    """Generators, their discriminator and their evolution; a step is a number of generations.

    It is scored by what its averaged best generator makes, against the data (see
    `egan.judging.appraisal`), on latent codes that all members of a round share. It trains on
    random numbers of its own.

    Args:
        hyperparameters: Any of `egan.config.hyperparameters.HYPERPARAMETERS`.
        config: The settings of the E-GAN; its executor, seed and cadence play no part.
        dataset: The data.
        features: What images are compared in.
        interval: Generations per step, at least 1.

    Raises:
        ValueError: A hyperparameter is unknown or out of its range.

    Wang et al. 2018, arXiv 1803.00657, within Jaderberg et al. 2017, arXiv 1711.09846.
    """

    def __init__(
        self,
        hyperparameters: Hyperparameters,
        *,
        config: RunConfig,
        dataset: Dataset,
        features: Features,
        interval: int = 100,
    ) -> None:
        if interval < 1:
            raise ValueError(f"interval={interval!r}: expected an integer of at least 1.")
        self.settings = alone(config, interval=interval)
        self.dataset = dataset
        self.features = features
        self.interval = interval
        self.configure(hyperparameters)
        self.inside = random_start(self.config, dataset)
        self.network = build_network(self.config, dataset.shape).to(config.device)
        self.network.eval().requires_grad_(False)

    def configure(self, hyperparameters: Hyperparameters) -> None:
        """Apply hyperparameters from the next step on, whatever the state was trained with."""
        self.config = check(tuned(self.settings, hyperparameters))

    def step(self, operator: str | None = None) -> None:  # noqa: ARG002 - the evolution has them
        """Evolve for ``interval`` generations.

        Raises:
            NothingSurvivesError: No child has had a finite fitness for a while.
        """
        search = build_search(replace(self.config, seed=self.seeds.own("step")), self.dataset)
        search.archive.save(replace(self.inside, identity=search.identity))
        search.resume().run(self.inside.generation + self.interval)
        self.inside = search.archive.latest(search.identity)

    def evaluate(self) -> dict[str, float]:
        """Score samples of the best survivor's averaged weights against the data."""
        best = unpack(self.inside.population[0].state)
        self.network.load_state_dict(averaged_weights(best))
        settings, seed = self.config.generator, self.seeds.shared("evaluate")
        codes = draw_codes(settings.latent, NUM_SAMPLES, settings.latent_dim, seed)
        with torch.no_grad():
            parts = [
                self.network(part.to(self.config.device)) for part in torch.split(codes, BATCH)
            ]
        return appraise(self.dataset, self.features, torch.cat(parts))

    def state_dict(self) -> State:
        """Return the survivors, the discriminator, both with Adam, and how far evolution is."""
        inside = self.inside
        return {
            "generation": inside.generation,
            "idle": inside.idle,
            "strategy": dict(inside.strategy),
            "survivors": [
                {"generation": one.generation, "index": one.index, "state": unpack(one.state)}
                for one in inside.population
            ],
            "discriminator": None if inside.environment is None else unpack(inside.environment),
        }

    def load_state_dict(self, state: State) -> None:
        """Take over a state made by :meth:`state_dict`."""
        self.inside = Snapshot(
            generation=state["generation"],
            idle=state["idle"],
            strategy=state["strategy"],
            population=[
                Individual(**{**one, "state": pack(one["state"])}) for one in state["survivors"]
            ],
            environment=pack(state["discriminator"]),
        )


def alone(config: RunConfig, *, interval: int) -> RunConfig:
    """Return the settings of an E-GAN inside a member: in its process, without a search."""
    return replace(
        config,
        executor="inline",
        workers=None,
        address=None,
        search=SearchConfig(),
        generations=interval,
        checkpoint_every=interval,
    )


def random_start(config: RunConfig, dataset: Dataset) -> Snapshot:
    """Return an E-GAN before its first generation, drawn from torch's current stream."""
    generators = [
        Generator({}, config=config, shape=dataset.shape)
        for _ in range(config.evolution.num_survivors)
    ]
    discriminator = Discriminator(config=config, dataset=dataset)
    survivors = [
        Individual(generation=0, index=i, state=pack(generator.state_dict()))
        for i, generator in enumerate(generators)
    ]
    return Snapshot(
        generation=0,
        population=survivors,
        environment=pack(discriminator.state_dict()),
        strategy=build_strategy(config).state_dict(),
    )


def best_weights(state: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """Return the averaged weights of the best generator in an E-GAN's state."""
    return averaged_weights(state["survivors"][0]["state"])


def member_of(config: RunConfig, prepared: Prepared) -> partial[EvolvedGan]:
    """Return what builds the members of a search: whole E-GANs, from hyperparameters."""
    return partial(
        EvolvedGan,
        config=config,
        dataset=prepared.dataset,
        features=prepared.features,
        interval=config.search.interval,
    )
