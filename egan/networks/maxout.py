"""What the first GAN and the first conditional one share: maxout, dropout, momentum, uniform codes.

Both papers of 2014 train a generator of ReLU units against a discriminator of maxout units
(Goodfellow et al. 2013, arXiv 1302.4389) with dropout, by gradient descent with momentum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from egan.config.settings import AdversarialSettings
from egan.training.game import Adversarial


@dataclass(frozen=True, kw_only=True)
class MaxoutSettings(AdversarialSettings):
    """What both have: each alternative is one of theirs."""

    dropout: float = 0.0
    """Share of the discriminator's hidden units that a training step leaves out."""
    latent: Literal["normal", "uniform"] = "normal"
    """Distribution of z: N(0, 1), or uniform in [-1, 1]."""
    optimizer: Literal["adam", "sgd"] = "adam"
    """Adam, or gradient descent with beta1 as its momentum."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if self.dropout >= 1:
            raise ValueError(f"--dropout must be in [0, 1), but got {self.dropout}.")


class Maxout(nn.Module):
    """(N, pieces * F) -> (N, F): the largest of each unit's pieces."""

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.pieces = pieces

    def forward(self, hidden: Tensor) -> Tensor:
        """Take the maximum over pieces."""
        return hidden.reshape(len(hidden), -1, self.pieces).amax(dim=2)


class MaxoutGame(Adversarial):
    """A game with those settings; networks and codes are the model's."""

    settings: MaxoutSettings

    def draw_z(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw z (count, Z), N(0, 1) or uniform in [-1, 1]."""
        size = count, self.settings.latent_dim
        if self.settings.latent == "uniform":
            return torch.rand(size, generator=generator) * 2 - 1
        return torch.randn(size, generator=generator)

    def apply_options(self) -> None:
        """Give the optimisers, the average and dropout their rates."""
        super().apply_options()
        for module in self.discriminator.modules():
            if isinstance(module, nn.Dropout):
                module.p = self.settings.dropout

    def optimizer(self, network: nn.Module, **options: Any) -> torch.optim.Optimizer:
        """Build Adam, or gradient descent with momentum."""
        if self.settings.optimizer == "adam":
            return super().optimizer(network, **options)
        return torch.optim.SGD(network.parameters(), **options)

    def optimizer_options(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the rates of either optimiser."""
        options = super().optimizer_options()
        if self.settings.optimizer == "adam":
            return options
        momentum = self.settings.beta1
        return {name: {"lr": one["lr"], "momentum": momentum} for name, one in options.items()}
