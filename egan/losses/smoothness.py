"""How rough images are."""

from __future__ import annotations

from torch import Tensor


def roughness(images: Tensor) -> Tensor:
    """Return the mean absolute difference of neighbouring pixels of (N, C, H, W), down and across.

    Total variation, as faces are kept smooth by it: Huang et al. 2017, arXiv 1704.04086.
    """
    return images.diff(dim=2).abs().mean() + images.diff(dim=3).abs().mean()
