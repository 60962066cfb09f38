"""Virtual batch norm: a normalisation in which no sample of a batch depends on another."""

from __future__ import annotations

import torch
from torch import nn

EPSILON = 1e-5


class VirtualBatchNorm(nn.Module):
    """Normalise each sample by the moments of a reference batch and of the sample itself.

    With moments m, s of R reference rows, those of row x are (R m + x) / (R + 1) and
    (R s + x²) / (R + 1). What the reference rows are normalised by is the same formula.

    Args:
        num_features: F.

    Salimans et al. 2016, arXiv 1606.03498.
    """

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(num_features))
        self.shift = nn.Parameter(torch.zeros(num_features))

    def forward(self, hidden: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        """Map rows (N, F), beside the reference rows (R, F), to (N, F)."""
        num = len(reference)
        mean = (num * reference.mean(dim=0) + hidden) / (num + 1)
        square = (num * reference.square().mean(dim=0) + hidden.square()) / (num + 1)
        normed: torch.Tensor = (hidden - mean) * (square - mean.square() + EPSILON).rsqrt()
        return normed * self.gain + self.shift
