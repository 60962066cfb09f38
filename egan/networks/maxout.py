"""Maxout units (Goodfellow et al. 2013, "Maxout networks", arXiv 1302.4389)."""

from __future__ import annotations

from torch import Tensor, nn


class Maxout(nn.Module):
    """The largest of each unit's linear pieces: (N, pieces * F) -> (N, F)."""

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.pieces = pieces

    def forward(self, hidden: Tensor) -> Tensor:
        """Map pieces (N, pieces * F) to units (N, F)."""
        return hidden.reshape(len(hidden), -1, self.pieces).amax(dim=2)
