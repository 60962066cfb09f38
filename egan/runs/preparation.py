"""What a run needs before its first generation: data, features to judge by, networks that fit."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from egan import collection
from egan.collection.api import check_size, compared, features_of, load_data, task_of
from egan.errors import UserError, told_to_user
from egan.runs.guidance import advice

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
    with told_to_user(ValueError, OSError):
        dataset = load_data(plan.config)
    check(plan, dataset)
    if plan.config.data.name == "folder":
        for topic, text in advice(plan, dataset).items():
            logger.info("%s: %s", topic, text)
    with told_to_user(ValueError):
        return _fitted(plan, dataset)


def check(plan: Plan, dataset: Dataset) -> None:
    """See that the machine, the data and the networks fit each other, and build nothing.

    Args:
        plan: How the run is carried out.
        dataset: The data, or a stand-in of their shape and labels.

    Raises:
        UserError: They do not; the message says what to change.
    """
    from egan.judging.extractors import load_extractor
    from egan.judging.features import Features

    _check_device(plan)
    untrained = Features(lambda samples: samples.flatten(1))
    with told_to_user(ValueError):
        if plan.config.features is not None:
            load_extractor(plan.config.features)
        _check_parts(plan, task_of(plan.config, dataset, untrained))


def _fitted(plan: Plan, dataset: Dataset) -> Prepared:
    """Prepare the features, and what shows the model."""
    from egan.runs.showcase import Showcase

    model_type = collection.paper(plan.model)
    config = plan.config
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

    model_type: Any = collection.paper(plan.model)
    check_size(plan.config, task)
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
        kind = "single images" if features.num_modes else kind
        logger.info("feature classifier: %.1f%% of %s right", 100 * features.accuracy, kind)
    if features.caveat:
        logger.warning(
            "distances to the data are taken %s; give more images, or other features: "
            "--features inception, a TorchScript FILE.pt, or module:function",
            features.caveat,
        )
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
