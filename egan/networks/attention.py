"""Self-attention between the places of a feature map.

N batch, C channels, H W map, P places, Q pooled places.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def inner_widths(channels: int) -> tuple[int, int]:
    """Return the channels of queries and keys, an eighth, and those of values, a half."""
    return max(1, channels // 8), max(1, channels // 2)


class SelfAttention(nn.Module):
    """x + gain * attended(x): each place of (N, C, H, W) sums up values of all, by likeness.

    Keys and values are pooled 2x2; the gain is learned and starts at 0. SAGAN, arXiv 1805.08318.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner, half = inner_widths(channels)
        self.queries = nn.Conv2d(channels, inner, 1, bias=False)
        self.keys = nn.Sequential(nn.Conv2d(channels, inner, 1, bias=False), nn.MaxPool2d(2))
        self.values = nn.Sequential(nn.Conv2d(channels, half, 1, bias=False), nn.MaxPool2d(2))
        self.last = nn.Conv2d(half, channels, 1, bias=False)
        self.gain = nn.Parameter(torch.zeros(()))

    def weights(self, hidden: Tensor) -> Tensor:
        """Return how much each place looks at each pooled one, (N, C, H, W) -> (N, P, Q)."""
        queries, keys = (part(hidden).flatten(2) for part in (self.queries, self.keys))
        weights: Tensor = (queries.transpose(1, 2) @ keys).softmax(dim=2)
        return weights

    def forward(self, hidden: Tensor) -> Tensor:
        """Map features (N, C, H, W) to features (N, C, H, W)."""
        weights_NPQ = self.weights(hidden)
        values = self.values(hidden).flatten(2)
        attended = (values @ weights_NPQ.transpose(1, 2)).unflatten(2, hidden.shape[2:])
        mixed: Tensor = hidden + self.gain * self.last(attended)
        return mixed
