"""How parameters are given gradients that were taken by `torch.autograd.grad`."""

from collections.abc import Iterable

from torch import Tensor


def set_gradients(parameters: Iterable[Tensor], gradients: Iterable[Tensor | None]) -> None:
    """Give parameters their gradients, contiguous in memory: fused Adam does not look at strides.

    Those that torch.autograd.grad returns often are not, such as those of einsum or a penalty.
    """
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = None if gradient is None else gradient.contiguous()
