"""What a run needs before its first generation: data, features to judge by, networks that fit."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from egan import collection
from egan.collection.api import compared, features_of, load_data, task_of
from egan.errors import UserError, told_to_user

if TYPE_CHECKING:
    from egan.config import RunConfig
    from egan.data.dataset import Dataset
    from egan.evolution.whole import Parts
    from egan.judging.features import Features
    from egan.runs.plan import Plan
    from egan.runs.showcase import Showcase
    from egan.tasks import Task
    from egan.training.model import Model

logger = logging.getLogger("egan")


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """The data, what samples are judged by, and what makes them.

    Attributes:
        dataset: The data, whole.
        task: What models learn from and are judged by.
        model_type: The paper's class.
        showcase: A model outside the search, to look at and to save.
        member: Builds a model from hyperparameters.
        identity: What the run's bits depend on beside its settings.
    """

    dataset: Dataset
    task: Task
    model_type: type[Model]
    showcase: Showcase
    member: partial[Model]
    identity: dict[str, Any]

    def parts(self, config: RunConfig) -> Parts:
        """Return the parts of an evolution under some settings."""
        from egan.evolution.whole import parts_of

        game: Any = self.model_type
        return parts_of(config, game, self.task)


def prepare(plan: Plan) -> Prepared:
    """Load the data, train or read the feature classifier, and see that the networks fit.

    Raises:
        UserError: The data cannot be read, the networks do not fit it, the feature extractor
            cannot be used, or there is no GPU where one is asked for.
    """
    _warn_of_idle_settings(plan)
    with told_to_user(ValueError, OSError):
        dataset = load_data(plan.config)
    _check_device(plan)
    with told_to_user(ValueError):
        return _fitted(plan, dataset)


def _fitted(plan: Plan, dataset: Dataset) -> Prepared:
    """See that networks and data fit each other, and only then prepare the features."""
    from egan.judging.features import Features
    from egan.runs.showcase import Showcase

    model_type = collection.paper(plan.model)
    config = plan.config
    untrained = Features(lambda samples: samples.flatten(1))
    _check_parts(plan, task_of(config, dataset, untrained))
    task = task_of(config, dataset, _features(config, dataset))
    member = partial(
        model_type,
        settings=config.settings,
        task=task,
        interval=config.search.interval,
        device=config.device,
        arithmetic=config.arithmetic,
    )
    return Prepared(
        dataset=dataset,
        task=task,
        model_type=model_type,
        showcase=Showcase(config, model_type, task),
        member=member,
        identity={"samples": dataset.fingerprint(), "features": config.features},
    )


def _check_parts(plan: Plan, task: Task) -> None:
    """Build all networks, so that what does not fit is told of before anything starts."""
    from egan.evolution.whole import parts_of
    from egan.runs.showcase import Showcase

    model_type: Any = collection.paper(plan.model)
    Showcase(plan.config, model_type, task)
    if plan.config.mutations:
        from population.seeding import preserved_randomness

        with preserved_randomness():
            parts_of(plan.config, model_type, task).check(plan.config.arithmetic)


def _features(config: RunConfig, dataset: Dataset) -> Features:
    data = compared(config, dataset)
    if data.kind.bounded:
        logger.info("preparing the features that samples are judged by (trained once, then cached)")
    features = features_of(config, dataset)
    features.reference(data)
    if features.accuracy is not None:
        kind = "classes" if data.num_classes > 1 else "quarter turns"
        logger.info("feature classifier: %.1f%% of %s right", 100 * features.accuracy, kind)
    return features


def _check_device(plan: Plan) -> None:
    import torch

    config = plan.config
    local = config.address is None or plan.in_process
    if config.device == "cuda" and local and not torch.cuda.is_available():
        raise UserError(
            "--device cuda: torch finds no GPU on this machine. Use --device cpu, or --address of "
            "a cluster that has GPUs."
        )


def _warn_of_idle_settings(plan: Plan) -> None:
    """Name settings that change nothing."""
    config = plan.config
    if config.executor == "inline":
        idle = {"workers": config.workers, "address": config.address}
        for name, value in idle.items():
            if value is not None:
                logger.warning("--%s %s has no effect with --executor inline", name, value)
    _warn_of_idle_lengths(plan)


def _warn_of_idle_lengths(plan: Plan) -> None:
    """Name lengths that such a run does not go by."""
    config, before = plan.config, collection.preset(plan.config.preset)
    if plan.unit == "rounds" and config.generations != before.generations:
        how = "with --search" if plan.kind == "search" else "without --evolve"
        logger.warning(
            "--generations %d has no effect %s, which runs --rounds %d of --interval %d",
            *(config.generations, how, plan.length, plan.interval),
        )
    idle = () if plan.unit == "rounds" else ("rounds", "interval")
    for name in idle if plan.kind == "search" else ("population", *idle):
        value = getattr(config.search, name)
        if value != getattr(before.search, name):
            evolved = plan.kind == "evolve" and not before.mutations
            how = "with --evolve" if evolved else "without --search"
            logger.warning("--%s %s has no effect %s", name, value, how)
