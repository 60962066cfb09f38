"""Objectives that look at generated samples only.

o are the discriminator's logits on generated samples, D = sigmoid(o) its probability that they are
real. Logarithms are taken in logits, log D = −softplus(−o) and log(1 − D) = −softplus(o), which is
finite with finite gradients for every finite o. Each function maps (N,) to a scalar that falls as
the logits rise; other shapes are flattened. The second argument is there so that all objectives
are called alike; it is ignored.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mutations.logits import flat


def minimax(fake: Tensor, _real: Tensor | None = None) -> Tensor:
    """Minimise the log-probability of being caught: ½ E[log(1 − D)] = −½ E[softplus(o)].

    The saturating loss: its gradient, −½ D per logit, vanishes where D rejects. Range (−∞, 0).

    Raises:
        ValueError: if `fake` is empty or not floating-point.

    Goodfellow et al. 2014, arXiv 1406.2661; the factor ½ is E-GAN's, arXiv 1803.00657.
    """
    return -0.5 * F.softplus(flat(fake, name="fake")).mean()


def heuristic(fake: Tensor, _real: Tensor | None = None) -> Tensor:
    """Maximise the log-probability of being taken for real: −½ E[log D] = ½ E[softplus(−o)].

    The non-saturating loss: its gradient, −½ (1 − D) per logit, is −½ where D rejects.
    Range (0, ∞).

    Raises:
        ValueError: if `fake` is empty or not floating-point.

    Goodfellow et al. 2014, arXiv 1406.2661; the factor ½ is E-GAN's, arXiv 1803.00657.
    """
    return 0.5 * F.softplus(-flat(fake, name="fake")).mean()


def least_squares(fake: Tensor, _real: Tensor | None = None) -> Tensor:
    """Pull the probability towards 1: E[(D − 1)²] = E[sigmoid(−o)²].

    On the probability, not on the raw logit: the loss falls for every o and has no optimum at
    o = 1. Its gradient, −2 D (1 − D)² per logit, vanishes on both sides. Range (0, 1).

    Raises:
        ValueError: if `fake` is empty or not floating-point.

    Mao et al. 2017, arXiv 1611.04076, as used by E-GAN, arXiv 1803.00657.
    """
    return torch.sigmoid(-flat(fake, name="fake")).square().mean()


def hinge(fake: Tensor, _real: Tensor | None = None) -> Tensor:
    """Raise the logits: −E[o], the generator's half of the hinge game.

    The same function as `wasserstein`: the two games differ in the discriminator's loss only, so
    that in an environment with one discriminator loss these two mutations make equal children.

    Raises:
        ValueError: if `fake` is empty or not floating-point.

    Lim and Ye 2017, arXiv 1705.02894.
    """
    return -flat(fake, name="fake").mean()


def wasserstein(fake: Tensor, _real: Tensor | None = None) -> Tensor:
    """Raise the critic's score: −E[o], the generator's half of the Wasserstein game.

    The same function as `hinge`, see there. A meaningful distance only where the discriminator is
    kept near 1-Lipschitz, for example by `egan.losses.discriminator.gradient_penalty`.

    Raises:
        ValueError: if `fake` is empty or not floating-point.

    Arjovsky et al. 2017, arXiv 1701.07875.
    """
    return -flat(fake, name="fake").mean()
