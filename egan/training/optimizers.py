"""Optimisers by name, and how a paper's settings become their options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from egan.eager import eager
from egan.lazy import lookup

if TYPE_CHECKING:
    from egan.config.settings import Settings

Options = dict[str, Any]

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": partial(eager(torch.optim.Adam), fused=True),
    "sgd": eager(torch.optim.SGD),
    "rmsprop": eager(torch.optim.RMSprop),
    "adagrad": eager(torch.optim.Adagrad),
}


def optimizer(name: str, network: nn.Module, options: Mapping[str, Any]) -> torch.optim.Optimizer:
    """Build the optimiser `name` of a network's parameters.

    Raises:
        ValueError: There is no such optimiser; near matches are offered.
    """
    return lookup(OPTIMIZERS, name, kind="optimizer")(network.parameters(), **options)


def name_of(settings: Settings) -> str:
    """Return the optimiser that settings name: their `optimizer`, or Adam."""
    return str(getattr(settings, "optimizer", "adam"))


Moments = dict[int, dict[str, Any]]
"""What an optimiser keeps of each parameter, by their places."""


def parameters(optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    """Return what an optimiser trains, in a fixed order."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def moments(optimizer: torch.optim.Optimizer) -> Moments:
    """Return what an optimiser keeps, by reference; nothing before its first step."""
    kept = optimizer.state
    return {i: dict(kept[one]) for i, one in enumerate(parameters(optimizer)) if one in kept}


def load_moments(optimizer: torch.optim.Optimizer, moments: Moments) -> None:
    """Let an optimiser go on from copies of moments, with its own options."""
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})


def adopt_moments(optimizer: torch.optim.Optimizer, moments: Moments) -> None:
    """Let an optimiser go on with moments where they are, or with copies on another device."""
    optimizer.state.clear()
    trained = parameters(optimizer)
    for i, kept in moments.items():  # not of what has never had a gradient
        optimizer.state[trained[i]] = {
            name: value.to(trained[i].device) if isinstance(value, torch.Tensor) else value
            for name, value in kept.items()
        }


def options(settings: Settings, *, lr: float) -> Options:
    """Return the options of the optimiser that settings name, from their `beta1` and `beta2`.

    Adam takes both; for gradient descent beta1 is the momentum; the others take neither.
    """
    beta1, beta2 = getattr(settings, "beta1", None), getattr(settings, "beta2", None)
    known: Mapping[str, Options] = {
        "adam": {} if beta1 is None else {"betas": (beta1, beta2)},
        "sgd": {} if beta1 is None else {"momentum": beta1},
    }
    return {"lr": lr, **known.get(name_of(settings), {})}
