"""How parameters are given gradients that were taken by `torch.autograd.grad`."""

from collections.abc import Iterable

import torch
from torch import Tensor


def set_gradients(parameters: Iterable[Tensor], gradients: Iterable[Tensor | None]) -> None:
    """Give parameters their gradients, contiguous in memory: fused Adam does not look at strides.

    Those that torch.autograd.grad returns often are not, such as those of einsum or a penalty.
    """
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = None if gradient is None else gradient.contiguous()


def clipped(gradients: Iterable[Tensor | None], most: float) -> list[Tensor | None]:
    """Return gradients shortened together to a norm of `most`, where theirs is longer."""
    known = list(gradients)
    norms = [one.norm() for one in known if one is not None]
    share = (most / torch.stack(norms).norm().clamp(min=1e-12)).clamp(max=1.0)
    return [None if one is None else one * share for one in known]
