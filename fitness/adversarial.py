"""A generator's fitness in its environment, the discriminator: F = F_q + γ F_d.

Wang et al. 2018, "Evolutionary generative adversarial networks", arXiv 1803.00657.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class Diversity(NamedTuple):
    """A diversity score and what it was made from.

    Attributes:
        value: the score, at most the cap.
        norm: the L2 norm of the discriminator's gradient.
        saturated: whether the norm was so small that the cap took the score's place.
    """

    value: float
    norm: float
    saturated: bool


def quality(fake_logits: Tensor) -> Tensor:
    """Return how real the samples look to the discriminator: F_q = E[D(G(z))], D = sigmoid(logit).

    (N,) -> () without a graph, in [0, 1]: the mean of probabilities, not of logits. Other shapes
    are flattened.

    Raises:
        ValueError: if there are no logits.
    """
    if fake_logits.numel() == 0:
        raise ValueError(
            f"fake_logits is empty, of shape {tuple(fake_logits.shape)}; "
            "quality is a mean over at least one sample."
        )
    return torch.sigmoid(fake_logits.detach()).mean()


def diversity(gradients: Sequence[Tensor], *, cap: float) -> Diversity:
    """Return how little the discriminator would have to change: F_d = −log ‖∇_w L_D‖.

    `gradients` are those of L_D = −E[log D(x)] − E[log(1 − D(G(z)))], penalties excluded, one
    tensor of any shape per parameter; ‖·‖ is one L2 norm over all of them. A larger gradient is a
    lower diversity: samples that have collapsed are easy to tell apart and move D a lot.

    A discriminator that rejects everything has saturated: its gradient vanishes and F_d would grow
    without bound for generators that fool nobody. The score therefore never exceeds `cap`, and
    `saturated` says when the cap was reached. Such a score compares with no other: whoever fools D
    least has the most of it. Where any of the children that compete has saturated, they are ranked
    by quality alone. With an infinite cap the score is the published one, which saturates where the
    norm is 0 alone, and is then infinite.

    Range (−∞, cap]; where the norm is NaN or infinite the value is NaN or −∞, which selection ranks
    worst.

    Raises:
        ValueError: if there are no gradients or `cap` is NaN.
    """
    if not gradients:
        raise ValueError(
            "gradients is empty; pass one gradient per parameter of the discriminator."
        )
    if math.isnan(cap):
        raise ValueError("cap is NaN; it must be a number, the highest score diversity may reach.")
    norm = _norm(gradients)
    score = -math.log(norm) if norm > 0 else math.inf
    if math.isnan(norm):
        score = math.nan
    return Diversity(value=min(score, cap), norm=norm, saturated=score >= cap)


def combine(quality: float, diversity: float, *, weight: float) -> float:
    """Return the fitness F = F_q + γ F_d for γ = `weight`; higher is better.

    A weight of 0 leaves diversity out altogether, even where it is NaN or infinite.

    Raises:
        ValueError: if `weight` is negative, which would reward collapse, or not finite.
    """
    if not (math.isfinite(weight) and weight >= 0):
        raise ValueError(f"weight must be finite and at least 0, but got {weight=}.")
    return quality + weight * diversity if weight else quality


def _norm(gradients: Sequence[Tensor]) -> float:
    """Return one L2 norm over all tensors, NaN if any entry is NaN."""
    norms = torch.stack([torch.linalg.vector_norm(g.detach()) for g in gradients]).double()
    return float(torch.linalg.vector_norm(norms.cpu()))
