"""A classifier of K classes as a discriminator: "generated" is class K + 1, its logit fixed at 0.

Z = Σ_k exp(l_k), and D(x) = Z / (Z + 1), so log Z is the discriminator's logit and the unlabelled
terms are the logistic game's. Salimans et al. 2016, arXiv 1606.03498.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from egan.losses.discriminator import discriminator_loss


def class_evidence(class_logits: Tensor) -> Tensor:
    """Return log Z = log Σ_k exp(l_k), the logit of "one of the K classes": (N, K) -> (N,).

    Raises:
        ValueError: if `class_logits` is not (N, K) with K of at least 1.
    """
    if class_logits.dim() != 2 or not class_logits.shape[1]:
        raise ValueError(
            f"class logits must have shape (N, K), without the class of generated samples, but got "
            f"{tuple(class_logits.shape)}."
        )
    return torch.logsumexp(class_logits, dim=1)


def semi_supervised_loss(
    labelled: Tensor,
    labels: Tensor,
    *,
    unlabelled: Tensor,
    generated: Tensor,
    unlabelled_weight: float = 1.0,
) -> Tensor:
    """Tell the classes apart, and all of them from generated samples.

    −E[log softmax(l)_y] on labelled samples + ½ w (E[softplus(−log Z)] on unlabelled real ones +
    E[softplus(log Z)] on generated ones). Class logits (N, K), labels (N,) of integers, class
    logits (M, K) and (L, K) -> (), in (0, ∞).

    Raises:
        ValueError: if class logits are not (N, K), or there are none.
    """
    supervised = F.cross_entropy(labelled, labels)
    logistic = discriminator_loss(class_evidence(unlabelled), class_evidence(generated))
    return supervised + 0.5 * unlabelled_weight * logistic
