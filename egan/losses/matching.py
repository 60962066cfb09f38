"""How well captions find their images, and images their captions."""

from __future__ import annotations

import torch
from torch import Tensor

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
