"""What a model will take, found out before it is built: told, rather than killed for memory.

Networks are built on torch's meta device, where numbers take no memory, and counted as they grow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from egan.memory import TooLargeError, free_bytes, require

if TYPE_CHECKING:
    from egan.config import RunConfig
    from egan.training.model import Model

BYTES = 4
COPIES = 3
"""Of each number: itself, its gradient and what an optimiser keeps, at the least."""
NETWORKS = "the networks"
SMALLER = "Give smaller ones, or in a search fewer members."
MANY = 20_000
"""Tensors of weights beyond which building them alone takes minutes."""


def check_size(config: RunConfig, build: Callable[..., Model]) -> None:
    """See that a model fits its data, and in this machine's memory.

    Args:
        config: The run's settings.
        build: Builds the model; it takes ``device``.

    Raises:
        ValueError: It does not; the message says how much it would take.
    """
    free = free_bytes()
    model = _outlined(build, free)
    if model is None:
        return
    sizes = sum(BYTES * p.numel() for net in model.networks.values() for p in net.parameters())
    members = config.search.population if config.search.strategy else 1
    require(sizes * (members + COPIES - 1), NETWORKS, mend=SMALLER, free=free)
    sample = BYTES * math.prod(model.shape)
    _check_batch("--batch-size", config.settings.batch_size, sample, free)
    if config.mutations:
        _check_batch("--evolution.num-samples", config.evolution.num_samples, sample, free)


def _outlined(build: Callable[..., Model], free: int) -> Model | None:
    """Build a model of numbers without memory; None where a network cannot be built so."""
    try:
        with torch.device("meta"), _counted(free):
            return build(device="meta")
    except ValueError:
        raise
    except (RuntimeError, NotImplementedError, TypeError):  # something that needs real numbers
        return None


@contextmanager
def _counted(free: int) -> Iterator[None]:
    """Stop as soon as the weights that are built cannot fit."""
    size, tensors = 0, 0

    def count(_module: nn.Module, _name: str, weights: Any) -> None:
        nonlocal size, tensors
        if isinstance(weights, Tensor):
            size, tensors = size + BYTES * weights.numel(), tensors + 1
        require(COPIES * size, NETWORKS, mend=SMALLER, free=free)
        if tensors > MANY:
            raise TooLargeError(
                f"networks of more than {MANY:,} layers take minutes to build; give fewer."
            )

    handle = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()


def _check_batch(flag: str, count: int, sample: int, free: int) -> None:
    mend = f"Give a smaller {flag}."
    require(2 * count * sample, f"batches of {flag} {count:,}", mend=mend, free=free)
