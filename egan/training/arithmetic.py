"""How networks are computed, see `ArithmeticConfig`: the same mathematics, other last bits."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from egan.config import ArithmeticConfig

Forward = Callable[[Tensor], Tensor]
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


def computed(network: Forward, settings: ArithmeticConfig, device: torch.device) -> Forward:
    """Return a network's forward pass in the precision of the settings; its result is float32."""
    if settings.precision == "float32":
        return network

    def forward(values: Tensor) -> Tensor:
        with torch.autocast(device.type, dtype=torch.bfloat16):
            return network(values).float()

    return forward


def compiled(network: nn.Module, settings: ArithmeticConfig) -> Forward:
    """Return a network's forward pass, compiled where the settings say so.

    A compiled pass has no second derivatives.
    """
    if not settings.compile:
        return network
    import torch._functorch.config as functorch

    functorch.donated_buffer = False  # siblings go back through one graph several times
    forward: Forward = torch.compile(network, dynamic=False)
    return forward


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
