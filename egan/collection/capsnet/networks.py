"""CapsNet's layers: capsules that are routed to those of classes, and what draws from these."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor, nn

from egan.collection.capsnet import CapsNetSettings

EPSILON = 1e-9


def squash(vectors: Tensor) -> Tensor:
    """Shorten vectors (..., D), keeping their direction: length n -> n² / (1 + n²), below 1."""
    squares = vectors.square().sum(dim=-1, keepdim=True)
    return vectors * (squares + EPSILON).sqrt() / (1 + squares)


def lengths(capsules: Tensor) -> Tensor:
    """Return the lengths of vectors (..., D), with a gradient at 0 too."""
    return (capsules.square().sum(dim=-1) + EPSILON).sqrt()


def route(predictions: Tensor, *, iterations: int) -> tuple[Tensor, Tensor]:
    """Route predictions û (N, K, I, D) of I capsules to K: v (N, K, D) and c (N, K, I).

    Couplings c sum to 1 over the K classes, for each of the I capsules. No gradient flows through
    them.
    """
    detached = predictions.detach()
    logits = torch.zeros_like(detached[..., 0])
    for _ in range(iterations - 1):
        logits = logits + torch.matmul(detached, _routed(detached, logits)[..., None])[..., 0]
    return _routed(predictions, logits), logits.softmax(dim=1)


def _routed(predictions: Tensor, logits: Tensor) -> Tensor:
    """Return squash(Σ_i c_ij û_{j|i}), (N, K, D)."""
    couplings = logits.softmax(dim=1)
    return squash(torch.matmul(couplings[:, :, None, :], predictions)[:, :, 0])


class Capsules(nn.Module):
    """Images (N, C, H, W) -> class capsules (N, K, D).

    As published, of 28x28 pixels:

        x 1x28x28 -> 256x20x20 -> 32 x 8 x 6x6 -> u 1152 x 8 -> û 10 x 1152 x 16 -> v 10 x 16
    """

    def __init__(self, shape: tuple[int, ...], num_classes: int, settings: CapsNetSettings) -> None:
        super().__init__()
        s = settings
        least = 2 * (s.kernel - s.padding) - 1
        side = (min(shape[1:]) - least) // 2 + 1
        if side < 1 or shape[1] != shape[2]:
            raise ValueError(
                f"two convolutions of --kernel {s.kernel} with --padding {s.padding} need square "
                f"images of {least} pixels or more, but got samples of shape {shape}. Give a "
                "smaller --kernel, such as 3, or --data.image-size 28."
            )
        self.dim = s.primary_dim
        self.first = nn.Conv2d(shape[0], s.filters, s.kernel, padding=s.padding)
        self.primary = nn.Conv2d(s.filters, s.primary_channels * s.primary_dim, s.kernel, stride=2)
        num_primary = s.primary_channels * side**2
        scale = num_classes / (num_primary * s.class_dim) ** 0.5
        weights = torch.randn(num_classes, num_primary, s.primary_dim, s.class_dim)
        self.weights = nn.Parameter(scale * weights)

    def forward(self, images: Tensor, iterations: int) -> Tensor:
        """Map images to the capsules of their classes, found in so many rounds of routing."""
        capsules, _ = route(self.predictions(images), iterations=iterations)
        return capsules

    def predictions(self, images: Tensor) -> Tensor:
        """Return û_{j|i} = W_ij u_i, (N, K, I, D)."""
        maps = self.primary(self.first((images + 1) / 2).relu())
        primary = squash(maps.unflatten(1, (-1, self.dim)).movedim(2, -1).flatten(1, 3))
        return torch.einsum("nid,kide->nkie", primary, self.weights)


def decoder(shape: tuple[int, ...], num_classes: int, settings: CapsNetSettings) -> nn.Sequential:
    """Build what draws images (N, *shape) in [0, 1] from class capsules, masked, (N, K * D).

    As published:

        v 160 -> 512 -> 1024 -> x 1x28x28
    """
    s = settings
    return nn.Sequential(
        nn.Linear(num_classes * s.class_dim, s.hidden),
        nn.ReLU(),
        nn.Linear(s.hidden, 2 * s.hidden),
        nn.ReLU(),
        nn.Linear(2 * s.hidden, prod(shape)),
        nn.Sigmoid(),
        nn.Unflatten(1, shape),
    )
