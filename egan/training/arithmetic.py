"""How networks are computed, see `ArithmeticConfig`: the same mathematics, other last bits."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from egan.config.sections import ArithmeticConfig

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


def lay_out(network: nn.Module, settings: ArithmeticConfig) -> nn.Module:
    """Have a network's convolutions work with channels last, where the settings say so.

    The first convolution's input is brought into that format, which later layers hand on; weights
    stay as they are, so that states do not depend on it.
    """
    if settings.channels_last:
        for module in network.modules():
            if isinstance(module, CONVOLUTIONS):
                module.register_forward_pre_hook(_channels_last)
                break
    return network


def _channels_last(_module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (inputs[0].contiguous(memory_format=torch.channels_last), *inputs[1:])


def compile_in_place(network: nn.Module, settings: ArithmeticConfig) -> None:
    """Have a network's forward pass compiled where the settings say so, at its first call."""
    if settings.compile:
        import torch._functorch.config as functorch

        functorch.donated_buffer = False  # siblings go back through one graph several times
        network.compile(dynamic=False)


def eager(settings: ArithmeticConfig) -> contextlib.AbstractContextManager[None]:
    """Return the context for penalties: a compiled pass has no second derivatives."""
    if not settings.compile:
        return contextlib.nullcontext()
    return torch.compiler.set_stance("force_eager")  # type: ignore[no-any-return]


def check_compiler(settings: ArithmeticConfig) -> None:
    """See that there is what `torch.compile` calls.

    Raises:
        ValueError: There is no C++ compiler.
    """
    names = [name for name in (os.environ.get("CXX"), "g++", "clang++") if name]
    if settings.compile and not any(shutil.which(name) for name in names):
        raise ValueError(
            "--arithmetic.compile needs a C++ compiler, but found none of "
            f"{', '.join(names)}; install one, or leave it out."
        )
