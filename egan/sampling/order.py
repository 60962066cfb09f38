"""What is asked of a model, and the samples, block by block.

Samples are made in blocks of a size that depends on their shape alone. Each block has a random
stream of its own, and is made whole before what is too much of it is left out. So a sample depends
on the model, the order's seed and its own number: not on how many follow it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from egan.data.dataset import CAPTIONS
from egan.judging.classifier import one_thread
from egan.tasks import Batch, Codes
from egan.training.model import Model, stream
from population.seeding import SHARED, stream_seed

if TYPE_CHECKING:
    from egan.data.dataset import Dataset

NO_IMAGES = "makes nothing out of images; leave out --inputs."
IMAGES = "turns images into others; give them by --inputs folder/."
NO_CAPTIONS = (
    "is told no captions; leave out --captions, or train a model that is, such as gan_int_cls."
)
FRONTAL = (0.0,)
MOST, NUMBERS = 100, 2**21
"""Samples of a block at most, and about how many numbers those have."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """How many samples of which kind.

    Attributes:
        count: How many; of a model that works on images, at most as many as there are.
        seed: Of all draws, at least 0.
        classes: The classes to make, in turn; none for those that the data have. Ages,
            where the task asks for some, that each of the sources is brought to.
        truncation: How far samples are truncated, see `Model.truncating`; None for not at all.
        sources: The images that samples are made from, where the task has them.
        captions: The captions to make samples of, in turn, (M, T); None for those that the data
            have.
        poses: The yaws in degrees that each of them is turned to, one after the other, where the
            task asks for some; none for 0, straight ahead.
    """

    count: int
    seed: int = 0
    classes: tuple[int, ...] = ()
    truncation: float | None = None
    sources: Dataset | None = None
    captions: torch.Tensor | None = None
    poses: tuple[float, ...] = ()

    def check(self, model: Model) -> None:
        """See that a model can do it.

        Raises:
            ValueError: It cannot; the message says what to leave out, or to add.
        """
        name, asks = type(model).__name__, model.task.asks
        for flag, value in (("count", self.count - 1), ("seed", self.seed)):
            if value < 0:
                least = int(flag == "count")
                raise ValueError(f"--{flag} must be {least} or more, but got {value + least}.")
        if self.classes and not asks.classes:
            raise ValueError(
                f"--classes asks for classes, but {name} is not told which to make; leave it out, "
                "or train a model that is, such as cgan or biggan."
            )
        if asks.inputs != (self.sources is not None):
            raise ValueError(f"{name} {NO_IMAGES if self.sources else IMAGES}")
        if self.captions is not None and not asks.captions:
            raise ValueError(f"{name} {NO_CAPTIONS}")
        if self.poses and not asks.poses:
            raise ValueError(
                f"--poses asks for views, but {name} turns nothing to a yaw; leave it out, or "
                "train a model that does, such as capg_gan."
            )
        if self.truncation is not None:
            model.check_truncation(self.truncation)


def blocks(model: Model, order: Order) -> Iterator[Batch]:
    """Yield the samples in their order, a few at a time, on the CPU.

    Raises:
        ValueError: The model cannot do it, makes no samples, or makes some that are not finite.
    """
    order.check(model)
    size = block_size(model.shape)
    with ExitStack() as stack:
        stack.enter_context(one_thread())
        stack.enter_context(model.judging())
        if order.truncation is not None:
            stack.enter_context(model.truncating(order.truncation))
        for number, start in enumerate(range(0, order.count, size)):
            rng = stream(stream_seed(order.seed, number, SHARED, "sample"))
            made = _block(model, order, rng, start=start, size=size)
            yield _first(made, order.count - start)


def block_size(shape: tuple[int, ...]) -> int:
    """Return how many samples of this shape a block has."""
    return max(1, min(MOST, NUMBERS // math.prod(shape)))


def _block(model: Model, order: Order, rng: torch.Generator, *, start: int, size: int) -> Batch:
    given: Codes = {}
    if order.classes:
        numbers = torch.arange(start, start + size) % len(order.classes)
        given["labels"] = torch.tensor(order.classes)[numbers]
    if order.captions is not None:
        given[CAPTIONS] = order.captions[torch.arange(start, start + size) % len(order.captions)]
    if order.sources is not None:
        size = min(size, order.count - start)
        poses = order.poses or FRONTAL
        numbers = torch.arange(start, start + size)
        if model.task.asks.poses:
            given["yaw"] = torch.tensor(poses)[numbers % len(poses)]
            numbers = numbers // len(poses)
        if model.task.asks.ages:
            numbers = numbers // max(1, len(order.classes))
        given["source"] = order.sources.tensor(numbers.numpy())
    task: Any = model.task
    made: Batch = task.make(model, size, rng, given=given)
    finite = torch.isfinite(made.samples).flatten(1).all(dim=1)
    if not finite.all():
        raise ValueError(
            f"{int((~finite).sum())} of {size} samples from number {start} on are not finite: "
            "the model has diverged. Take an earlier run, or train with lower rates."
        )
    return made


def _first(made: Batch, count: int) -> Batch:
    codes = {name: code[:count] for name, code in made.codes.items()}
    return Batch(made.samples[:count], codes)
