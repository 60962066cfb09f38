"""The running average of a network's weights, which samples better than the weights themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from egan.networks.blocks import BATCH_NORMS


class ExponentialAveraging:
    """Exponential averaging whose decay starts low: min(decay, (1 + n) / (10 + n)).

    It is the `multi_avg_fn` of torch's `AveragedModel`, a class because it has to pickle::

        averaging = ExponentialAveraging(0.999)
        average = AveragedModel(network, multi_avg_fn=averaging)
        average.update_parameters(network)  # after every step

    `decay` may be set anew on the way. Without a `multi_avg_fn`, `AveragedModel` keeps the plain
    mean of all steps, which is what `egan.losses.averaging.historical_averaging` compares with.
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay

    def __call__(
        self,
        averaged: Sequence[torch.Tensor],
        current: Sequence[torch.Tensor],
        num_averaged: torch.Tensor | int,
    ) -> None:
        """Move the averages in place towards the current weights, after `num_averaged` steps."""
        count = int(num_averaged)
        decay = min(self.decay, (1 + count) / (10 + count))
        torch._foreach_lerp_(list(averaged), list(current), 1 - decay)


def has_statistics(network: nn.Module) -> bool:
    """Return whether a network has batch norm, which keeps running statistics."""
    return any(isinstance(module, BATCH_NORMS) for module in network.modules())


@torch.no_grad()
def own_statistics(network: nn.Module, passes: Callable[[], object]) -> None:
    """Take batch norm's running statistics of a network anew: the mean over some passes through it.

    Those that `AveragedModel` takes over from the network that it follows belong to other weights.

    Args:
        network: What is passed through; the mode of its other layers stays.
        passes: Makes the passes, of batches of one size.
    """
    norms = [module for module in network.modules() if isinstance(module, BATCH_NORMS)]
    before = [(norm.momentum, norm.training) for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean of all batches alike
        norm.train()
    try:
        passes()
    finally:
        for norm, (momentum, mode) in zip(norms, before, strict=True):
            norm.momentum = momentum
            norm.train(mode)
