"""Layers of a discriminator that compare the samples of one batch, so that a collapse shows.

Real and generated samples go through them in batches of their own.
"""

from __future__ import annotations

import torch
from torch import nn


class MinibatchDiscrimination(nn.Module):
    """Append to each sample's features how close the others are: (N, A) -> (N, A + B).

    With M_i = f_i T, cut into B rows of C numbers, closeness b of sample i is
    o_b(i) = sum over j != i of exp(-|M_ib - M_jb|_1), plus a bias that starts at -1. In [0, N - 1]
    before the bias; N - 1 where all samples are equal. The mean over j != i is in [0, 1] whatever
    the batch's size, and its weight in what follows learns as slowly as the others.

    Args:
        num_features: A.
        num_kernels: B.
        kernel_dim: C.
        mean: Take the mean, not the paper's sum.

    Salimans et al. 2016, arXiv 1606.03498.
    """

    def __init__(
        self, num_features: int, *, num_kernels: int, kernel_dim: int = 5, mean: bool = False
    ) -> None:
        super().__init__()
        self.mean = mean
        self.shape = (num_kernels, kernel_dim)
        self.kernels = nn.Linear(num_features, num_kernels * kernel_dim, bias=False)
        self.bias = nn.Parameter(torch.full((num_kernels,), -1.0))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map features (N, A) to (N, A + B)."""
        rows_NBC = self.kernels(features).unflatten(1, self.shape)
        distances_NNB = (rows_NBC[:, None] - rows_NBC[None]).abs().sum(3)
        closeness_NB = torch.exp(-distances_NNB).sum(1) - 1  # of a sample to itself it is 1
        if self.mean:
            closeness_NB = closeness_NB / max(1, len(features) - 1)
        return torch.cat([features, closeness_NB + self.bias], dim=1)


class MinibatchStd(nn.Module):
    """Append a map with the standard deviation in the batch: (N, C, H, W) -> (N, C + 1, H, W).

    The deviation of every feature and pixel in a group of samples, averaged over features and
    pixels, is one number for the group. Sample i is in group i modulo N / group_size. A batch
    smaller than a group is one group.

    Args:
        group_size: Samples in a group.

    Karras et al. 2017, arXiv 1710.10196.
    """

    def __init__(self, group_size: int = 4) -> None:
        super().__init__()
        self.group_size = group_size

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Map features (N, C, H, W) to (N, C + 1, H, W).

        Raises:
            ValueError: If N is larger than a group and no multiple of it.
        """
        size = min(self.group_size, len(hidden))
        if len(hidden) % size:
            raise ValueError(
                f"a batch of {len(hidden)} cannot be cut into groups of {size}; choose a batch "
                "size that is a multiple, or another group_size."
            )
        groups = hidden.reshape(size, -1, *hidden.shape[1:])
        variance = groups.var(dim=0, correction=0)
        deviations = torch.sqrt(variance + 1e-8).flatten(1).mean(1)
        maps = deviations.repeat(size)[:, None, None, None].expand(-1, 1, *hidden.shape[2:])
        return torch.cat([hidden, maps], dim=1)
