"""A step of a policy along its natural gradient, no farther than a divergence allows: TRPO.

    max_θ E[ρ_θ A]     subject to  E[KL(π_old ‖ π_θ)] <= δ

(Schulman et al., arXiv 1502.05477): solve F x = g by conjugate gradients, F the Hessian of the
divergence; go along x as far as δ allows by its quadratic, and half of that again until ρ A has
grown and the divergence is below δ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

DAMPING, ITERATIONS, HALVINGS = 0.1, 10, 10
SMALLEST = 1e-10

Product = Callable[[Tensor], Tensor]


def flat(tensors: Sequence[Tensor]) -> Tensor:
    """Return tensors as one row."""
    return torch.cat([one.reshape(-1) for one in tensors])


def conjugate_gradients(product: Product, wanted: Tensor, *, iterations: int) -> Tensor:
    """Solve F x = g for a positive definite F, of which only F v is known."""
    found, rest = torch.zeros_like(wanted), wanted.clone()
    along, size = rest.clone(), rest @ rest
    for _ in range(iterations):
        if size < SMALLEST:
            break
        image = product(along)
        step = size / (along @ image)
        found, rest = found + step * along, rest - step * image
        before, size = size, rest @ rest
        along = rest + size / before * along
    return found


def hessian_product(divergence: Tensor, parameters: Sequence[Tensor]) -> Product:
    """Return what multiplies by the Hessian of a divergence, and a little of the identity."""
    slope = flat(torch.autograd.grad(divergence, parameters, create_graph=True))

    def product(vector: Tensor) -> Tensor:
        second = torch.autograd.grad(slope @ vector, parameters, retain_graph=True)
        return flat(second) + DAMPING * vector

    return product


@torch.no_grad()
def add(parameters: Sequence[Tensor], step: Tensor) -> None:
    """Add a row to parameters."""
    start = 0
    for one in parameters:
        one.add_(step[start : start + one.numel()].view_as(one))
        start += one.numel()


def trust_region_step(
    parameters: Sequence[Tensor],
    gain: Callable[[], Tensor],
    divergence: Callable[[], Tensor],
    *,
    most: float,
) -> None:
    """Change parameters so that a gain grows, while a divergence from where they are stays small.

    Args:
        parameters: What is changed, in place.
        gain: E[ρ A], a scalar.
        divergence: E[KL(π_old ‖ π)], a scalar.
        most: The largest divergence (δ).
    """
    before = gain()
    slope = flat(torch.autograd.grad(before, parameters)).detach()
    if not float(slope.norm()) > SMALLEST:  # nor where it is no number
        return
    product = hessian_product(divergence(), parameters)
    along = conjugate_gradients(product, slope, iterations=ITERATIONS)
    step = along * (2 * most / (along @ product(along)).clamp_min(SMALLEST)).sqrt()
    add(parameters, step)
    for _ in range(HALVINGS):
        with torch.no_grad():
            if gain() > before and divergence() <= most:
                return
        step = step / 2
        add(parameters, -step)
    add(parameters, -step)
