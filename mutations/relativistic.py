"""Objectives that ask whether fakes look more real than real samples do, on average.

o are the discriminator's logits on generated samples (N,), r those on real ones (M,); N and M may
differ. The relativistic logits are o − E[r] and r − E[o]. Both terms depend on the fakes, the
second one through E[o], so the generator's gradient flows through both. Real logits do not depend
on the generator: pass them computed without a graph, or let autograd carry it unused.

The paper's sums are kept, without the factor ½ of some implementations.
Jolicoeur-Martineau 2018, arXiv 1807.00734.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from mutations.logits import flat


def relativistic_logistic(fake: Tensor, real: Tensor | None) -> Tensor:
    """Relativistic average of the logistic game (RaSGAN).

    −E[log σ(o − E[r])] − E[log(1 − σ(r − E[o]))]
    = E[softplus(E[r] − o)] + E[softplus(r − E[o])], (N,), (M,) -> (), in (0, ∞).

    Raises:
        ValueError: if `real` is missing, or either is empty or not floating-point.
    """
    fake_advantage, real_advantage = _advantages(fake, real)
    return F.softplus(-fake_advantage).mean() + F.softplus(real_advantage).mean()


def relativistic_hinge(fake: Tensor, real: Tensor | None) -> Tensor:
    """Relativistic average of the hinge game (RaHingeGAN).

    E[max(0, 1 − (o − E[r]))] + E[max(0, 1 + (r − E[o]))], (N,), (M,) -> (), in [0, ∞).

    Raises:
        ValueError: if `real` is missing, or either is empty or not floating-point.
    """
    fake_advantage, real_advantage = _advantages(fake, real)
    return F.relu(1 - fake_advantage).mean() + F.relu(1 + real_advantage).mean()


def relativistic_least_squares(fake: Tensor, real: Tensor | None) -> Tensor:
    """Relativistic average of the least-squares game (RaLSGAN).

    E[(o − E[r] − 1)²] + E[(r − E[o] + 1)²], (N,), (M,) -> (), in [0, ∞). On logits, as published:
    unlike `least_squares` it has an optimum, where the fakes' mean is one above the real ones'.

    Raises:
        ValueError: if `real` is missing, or either is empty or not floating-point.
    """
    fake_advantage, real_advantage = _advantages(fake, real)
    return (fake_advantage - 1).square().mean() + (real_advantage + 1).square().mean()


def _advantages(fake: Tensor, real: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return o − E[r] of shape (N,) and r − E[o] of shape (M,)."""
    if real is None:
        raise ValueError(
            "real is None, but a relativistic objective compares fakes with real samples; pass the "
            "discriminator's logits on a real batch."
        )
    fake_N, real_M = flat(fake, name="fake"), flat(real, name="real")
    return fake_N - real_M.mean(), real_M - fake_N.mean()
