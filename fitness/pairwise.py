"""A diversity score without a backward pass, for when the gradient norm is too dear."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor


def pairwise_diversity(
    samples: Tensor, *, generator: torch.Generator, num_shuffles: int = 5
) -> Tensor:
    """Return how far apart the samples are: the mean over shuffles π of mean |x_i − x_π(i)|.

    Samples (N, ...) -> () without a graph, at least 0 and, for images in [−1, 1], at most 2; 0
    where all samples are equal. The shuffles are drawn from `generator`, on its own device, and may
    leave a sample in its place: siblings compared under equal seeds share them.

    Raises:
        ValueError: if there are fewer than two samples or no shuffle.

    Li et al. 2021, "IE-GAN: an improved evolutionary generative adversarial network using a new
    fitness function and a generic crossover operator", arXiv 2109.11078.
    """
    _check(samples, num_shuffles)
    found = _differences(samples, generator, num_shuffles)
    return torch.stack([difference.mean() for difference in found]).mean()


def pairwise_distances(
    samples: Tensor, *, generator: torch.Generator, num_shuffles: int = 5
) -> Tensor:
    """Return how far each sample is from others: the mean over shuffles π of |x_i − x_π(i)|.

    Samples (N, ...) -> (N,) without a graph; their mean is `pairwise_diversity`, whose shuffles
    these are.

    Raises:
        ValueError: if there are fewer than two samples or no shuffle.

    Li et al. 2021, arXiv 2109.11078.
    """
    _check(samples, num_shuffles)
    found = _differences(samples, generator, num_shuffles)
    return torch.stack([difference.flatten(1).mean(1) for difference in found]).mean(0)


def _check(samples: Tensor, num_shuffles: int) -> None:
    if samples.dim() == 0 or len(samples) < 2 or samples.numel() == 0:
        raise ValueError(
            f"samples must be at least two along the first axis, since pairs are compared, but got "
            f"shape {tuple(samples.shape)}."
        )
    if num_shuffles < 1:
        raise ValueError(f"num_shuffles must be at least 1, but got {num_shuffles=}.")


def _differences(
    samples: Tensor, generator: torch.Generator, num_shuffles: int
) -> Iterator[Tensor]:
    """Yield |x_i − x_π(i)| (N, ...) for each shuffle."""
    samples = samples.detach()
    for _ in range(num_shuffles):
        order = torch.randperm(len(samples), generator=generator, device=generator.device)
        yield (samples - samples[order.to(samples.device)]).abs()
