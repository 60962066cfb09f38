"""From settings to a search: which member, environment, strategy and executor a run has."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from egan.config import RunConfig
from egan.config.collection import CollectionConfig
from egan.runs.models import model_of, strategy_of
from population import Callback, Evolution, InlineExecutor, RayExecutor, Search

if TYPE_CHECKING:
    from egan.config import CommonConfig
    from egan.data.dataset import Dataset
    from egan.runs.preparation import Prepared
    from population import Executor


def build_run(
    config: CommonConfig,
    prepared: Prepared,
    *,
    directory: Path | None = None,
    callbacks: Sequence[Callback] = (),
) -> Search:
    """Return the search that a run of the command line is."""
    if isinstance(config, CollectionConfig):
        from egan.runs.collection import build_collection_run

        return build_collection_run(config, prepared, directory=directory, callbacks=callbacks)
    assert isinstance(config, RunConfig)
    if config.is_search:
        return build_hyperparameter_search(
            config, prepared, directory=directory, callbacks=callbacks
        )
    return build_search(config, prepared.dataset, directory=directory, callbacks=callbacks)


def build_search(
    config: RunConfig,
    dataset: Dataset,
    *,
    directory: Path | None = None,
    callbacks: Sequence[Callback] = (),
) -> Search:
    """Return the search that an E-GAN run is: generators in a discriminator, by evolution."""
    from egan.evolution.discriminator import Discriminator
    from egan.evolution.generator import Generator

    return Search(
        partial(Generator, config=config, shape=dataset.shape),
        build_strategy(config),
        environment=partial(Discriminator, config=config, dataset=dataset),
        executor=build_executor(config),
        directory=directory,
        seed=config.seed,
        name=config.preset,
        callbacks=callbacks,
        checkpoint_every=config.checkpoint_every or config.interval,
        profile=config.profile,
        identity={**config.identity(), "samples": dataset.fingerprint()},
    )


def build_hyperparameter_search(
    config: RunConfig,
    prepared: Prepared,
    *,
    directory: Path | None = None,
    callbacks: Sequence[Callback] = (),
) -> Search:
    """Return the search for hyperparameters that `--search` asks for, with whole models."""
    settings = config.search
    return Search(
        model_of(config).member(config, prepared),
        strategy_of(config),
        executor=build_executor(config),
        directory=directory,
        seed=config.seed,
        name=config.preset,
        callbacks=callbacks,
        checkpoint_every=config.checkpoint_every or 1,
        profile=config.profile,
        identity={
            **config.identity(),
            "model": settings.model,
            "interval": settings.interval,
            "samples": prepared.dataset.fingerprint(),
            "features": config.features,
        },
    )


def build_strategy(config: RunConfig) -> Evolution:
    """Return the evolution strategy of a run."""
    settings = config.evolution
    return Evolution(
        settings.mutations,
        mu=settings.num_survivors,
        plus=settings.selection == "plus",
        objectives=("quality", "diversity") if settings.selection == "pareto" else (),
        random_operator=settings.random_mutation,
        contest_every=settings.contest_every,
        bandit=settings.bandit,
    )


def build_executor(config: CommonConfig) -> Executor:
    """Return where a run's children are made."""
    if config.in_process:
        return InlineExecutor()
    return RayExecutor(
        config.num_workers,
        address=config.address,
        num_gpus=config.gpus_per_worker,
        runtime_env={"py_modules": [str(Path(__file__).parents[1])]} if config.address else None,
    )
