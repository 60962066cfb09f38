"""What a run needs before its first generation: data, features to judge by, networks that fit."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from egan.config import RunConfig
from egan.config.collection import CollectionConfig
from egan.errors import UserError, told_to_user
from egan.presets import preset

if TYPE_CHECKING:
    from egan.config import CommonConfig
    from egan.data.dataset import Dataset
    from egan.judging.features import Features
    from egan.runs.gallery import Gallery
    from egan.runs.showcase import Showcase

logger = logging.getLogger("egan")


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """The data, what samples are judged by, and what makes them."""

    dataset: Dataset
    features: Features
    gallery: Gallery | Showcase


def prepare(config: CommonConfig) -> Prepared:
    """Load the data, train or read the feature classifier, and see that the networks fit.

    Raises:
        UserError: The data cannot be read, the networks do not fit it, the feature extractor
            cannot be used, or there is no GPU where one is asked for.
    """
    _warn_of_idle_settings(config)
    with told_to_user(ValueError, OSError):
        dataset = load_data(config)
    _check_device(config)
    with told_to_user(ValueError):
        if isinstance(config, RunConfig):
            from egan.training.arithmetic import check_compiler

            check_compiler(config.arithmetic)
        return _fitted(config, dataset)


def _fitted(config: CommonConfig, dataset: Dataset) -> Prepared:
    """See that networks and data fit each other, and only then prepare the features."""
    if isinstance(config, CollectionConfig):
        return _collection(config, dataset)
    from egan.runs.gallery import Gallery

    assert isinstance(config, RunConfig)
    gallery = Gallery(config, dataset)
    _check_discriminator(config, dataset)
    features = _features(config, dataset)
    return Prepared(dataset=dataset, features=features, gallery=gallery)


def _collection(config: CollectionConfig, dataset: Dataset) -> Prepared:
    from egan.data.splits import split
    from egan.judging.features import Features
    from egan.runs.showcase import Showcase

    untrained = Features(lambda samples: samples.flatten(1))
    Showcase(config, data=dataset, features=untrained)
    features = _features(config, split(dataset, "train"))
    gallery = Showcase(config, data=dataset, features=features)
    features.reference(gallery.task.data)
    return Prepared(dataset=dataset, features=features, gallery=gallery)


def load_data(config: CommonConfig) -> Dataset:
    """Load the data of a run.

    Raises:
        ValueError: A setting is wrong or the data cannot be read.
    """
    from egan import data

    settings = config.data
    logger.info("loading the data: %s%s", settings.name, f" {settings.path or ''}".rstrip())
    dataset = data.load(
        settings.name,
        path=settings.path,
        image_size=settings.image_size,
        channels=settings.channels,
    )
    for note in dataset.notes:
        logger.warning("%s", note)
    return dataset


def _features(config: CommonConfig, dataset: Dataset) -> Features:
    from egan.judging.features import extractor

    if dataset.is_image:
        logger.info("preparing the features that samples are judged by (trained once, then cached)")
    features = extractor(dataset, spec=config.features)
    features.reference(dataset)
    if features.accuracy is not None:
        kind = "classes" if dataset.num_classes > 1 else "quarter turns"
        logger.info("feature classifier: %.1f%% of %s right", 100 * features.accuracy, kind)
    return features


def _check_discriminator(config: RunConfig, dataset: Dataset) -> None:
    """Build one, so that a network that does not fit is told of before anything starts."""
    from egan.evolution.discriminator import Discriminator
    from population.seeding import preserved_randomness

    with preserved_randomness():
        Discriminator(config=config, dataset=dataset)


def _check_device(config: CommonConfig) -> None:
    import torch

    local = config.address is None or config.in_process
    if config.device == "cuda" and local and not torch.cuda.is_available():
        raise UserError(
            "--device cuda: torch finds no GPU on this machine. Use --device cpu, or --address of "
            "a cluster that has GPUs."
        )


def _warn_of_idle_settings(config: CommonConfig) -> None:
    """Name settings that change nothing."""
    if config.executor == "inline":
        idle = {"workers": config.workers, "address": config.address}
        for name, value in idle.items():
            if value is not None:
                logger.warning("--%s %s has no effect with --executor inline", name, value)
    _warn_of_idle_lengths(config)


def _warn_of_idle_lengths(config: CommonConfig) -> None:
    """Name lengths that a run without, or with, a search does not go by."""
    search = config.search
    before = preset(config.preset)
    generations = getattr(config, "generations", 0)
    if config.has_rounds and generations != getattr(before, "generations", 0):
        how = "with --search" if config.is_search else "without --evolve"
        logger.warning(
            "--generations %d has no effect %s, which runs --rounds %d of --interval %d",
            *(generations, how, search.rounds, search.interval),
        )
    idle = () if config.has_rounds else ("rounds", "interval")
    for name in idle if config.is_search else ("population", *idle):
        value = getattr(search, name)
        if value != getattr(before.search, name):
            how = "with --evolve" if config.evolves and before.has_rounds else "without --search"
            logger.warning("--%s %s has no effect %s", name, value, how)
