"""A diversity score without a backward pass, for when the gradient norm is too dear."""

from __future__ import annotations

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
    if samples.dim() == 0 or len(samples) < 2 or samples.numel() == 0:
        raise ValueError(
            f"samples must be at least two along the first axis, since pairs are compared, but got "
            f"shape {tuple(samples.shape)}."
        )
    if num_shuffles < 1:
        raise ValueError(f"num_shuffles must be at least 1, but got {num_shuffles=}.")
    samples = samples.detach()
    differences = []
    for _ in range(num_shuffles):
        order = torch.randperm(len(samples), generator=generator, device=generator.device)
        differences.append((samples - samples[order.to(samples.device)]).abs().mean())
    return torch.stack(differences).mean()
