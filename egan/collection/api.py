"""Papers in Python: data and task of a run, and training without the command line."""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from rich.progress import track

from egan import collection, data
from egan.data.splits import learned, parted
from egan.judging.classifier import one_thread
from egan.judging.features import Features, extractor
from population.seeding import Seeds, preserved_randomness, seed_everything

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from egan.config import RunConfig
    from egan.data.dataset import Dataset
    from egan.tasks import Task
    from egan.training.model import Model
    from population.member import Member

logger = logging.getLogger("egan")


def train(
    name: str,
    dataset: Dataset | None = None,
    *,
    updates: int | None = None,
    seed: int = 0,
    features: Features | None = None,
    device: Literal["cpu", "cuda"] = "cpu",
    progress: bool | None = None,
    **settings: Any,
) -> Model:
    """Train a paper in this process.

    A model that is trained is the same bits as that of a run of the command line that is as long.

    Args:
        name: A model or preset, such as "vae", "gan:paper" or "gaussians25".
        dataset: What to learn from; by default what the preset names.
        updates: How many updates (generations, of a preset that evolves) to take; by default as
            many as the preset does.
        seed: Of everything.
        features: What samples are judged by; by default those of a classifier that is trained on
            the data, once, and cached.
        device: Where the networks live.
        progress: Whether to show a bar; by default where somebody watches.
        settings: Changes to the preset's settings, such as ``latent_dim=32``.

    Returns:
        The model, in evaluation mode: ``model.sample(64, rng)``, ``model.score()``.

    Raises:
        ValueError: There is no such model or setting, or they do not fit the data.
    """
    config = replace(collection.preset(name), seed=seed, device=device)
    config = replace(config, settings=config.settings.tuned(settings))
    config.check()
    collection.check_augmentation(config)
    dataset = load_data(config) if dataset is None else dataset
    check_size(config, task_of(config, dataset, Features(lambda samples: samples.flatten(1))))
    task = task_of(config, dataset, features or features_of(config, dataset))
    if updates is None:
        updates = config.generations if config.mutations else _updates(config)
    shown = sys.stderr.isatty() if progress is None else progress
    rounds = track(_rounds(config, updates), description=name, disable=not shown)
    with one_thread(), preserved_randomness():
        model = (
            _evolved(config, task, rounds) if config.mutations else _trained(config, task, rounds)
        )
    model.training(False)
    return model


def _updates(config: RunConfig) -> int:
    return config.search.rounds * config.search.interval


def _rounds(config: RunConfig, updates: int) -> list[tuple[int, int]]:
    """Return the number of each round from 1 on, and how many updates it has."""
    interval = config.search.interval
    starts = range(0, updates, interval)
    return [(i, min(interval, updates - start)) for i, start in enumerate(starts, start=1)]


def _trained(config: RunConfig, task: Task, rounds: Iterable[tuple[int, int]]) -> Model:
    member = collection.paper(collection.named(config.preset)[0])
    model = build(config, task, member=member)
    for number, updates in rounds:
        model.interval = updates
        _begin(model, config.seed, number)
        model.step()
    return model


def _evolved(config: RunConfig, task: Task, rounds: Iterable[tuple[int, int]]) -> Model:
    """Evolve in rounds, as a member of a search whose members are evolutions."""
    from egan.evolution.whole import WholeEvolution, best_of

    game: Any = collection.paper(collection.named(config.preset)[0])
    seed_everything(Seeds(config.seed, 0, 0).own("build"))
    member = WholeEvolution({}, config=config, game=game, task=task)
    for number, generations in rounds:
        member.given = replace(config, search=replace(config.search, interval=generations))
        member.configure({})
        _begin(member, config.seed, number)
        member.step()
    member.model.load_state_dict(best_of(member.state_dict()))
    return member.model


def _begin(member: Member, seed: int, number: int) -> None:
    """Seed a step as the engine does that of the first child of a generation."""
    member.seeds = Seeds(seed, number, 0)
    seed_everything(member.seeds.own("step"))


def build(config: RunConfig, task: Task, *, member: type[Model] | None = None) -> Model:
    """Build the model of a run in its random start; of niches their mixture.

    Raises:
        ValueError: A setting is wrong, or the networks do not fit the data.
    """
    member = member or collection.paper(collection.named(config.preset)[0])
    make = partial(
        member,
        {},
        settings=config.settings,
        task=task,
        interval=config.search.interval,
        device=config.device,
        arithmetic=config.arithmetic,
    )
    with preserved_randomness():
        first = _started(make, config.seed, 0)
        if not (config.mutations and config.evolution.niches):
            return first
        return _mixture(config, first, partial(make, side="members"))


def _started(make: Callable[..., Model], seed: int, index: int) -> Model:
    """Build a model as the engine builds the random start of a member."""
    seed_everything(Seeds(seed, 0, index).own("build"))
    return make()


def _mixture(config: RunConfig, first: Any, make: Callable[..., Model]) -> Model:
    """Return the mixture of niches in their random start."""
    from egan.evolution.mixture import mixture_of

    others: list[Any] = [_started(make, config.seed, i) for i in range(1, config.evolution.niches)]
    return mixture_of([first, *others], config)


def check_size(config: RunConfig, task: Task) -> None:
    """See that a run's model fits its data and this machine, before it is built.

    Raises:
        ValueError: It does not.
    """
    from egan.training import size

    member = collection.paper(collection.named(config.preset)[0])
    with preserved_randomness():
        size.check_size(config, partial(member, {}, settings=config.settings, task=task))


def load_data(config: RunConfig) -> Dataset:
    """Load the data of a run.

    Raises:
        ValueError: A setting is wrong or the data cannot be read.
    """
    settings = config.data
    place = " ".join(settings.pairs or [settings.path or ""])
    logger.info("loading the data: %s%s", settings.name, f" {place}".rstrip())
    dataset = data.load(settings.name, **settings.options)
    if config.text_encoder is not None:
        dataset = _encoded(dataset, config)
    for note in dataset.notes:
        logger.warning("%s", note)
    return dataset


def _encoded(dataset: Dataset, config: RunConfig) -> Dataset:
    from egan.data.encodings import FLAG, encoded

    name, spec = collection.named(config.preset)[0], str(config.text_encoder)
    if not task_class(name).asks.captions:
        raise ValueError(
            f"{FLAG} {spec}: {name} is told no captions; leave it out, or train a model that is, "
            "such as gan_int_cls."
        )
    return encoded(dataset, spec)


def task_of(config: RunConfig, dataset: Dataset, features: Features) -> Task:
    """Return what the models of a run learn from and are judged by.

    With ``hold_out`` the data's test part (`egan.data.splits`) is left out altogether, for a final
    verdict; of the rest a part is held out to judge members by.
    """
    known, held_out = parted(dataset, hold_out=config.data.hold_out)
    model = collection.paper(collection.named(config.preset)[0])
    task: Task = model.task_type(known, held_out, features)
    return task


def compared(config: RunConfig, dataset: Dataset) -> Dataset:
    """Return what samples of a run are compared with, see `Task.compared`."""
    kind = task_class(collection.named(config.preset)[0])
    return kind.compared(learned(dataset, hold_out=config.data.hold_out))


def task_class(name: str) -> type[Task]:
    """Return the class of a paper's task, whose settings the paper may have bound."""
    task_type: Any = collection.paper(name).task_type
    kind: type[Task] = getattr(task_type, "func", task_type)
    return kind


def features_of(config: RunConfig, dataset: Dataset) -> Features:
    """Return the features that samples of a run are judged by, trained once and cached."""
    return extractor(compared(config, dataset), spec=config.features)
