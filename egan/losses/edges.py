"""How unlike the edges of two images are."""

from __future__ import annotations

import torch
from torch import Tensor


def gradient_difference(made: Tensor, true: Tensor, *, order: float = 1.0) -> Tensor:
    """Return the mean of | |∇ true| − |∇ made| |^order, down and across, the sum of both means.

    Args:
        made: (N, C, H, W) images, of two pixels a side or more.
        true: As many true ones.
        order: The power, above 0.

    Mathieu et al. 2015, arXiv 1511.05440, equation 6, where it is a sum.
    """
    means = []
    for axis in (-2, -1):
        apart = (torch.diff(true, dim=axis).abs() - torch.diff(made, dim=axis).abs()).abs()
        means.append((apart if order == 1 else apart**order).mean())
    return means[0] + means[1]
