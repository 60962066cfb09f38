"""The discriminator's loss in E-GAN, the same for all mutations, and penalties that keep it smooth.

The losses of other games are in `egan.losses.games`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from mutations.logits import flat


def real_loss(logits: Tensor) -> Tensor:
    """The half of the discriminator's loss on real samples: −E[log D(x)] = E[softplus(−o)].

    (N,) -> (), in (0, ∞); other shapes are flattened.

    Raises:
        ValueError: if `logits` is empty or not floating-point.
    """
    return F.softplus(-flat(logits, name="real logits")).mean()


def fake_loss(logits: Tensor) -> Tensor:
    """The half on generated samples: −E[log(1 − D(G(z)))] = E[softplus(o)].

    (N,) -> (), in (0, ∞); other shapes are flattened.

    Raises:
        ValueError: if `logits` is empty or not floating-point.
    """
    return F.softplus(flat(logits, name="fake logits")).mean()


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """The logistic loss of the discriminator: −E[log D(x)] − E[log(1 − D(G(z)))].

    (M,), (N,) -> (), in (0, ∞); the sum of `real_loss` and `fake_loss`, without penalties.

    Raises:
        ValueError: if either is empty or not floating-point.

    Goodfellow et al. 2014, arXiv 1406.2661.
    """
    return real_loss(real_logits) + fake_loss(fake_logits)


def least_squares_real_loss(logits: Tensor) -> Tensor:
    """Pull probabilities of real samples to 1: E[(D(x) − 1)²] = E[sigmoid(−r)²].

    (N,) -> (), in (0, 1); other shapes are flattened. On the probability, as the mutation
    `least_squares` is, unlike `egan.losses.games.least_squares_loss`.

    Raises:
        ValueError: if `logits` is empty or not floating-point.

    Mao et al. 2017, arXiv 1611.04076, as used by CDE-GAN, arXiv 2008.09388.
    """
    return torch.sigmoid(-flat(logits, name="real logits")).square().mean()


def least_squares_fake_loss(logits: Tensor) -> Tensor:
    """Pull probabilities of generated samples to 0: E[D(G(z))²] = E[sigmoid(o)²].

    (N,) -> (), in (0, 1); other shapes are flattened.

    Raises:
        ValueError: if `logits` is empty or not floating-point.
    """
    return torch.sigmoid(flat(logits, name="fake logits")).square().mean()


def gradient_penalty(
    discriminator: Callable[[Tensor], Tensor],
    real: Tensor,
    fake: Tensor,
    *,
    generator: torch.Generator,
    target: float = 1.0,
) -> Tensor:
    """Hold the gradient's norm at `target` between real and fake: E[(‖∇D(u x + (1 − u) x̃)‖ − t)²].

    Not yet weighted. One u in [0, 1) per pair is drawn from `generator`, on its own device.
    Samples x, x̃ (N, ...) of equal shape -> (). Differentiable in the discriminator's parameters,
    not in the samples. The norm is one sample's, so batch statistics in D blur it.

    Raises:
        ValueError: if the shapes differ, there are no samples, or `target` is negative.

    Gulrajani et al. 2017, arXiv 1704.00028.
    """
    if real.shape != fake.shape:
        raise ValueError(
            f"real and fake must have one shape, since they are mixed pair by pair, but got "
            f"{tuple(real.shape)} and {tuple(fake.shape)}; draw batches of equal size."
        )
    if target < 0:
        raise ValueError(f"target must be at least 0, the norm of a gradient, but got {target=}.")
    mix_shape = (len(real),) + (1,) * (real.dim() - 1)
    mix = torch.rand(mix_shape, generator=generator, device=generator.device).to(real)
    between = fake.detach() + mix * (real.detach() - fake.detach())
    norms_N: Tensor = torch.linalg.vector_norm(_input_gradient(discriminator, between), dim=1)
    return (norms_N - target).square().mean()


def r1_penalty(discriminator: Callable[[Tensor], Tensor], real: Tensor) -> Tensor:
    """Flatten the discriminator on the data: R1 = ½ E[‖∇D(x)‖²], the gradient of the logit.

    The ½ is part of R1 here, so that a weight γ means the paper's γ/2 E[‖∇D(x)‖²].
    Samples x (N, ...) -> (). Differentiable in the discriminator's parameters.

    Raises:
        ValueError: if there are no samples.

    Mescheder et al. 2018, arXiv 1801.04406.
    """
    return 0.5 * _input_gradient(discriminator, real.detach()).square().sum(dim=1).mean()


def _input_gradient(discriminator: Callable[[Tensor], Tensor], samples: Tensor) -> Tensor:
    """Return the gradient of each sample's logit in that sample, (N, number of pixels)."""
    if samples.numel() == 0:
        raise ValueError(f"a penalty needs at least one sample, but got {tuple(samples.shape)}.")
    samples = samples.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(samples).sum(), samples, create_graph=True)
    return gradient.flatten(start_dim=1)
