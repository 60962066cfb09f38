"""What all objectives do to the logits they are given."""

from __future__ import annotations

import torch
from torch import Tensor


def flat(logits: Tensor, *, name: str) -> Tensor:
    """Flatten logits of any shape, (N,), (N, 1) or patches (N, 1, H, W), to one axis.

    Half-precision logits become float32, so that a square or a sum of them stays finite.

    Raises:
        ValueError: if there are no logits, or they are not floating-point numbers.
    """
    if not isinstance(logits, Tensor) or not logits.is_floating_point():
        got = logits.dtype if isinstance(logits, Tensor) else type(logits).__name__
        raise ValueError(
            f"{name} must be a floating-point tensor, the discriminator's output before any "
            f"sigmoid, but got {got}."
        )
    if logits.numel() == 0:
        raise ValueError(
            f"{name} is empty, of shape {tuple(logits.shape)}; a mean needs at least one logit."
        )
    if logits.dtype in (torch.float16, torch.bfloat16):
        logits = logits.float()
    return logits.reshape(-1)
