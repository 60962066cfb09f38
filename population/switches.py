"""What torch, numpy and the system hold once for a whole process, and a member may leave changed.

Siblings share a process with some executors and numbers of workers and not with others, so the
engine puts every switch back after each child.
"""

import contextlib
import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

_SMALLEST, _ONE = 5e-324, 1.0


class Switch(NamedTuple):
    """A setting of the process: how it is called, read and written."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], Any]


@lru_cache(maxsize=1)
def switches() -> tuple[Switch, ...]:
    """Return all switches; reading them takes a few microseconds together."""
    import torch

    cudnn = torch.backends.cudnn
    return (
        Switch("torch's default dtype", torch.get_default_dtype, torch.set_default_dtype),
        Switch("torch's default device", _default_device, _set_default_device),
        Switch("torch's gradient mode", torch.is_grad_enabled, torch.set_grad_enabled),
        Switch("torch's number of threads", torch.get_num_threads, torch.set_num_threads),
        Switch("torch's deterministic algorithms", _deterministic, _set_deterministic),
        Switch("torch's matmul precision", _precision, torch.set_float32_matmul_precision),
        Switch("torch's anomaly mode", torch.is_anomaly_enabled, torch.set_anomaly_enabled),
        *(_autocast(kind) for kind in ("cpu", "cuda")),
        *(_attribute(cudnn, name, "cuDNN's") for name in ("benchmark", "deterministic")),
        Switch("flushing of denormal numbers", _flushes, torch.set_flush_denormal),
        Switch("numpy's handling of errors", np.geterr, lambda value: np.seterr(**value)),
        Switch("the working directory", _folder, _go_to),
    )


def settings() -> tuple[Any, ...]:
    """Return how all switches stand."""
    return tuple(switch.read() for switch in switches())


def put_back(before: tuple[Any, ...]) -> None:
    """Write those switches that stand otherwise than before."""
    if settings() == before:
        return
    for switch, value in zip(switches(), before, strict=True):
        if switch.read() != value:
            switch.write(value)


def changes(before: tuple[Any, ...]) -> list[str]:
    """Return what stands otherwise than before, in words."""
    return [
        f"{switch.name} from {value!r} to {now!r}"
        for switch, value, now in zip(switches(), before, settings(), strict=True)
        if now != value
    ]


def _default_device() -> Any:
    import torch

    return torch.empty(0).device  # seven times as fast as get_default_device()


def _set_default_device(device: Any) -> None:
    """Make a device the default; the CPU as it is from the start, when nothing is intercepted."""
    import torch

    torch.set_default_device(None if device.type == "cpu" else device)


def _deterministic() -> tuple[bool, bool]:
    import torch

    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    return torch.are_deterministic_algorithms_enabled(), warn_only


def _set_deterministic(value: tuple[bool, bool]) -> None:
    import torch

    torch.use_deterministic_algorithms(value[0], warn_only=value[1])


def _precision() -> str:
    """Return the precision of float32 products, "mixed" where backends differ in it."""
    import torch

    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:
        return "mixed"


def _autocast(kind: str) -> Switch:
    import torch

    return Switch(
        f"torch's autocast on {kind}",
        lambda: torch.is_autocast_enabled(kind),
        lambda value: torch.set_autocast_enabled(kind, value),
    )


def _attribute(owner: Any, name: str, whose: str) -> Switch:
    return Switch(
        f"{whose} {name} mode",
        lambda: getattr(owner, name),
        lambda value: setattr(owner, name, value),
    )


def _flushes() -> bool:
    """Return whether numbers close to 0 are taken for 0, which torch does not tell."""
    return _SMALLEST * _ONE == 0.0


def _folder() -> str:
    """Return the working directory; an empty text where it was deleted."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _go_to(folder: str) -> None:
    with contextlib.suppress(OSError):  # it may be gone, too
        os.chdir(folder)
