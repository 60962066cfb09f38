"""What torch, numpy and the system hold once for a whole process, and a member may leave changed.

Siblings share a process with some executors and numbers of workers and not with others, so the
engine puts every switch back after each child.
"""

import contextlib
import os
from collections.abc import Callable
from functools import lru_cache, partial
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
    """Return those that make other numbers, and are read in about a microsecond together."""
    import torch

    debug = torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode
    return (
        Switch("torch's default dtype", torch.get_default_dtype, torch.set_default_dtype),
        Switch("torch's default device", _default_device, torch.set_default_device),
        Switch("torch's gradient mode", torch.is_grad_enabled, torch.set_grad_enabled),
        Switch("torch's number of threads", torch.get_num_threads, torch.set_num_threads),
        Switch("torch's deterministic mode", *debug),
        Switch("torch's matmul precision", _precision, torch.set_float32_matmul_precision),
        Switch("torch's anomaly mode", torch.is_anomaly_enabled, torch.set_anomaly_enabled),
        Switch("flushing of denormal numbers", _flushes, torch.set_flush_denormal),
        *(_autocast(kind) for kind in ("cpu", "cuda")[: 1 + torch.cuda.is_available()]),
        *(_cudnn(name) for name in ("benchmark", "deterministic") if torch.cuda.is_available()),
    )


@lru_cache(maxsize=1)
def all_switches() -> tuple[Switch, ...]:
    """Return these and others, which are too dear to be read for each child."""
    return (
        *switches(),
        Switch("numpy's handling of errors", np.geterr, lambda value: np.seterr(**value)),
        Switch("the working directory", _folder, _go_to),
    )


class Guard:
    """Remembers how switches stand, and puts those back that are found otherwise."""

    def __init__(self, guarded: tuple[Switch, ...]) -> None:
        self.guarded = guarded
        self.before = self._read()

    def put_back(self) -> None:
        """Write those that stand otherwise than before."""
        if self._read() == self.before:
            return
        for switch, value in zip(self.guarded, self.before, strict=True):
            if switch.read() != value:
                switch.write(value)

    def changes(self) -> list[str]:
        """Return what stands otherwise than before, in words."""
        return [
            f"{switch.name} from {value!r} to {now!r}"
            for switch, value, now in zip(self.guarded, self.before, self._read(), strict=True)
            if now != value
        ]

    def _read(self) -> list[Any]:
        return [switch.read() for switch in self.guarded]


def _default_device() -> Any:
    """Return the default device; None where nothing stands between torch and the CPU."""
    import torch

    return torch.get_default_device() if torch._C._len_torch_function_stack() else None


def _precision() -> str:
    """Return the precision of float32 products, "mixed" where backends differ in it."""
    import torch

    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:
        return "mixed"


def _autocast(kind: str) -> Switch:
    import torch

    read = partial(torch.is_autocast_enabled, kind)
    return Switch(f"torch's autocast on {kind}", read, partial(torch.set_autocast_enabled, kind))


def _cudnn(name: str) -> Switch:
    import torch

    owner: Any = torch.backends.cudnn
    write = partial(setattr, owner, name)
    return Switch(f"cuDNN's {name} mode", lambda: getattr(owner, name), write)


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
