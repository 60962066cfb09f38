"""What several networks share: initial weights, spectral norm, one logit for each sample."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

WEIGHTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
STD = 0.02


class Logits(nn.Module):
    """Flatten (N, ...) and map it to one logit for each sample: (N,)."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(num_features, 1)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Map hidden features (N, ...) to logits (N,)."""
        logits: torch.Tensor = self.linear(hidden.flatten(1)).squeeze(1)
        return logits


def initialise(network: nn.Module, init: str) -> None:
    """Draw the weights anew from torch's global generator.

    `normal` is DCGAN's (Radford et al., arXiv 1511.06434): weights N(0, 0.02), batch norm's scale
    N(1, 0.02), biases 0. `orthogonal` has biases 0 too. `default` keeps what torch drew.
    """
    for module in network.modules():
        if isinstance(module, WEIGHTED) and init != "default":
            if init == "normal":
                nn.init.normal_(module.weight, 0.0, STD)
            else:
                nn.init.orthogonal_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d) and init == "normal":
            nn.init.normal_(module.weight, 1.0, STD)


def constrain(network: nn.Module) -> None:
    """Divide every weight by its largest singular value (Miyato et al., arXiv 1802.05957).

    It comes after `initialise`, since a constrained weight cannot be written to.
    """
    for module in list(network.modules()):
        if isinstance(module, WEIGHTED):
            spectral_norm(module)
