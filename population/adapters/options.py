"""What optimisers were built with, put back after a parent's state has been loaded into them.

An optimiser's state holds the learning rate and all other options of its groups, so that loading a
parent's would undo the child's hyperparameters. A rate that a scheduler moves keeps its place on
its schedule: it changes by the factor by which the rate changes that the schedule starts from.
"""

from collections.abc import Iterator, Sequence
from typing import Any


class Options:
    """The options of freshly built optimisers.

    Args:
        optimizers: The optimisers, before a state is loaded into them.
    """

    def __init__(self, optimizers: Sequence[Any]) -> None:
        self.groups = [
            [{k: v for k, v in group.items() if k != "params"} for group in optimizer.param_groups]
            for optimizer in optimizers
        ]

    def put_back(self, optimizers: Sequence[Any], schedulers: Sequence[Any]) -> None:
        """Give the optimisers their options again, and tell their schedulers."""
        for optimizer, groups in zip(optimizers, self.groups, strict=True):
            for group, options in zip(optimizer.param_groups, groups, strict=True):
                group.update(_on_schedule(group, options))
        for scheduler in _flat(schedulers):
            if hasattr(scheduler, "base_lrs"):
                scheduler.base_lrs = [g["initial_lr"] for g in scheduler.optimizer.param_groups]


def _on_schedule(loaded: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Return a group's options, with the rates of a group that a scheduler has moved."""
    if "initial_lr" not in loaded:
        return options
    start = options.get("initial_lr", options["lr"])
    moved = loaded["lr"] * (start / loaded["initial_lr"])
    return {**options, "initial_lr": start, "lr": moved}


def _flat(schedulers: Sequence[Any]) -> Iterator[Any]:
    """Yield schedulers, those that others consist of among them."""
    for scheduler in schedulers:
        yield scheduler
        yield from _flat(getattr(scheduler, "_schedulers", ()))
