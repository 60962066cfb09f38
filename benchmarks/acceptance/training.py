"""Train models of the collection outside a search, on data whose test part they never see."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import torch

from egan import collection
from egan.collection.api import build
from egan.data import load
from egan.judging.reference import Reference, prepare
from egan.tasks import Generation, Task
from egan.training.model import Model, stream
from population.seeding import Seeds, seed_everything

QUICK_UPDATES = 3
SAMPLED = 7


@cache
def reference(name: str = "digits", *, image_size: int | None = None) -> Reference:
    """Return the two parts of a data set, and what judges samples of it."""
    parts = (load(name, split=part, image_size=image_size) for part in ("train", "test"))
    return prepare(*parts)


def task_of(judge: Reference) -> Task:
    """Return what models learn from, the training part; the test part is held out."""
    return Generation(judge.train, judge.test, judge.features)


def built(kind: str | type[Model], seed: int, *, task: Task, quick: bool, **changed: Any) -> Model:
    """Build a model with its small preset's settings, some `changed`; tiny where it is quick.

    Args:
        kind: A name of the collection, or a class of one's own that extends one of its models.
        seed: Of its weights and of its training.
        task: The data and the features; the model's own task is made of them.
        quick: Whether the model is to be tiny.
        changed: Settings, by name.
    """
    model = collection.paper(kind) if isinstance(kind, str) else kind
    config = model.presets["small"]()
    settings = config.settings.tuned({**changed, **(model.tiny if quick else {})})
    own = model.task_type(task.data, task.held_out, task.features)
    return build(replace(config, seed=seed, settings=settings), own, member=model)


def train(model: Model, seed: int, *, updates: int, quick: bool) -> Model:
    """Take `updates` updates, or three of them where it is quick; return the model.

    Its stream goes on where another call with the same model left it.
    """
    if not model.updates:
        seed_everything(Seeds(seed, 1, 0).own("step"))
        model.rng = stream(Seeds(seed, 1, 1).own("step"))
    model.training(True)
    for _ in range(min(updates, QUICK_UPDATES) if quick else updates):
        model.update()
        model.updates += 1
    return model


def trained(
    kind: str | type[Model], seed: int, *, task: Task, updates: int, quick: bool, **changed: Any
) -> Model:
    """Build a model, see `built`, and train it, see `train`."""
    model = built(kind, seed, task=task, quick=quick, **changed)
    return train(model, seed, updates=updates, quick=quick)


def samples(model: Model, count: int, seed: int) -> torch.Tensor:
    """Make samples (count, *shape) as the model does best, from codes of their own seed."""
    with model.judging():
        return model.samples(count, stream(Seeds(seed, SAMPLED, 0).own("evaluate")))


def num_parameters(*networks: torch.nn.Module) -> int:
    """Return the number of parameters of networks together."""
    return sum(p.numel() for network in networks for p in network.parameters())


def minimised(parameters: Iterable[torch.nn.Parameter], loss: Callable[[], torch.Tensor]) -> float:
    """Bring a smooth loss down as far as it goes; return it."""
    optimizer = torch.optim.LBFGS(
        parameters,
        max_iter=500,
        tolerance_grad=1e-9,
        tolerance_change=1e-12,
        line_search_fn="strong_wolfe",
    )

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        value = loss()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(closure)  # type: ignore[arg-type]
    return float(loss().detach())
