"""Optimisers of torch without what only its compiler needs.

torch wraps the methods of its optimisers such that `torch.compile` passes them by, and the wrappers
import the whole compiler when they are first called: most of a second of each process that
trains, and of each Ray worker. No optimiser here is compiled (`--arithmetic.compile` compiles
networks), so the methods are taken without wrappers.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch

WRAPPED = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")


def eager(kind: type[torch.optim.Optimizer]) -> Callable[..., torch.optim.Optimizer]:
    """Return an optimiser of the same arithmetic whose methods are not wrapped."""
    methods: dict[str, Any] = {name: inspect.unwrap(getattr(kind, name)) for name in WRAPPED}
    methods["step"] = torch.no_grad()(inspect.unwrap(kind.step))
    return type(kind.__name__, (kind,), methods)
