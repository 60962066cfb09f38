"""How well captions find their images, and images their captions."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

MARGIN = 1.0


def matching_loss(scores: Tensor, same: Tensor) -> Tensor:
    """Return the mean hinge of wrong pairs of a batch, both ways round.

        L = mean over i ≠ j of  max(0, 1 + S_ij − S_ii) + max(0, 1 + S_ij − S_jj)

    Args:
        scores: S (N, N), how well image i suits caption j.
        same: Whether captions i and j are the same (N, N) bool, the diagonal too; such a pair is
            no wrong one. With none that is wrong the loss is 0.

    Reed et al. 2016, arXiv 1605.05395, equations 2 and 3: the structured joint embedding.
    """
    own = scores.diagonal()
    hinges = (MARGIN + scores - own[:, None]).relu() + (MARGIN + scores - own[None, :]).relu()
    wrong = ~same
    return torch.where(wrong, hinges, 0.0).sum() / wrong.sum().clamp(min=1)


def wrong_loss(logits: Tensor, wrong: Tensor, captions: Tensor) -> Tensor:
    """Return −E[log(1 − σ(t))] over captions that are not the right ones; 0 with none.

    Args:
        logits: t (N,), of images beside the wrong captions.
        wrong: These captions (N, T).
        captions: Those of the images (N, T).

    Reed et al. 2016, arXiv 1605.05396, algorithm 1.
    """
    differ = (wrong != captions).any(dim=1).to(logits)
    return (softplus(logits) * differ).sum() / differ.sum().clamp(min=1)
