"""Terms of a variational bound, for Gaussians whose coordinates are independent.

N samples, Z coordinates. `log_variance` is log σ², so that any real number is allowed. Terms are
per sample, summed over coordinates: means over a batch are the caller's.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def gaussian_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(μ, σ²) ‖ N(0, 1)) = ½ Σ_z (μ² + σ² − 1 − log σ²), (N, Z), (N, Z) -> (N,), in [0, ∞).

    Raises:
        ValueError: if the shapes differ.

    Kingma and Welling 2013, arXiv 1312.6114, appendix B.
    """
    _check_shapes(mean=mean, log_variance=log_variance)
    terms = mean.square() + torch.expm1(log_variance) - log_variance
    return 0.5 * terms.flatten(1).sum(1)


def gaussian_log_density(samples: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return log N(x; μ, σ²) = −½ Σ_z ((x − μ)² / σ² + log σ² + log 2π).

    (N, Z) three times -> (N,), any real number.

    Raises:
        ValueError: if the shapes differ.
    """
    _check_shapes(samples=samples, mean=mean, log_variance=log_variance)
    squares = (samples - mean).square() * torch.exp(-log_variance)
    terms = squares + log_variance + math.log(2 * math.pi)
    return -0.5 * terms.flatten(1).sum(1)


def reparameterise(mean: Tensor, log_variance: Tensor, *, rng: torch.Generator) -> Tensor:
    """Draw z = μ + σ ε with ε ~ N(0, 1), differentiable in both: (N, Z), (N, Z) -> (N, Z).

    ε is drawn from `rng`, on its own device.

    Raises:
        ValueError: if the shapes differ.

    Kingma and Welling 2013, arXiv 1312.6114.
    """
    _check_shapes(mean=mean, log_variance=log_variance)
    noise = torch.randn(mean.shape, generator=rng, device=rng.device, dtype=mean.dtype)
    return mean + torch.exp(0.5 * log_variance) * noise.to(mean.device)


def _check_shapes(**tensors: Tensor) -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if len(set(shapes.values())) > 1 or len(next(iter(shapes.values()))) < 2:
        raise ValueError(
            f"the tensors must have one shape, (N, Z), but got {shapes}; expand a variance that "
            "samples share."
        )
