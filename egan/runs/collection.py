"""From a model's settings to a search: to train it, to tune it, or to evolve its generator."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from egan.collection import load
from egan.runs.experiment import build_executor
from egan.runs.models import strategy_of
from egan.runs.showcase import Showcase
from population import Callback, Evolution, FollowSchedule, Search
from population.records.schedule import Phase, Schedule

if TYPE_CHECKING:
    from egan.config.collection import CollectionConfig
    from egan.runs.preparation import Prepared
    from egan.training.model import Model
    from population.strategy import Strategy


def build_collection_run(
    config: CollectionConfig,
    prepared: Prepared,
    *,
    directory: Path | None = None,
    callbacks: Sequence[Callback] = (),
) -> Search:
    """Return the search that a run is.

    Training is a population of one that never varies, a search one of whole models; an evolution
    has generators for members, and their discriminator for an environment.
    """
    from egan.evolution.evolve import EvolvedGenerator, SharedDiscriminator

    build: Any = member_of(config, prepared)
    how = config.evolution
    return Search(
        partial(EvolvedGenerator, build=build, evolution=how) if config.evolves else build,
        strategy(config),
        environment=(
            partial(SharedDiscriminator, build=build, evolution=how) if config.evolves else None
        ),
        executor=build_executor(config),
        directory=directory,
        seed=config.seed,
        name=config.preset,
        callbacks=callbacks,
        checkpoint_every=config.checkpoint_every or (config.interval if config.evolves else 1),
        profile=config.profile,
        identity={
            **config.identity(),
            "samples": prepared.dataset.fingerprint(),
            "features": config.features,
        },
    )


def member_of(config: CollectionConfig, prepared: Prepared) -> partial[Model]:
    """Return what builds the members of a search: whole models, from hyperparameters."""
    assert isinstance(prepared.gallery, Showcase)
    return partial(load(config.model), settings=config.settings, task=prepared.gallery.task)


def strategy(config: CollectionConfig) -> Strategy:
    """Return the strategy of a run."""
    if config.evolves:
        return Evolution(config.mutations, mu=config.evolution.num_survivors)
    if config.is_search:
        return strategy_of(config)
    return FollowSchedule(Schedule((Phase(from_generation=1, to_generation=1),)))
