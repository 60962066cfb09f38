"""The settings of an E-GAN that a search may change while it trains. Needs no torch.

A hyperparameter is a number somewhere in `RunConfig`; `HYPERPARAMETERS` says where. None of them
changes a shape, so a live GAN can take any of them, and an exploit can hand them on.
"""

from __future__ import annotations

import functools
import typing
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from egan.config import RunConfig
from egan.lazy import lookup

HYPERPARAMETERS: dict[str, str] = {
    "generator_lr": "generator.lr",
    "discriminator_lr": "discriminator.lr",
    "diversity_weight": "fitness.diversity_weight",
    "discriminator_steps": "discriminator.steps",
    "r1_weight": "discriminator.r1_weight",
    "gradient_penalty_weight": "discriminator.gradient_penalty_weight",
    "ema_decay": "generator.ema_decay",
    "batch_size": "evolution.batch_size",
}

SPACE: dict[str, str] = {
    "generator_lr": "1e-4,1e-2,log",
    "discriminator_lr": "1e-4,1e-2,log",
    "diversity_weight": "0,0.5",
    "discriminator_steps": "1,2,3",
    "r1_weight": "0.01,3,log",
}
"""What a search varies if it is not told, spelt as on the command line."""


def tuned(config: RunConfig, hyperparameters: Mapping[str, Any]) -> RunConfig:
    """Return the settings with hyperparameters in their places.

    Raises:
        ValueError: There is no such hyperparameter, or it is to be a whole number and is none.
    """
    for name, value in hyperparameters.items():
        part, field = lookup(HYPERPARAMETERS, name, kind="hyperparameter").split(".")
        settings = replace(getattr(config, part), **{field: _fitting(name, value)})
        config = replace(config, **{part: settings})
    return config


@functools.cache
def kind_of(name: str) -> type[int] | type[float]:
    """Return whether a hyperparameter is a whole number or any.

    Raises:
        ValueError: There is no such hyperparameter.
    """
    part, field = lookup(HYPERPARAMETERS, name, kind="hyperparameter").split(".")
    group = typing.get_type_hints(RunConfig)[part]
    kind: type[int] | type[float] = typing.get_type_hints(group)[field]
    return kind


def _fitting(name: str, value: Any) -> int | float:
    kind = kind_of(name)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or (kind is int and value != int(value)):
        wanted = "a whole number" if kind is int else "a number"
        raise ValueError(f"hyperparameter {name} must be {wanted}, but got {value!r}.")
    return kind(value)
