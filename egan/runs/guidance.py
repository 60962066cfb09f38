"""What to expect of one's own pictures: are they enough, which model suits them, how long it takes.

The numbers of pictures are those at which augmentation was published, and what it was published
for: DiffAugment (Zhao et al. 2020, arXiv 2006.10738) trains from 100, and ADA (Karras et al. 2020,
arXiv 2006.06676, figure 7) brings 2,000 about as far as 20,000 without; below that a discriminator
knows its pictures by heart. Rules of thumb, not promises.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from egan import collection
from egan.config.settings import NO_AUGMENTATION
from population import Callback
from population.errors import NothingSurvivesError

if TYPE_CHECKING:
    from egan.data.dataset import Dataset
    from egan.runs.plan import Plan
    from population import Search
    from population.callbacks import Generation

LEAST, FEW, MANY = 100, 2_000, 20_000
"""Pictures below which a GAN only copies; below which long training does; from which none does."""
LARGE = 64
"""The size from which the networks of digits are too small."""
NUM_STAND_IN, NUM_UNITS, MORE = 256, 3, 5
PATIENCE = 3.0
"""Seconds that a measurement may take, but for one update that takes longer by itself."""


def advice(plan: Plan, dataset: Dataset) -> dict[str, str]:
    """Return what there is to say of a folder of pictures before a run learns from them, by topic.

    Args:
        plan: How the run is carried out.
        dataset: The pictures, or a stand-in of their shape and labels.
    """
    from egan.data.splits import parted

    known, _ = parted(dataset, hold_out=plan.config.data.hold_out)
    number = f"{len(known):,} of {len(dataset):,} to learn from"
    said = {"pictures": f"{number}: {_enough(plan, len(known))}"}
    better = _better(plan, known)
    return said | ({"another model": better} if better else {})


def _enough(plan: Plan, count: int) -> str:
    """Say whether there are enough pictures for the model."""
    if collection.MODELS[plan.model].family != "adversarial":
        return "enough" if count >= LEAST else f"few; {LEAST} or more give an idea of what varies"
    if count < LEAST:
        return (
            f"too few for a GAN, which learns them by heart; {LEAST} is the least, {FEW:,} better"
        )
    mend = _augmentation(plan)
    if count < FEW:
        return (
            f"few; a GAN that trains for long learns them by heart, unless there is "
            f"augmentation{mend}; {FEW:,} are better"
        )
    if count < MANY:
        return f"enough with augmentation{mend}; {MANY:,} or more need none"
    return "enough"


def _augmentation(plan: Plan) -> str:
    """Return the flag that augments, in brackets; or that something does already."""
    settings: Any = plan.config.settings
    if settings.augment != NO_AUGMENTATION:
        return f", which --augment {settings.augment} is"
    kind = "diffaugment" if collection.MODELS[plan.model].critic else "ada"
    return f" (--augment {kind})"


def _better(plan: Plan, known: Dataset) -> str:
    """Say which other model suits the pictures, if one does."""
    size, count, model = known.image_size or 0, len(known), plan.model
    entry = collection.MODELS[model]
    if entry.family == "recognition":
        return ""
    if count < LEAST and entry.family == "adversarial":
        return "vae: blurred, but it does not copy so few"
    if known.num_classes > 1 and model not in ("cgan", "biggan") and count >= FEW:
        return (
            f"biggan, or cgan for small pictures: they draw each of the {known.num_classes} classes"
        )
    if size >= LARGE and count >= FEW and model in ("egan", "gan", "cgan"):
        return f"stylegan or dcgan, whose networks are made for {size}x{size}"
    return ""


def duration_here(plan: Plan, dataset: Dataset) -> str:
    """Return how long the run would take in this process, measured by a few updates right now.

    The updates are taken on noise of the pictures' shape, and nothing is kept. Looks and
    checkpoints are not in it; empty where it cannot be known.

    Args:
        plan: How the run is carried out.
        dataset: The pictures, or a stand-in of their shape and labels.
    """
    from egan.reporting.headline import duration

    if plan.config.device != "cpu" or plan.config.address is not None:
        return ""
    try:
        seconds = _measured(plan, dataset)
    except NothingSurvivesError:  # on noise; the run itself may do
        return ""
    total = plan.length * seconds
    per = duration(seconds) if seconds >= 1 else f"{1000 * seconds:.3g} ms"
    cores = "" if plan.in_process else "; several processors make it shorter"
    return f"about {duration(total)} in one process, {per} a {plan.one}, as measured now{cores}"


def _measured(plan: Plan, dataset: Dataset) -> float:
    """Return the seconds that a unit of the plan takes."""
    from egan.judging.classifier import one_thread
    from egan.tasks import Task
    from population.seeding import preserved_randomness

    with one_thread(), preserved_randomness():
        one = _fastest(plan, dataset, interval=1)
        if plan.unit == "generations":
            return one
        if one < PATIENCE / (NUM_UNITS * MORE):
            one = _fastest(plan, dataset, interval=MORE) / MORE
    # scores take samples, which are a forward pass of the three that an update is
    judged = Task.num_judged / (3 * plan.config.settings.batch_size)
    return one * (plan.interval + judged)


class _Clock(Callback):
    """Notes how long each unit took, and ends the search when that is enough."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_generation(self, search: Search, generation: Generation) -> None:
        """Note it."""
        self.seconds.append(sum(generation.seconds.values()))
        if sum(self.seconds) > PATIENCE:
            search.stop()


def _fastest(plan: Plan, dataset: Dataset, *, interval: int) -> float:
    """Return the seconds of the fastest of a few units, of which the first one warms things up."""
    clock = _Clock()
    _search_of(plan, dataset, interval=interval, callbacks=[clock]).run(NUM_UNITS)
    return min(clock.seconds)


def _search_of(
    plan: Plan, dataset: Dataset, *, interval: int, callbacks: Sequence[Callback]
) -> Search:
    """Return the search that the plan is, on noise, in this process, with little to judge."""
    from functools import partial

    from egan.collection.api import task_of
    from egan.runs.preparation import Prepared
    from population import InlineExecutor

    config = plan.config
    if plan.unit == "rounds":
        search = dataclasses.replace(config.search, interval=interval)
        config = dataclasses.replace(config, search=search)
    noise, model_type = _noise(dataset), collection.paper(plan.model)
    task = task_of(config, noise, _quick_features(noise.num_classes))
    task.num_judged = 10
    member = partial(
        model_type,
        settings=config.settings,
        task=task,
        interval=config.search.interval,
        arithmetic=config.arithmetic,
    )
    nothing: Any = None
    prepared = Prepared(
        dataset=noise,
        task=task,
        model_type=model_type,
        showcase=nothing,
        member=member,
        identity={},
    )
    made = dataclasses.replace(plan, config=config)
    executor = InlineExecutor()
    return plan.make(made, prepared, executor=executor, seed=0, callbacks=callbacks)


def _quick_features(num_classes: int) -> Any:
    """Return features and classes that cost nothing."""
    from egan.judging.features import Features

    def pixels(samples: Any) -> Any:
        return samples.flatten(1)[:, :64]

    return Features(pixels, classify=pixels if 1 < num_classes <= 64 else None)


def _noise(dataset: Dataset) -> Dataset:
    """Return noise in the shape of the pictures, with their labels."""
    import numpy as np

    from egan.data.dataset import Dataset as Data

    chosen = dataset.spread(max(NUM_STAND_IN, 2 * dataset.num_classes))
    shape = (len(chosen), *dataset.shape)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    labels = None if dataset.labels is None else dataset.labels[chosen]
    return Data("noise", pixels, labels, class_names=dataset.class_names)
