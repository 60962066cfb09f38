"""The running average of a network's weights, which samples better than the weights themselves."""

from __future__ import annotations

from collections.abc import Sequence

import torch


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
