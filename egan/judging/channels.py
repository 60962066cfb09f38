"""A classifier of single images, asked about each channel of stacked ones: features and modes."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from egan.judging.classifier import Classifier, Recipe

READER = Recipe(seed=1712, examples_per_step=4)
"""How the classifier of single images is trained: longer, since modes are counted by it."""


@dataclass(frozen=True, eq=False)
class PerChannel:
    """Sees images (N, C, H, W) as C grey ones, each of one of K classes.

    Attributes:
        network: The classifier of grey images.
    """

    network: Classifier

    def embed(self, images: torch.Tensor) -> torch.Tensor:
        """Map images to the features (N, C * F) of their channels, side by side."""
        return self.network.embed(images.flatten(0, 1)[:, None]).view(len(images), -1)

    def modes(self, images: torch.Tensor) -> torch.Tensor:
        """Map images to modes (N,) from 0 to K^C - 1: classes as the digits of a number."""
        logits = self.network(images.flatten(0, 1)[:, None])
        classes = logits.argmax(dim=1).view(images.shape[:2])
        base = logits.shape[1] ** torch.arange(images.shape[1] - 1, -1, -1)
        return (classes * base).sum(dim=1)
