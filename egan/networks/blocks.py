"""What several networks share: trunks and heads, initial weights, constraints on weights, noise."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.nn.utils.parametrize import is_parametrized, register_parametrization

WEIGHTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
STD = 0.02

N = TypeVar("N", bound=nn.Module)


class Trunk(nn.Module):
    """The body of a discriminator or an encoder: samples (N, *shape) -> features (N, F).

    A model puts its own heads on it: logits, classes, a posterior's mean and variance.

    Attributes:
        layers: What it is made of, one `nn.Sequential`.
        num_features: F.
    """

    def __init__(self, layers: list[nn.Module], *, num_features: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.num_features = num_features

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """Map samples (N, *shape) to features (N, F)."""
        features: torch.Tensor = self.layers(samples).flatten(1)
        return features


class Logits(nn.Module):
    """Flatten (N, ...) and map it to one logit for each sample: (N,)."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(num_features, 1)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Map hidden features (N, ...) to logits (N,)."""
        logits: torch.Tensor = self.linear(hidden.flatten(1)).squeeze(1)
        return logits


class GaussianNoise(nn.Module):
    """Add N(0, std²) to whatever passes, (N, ...) -> (N, ...), in training mode only.

    The draws are torch's, which the engine seeds.
    """

    def __init__(self, std: float) -> None:
        super().__init__()
        self.std = std

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return (N, ...) with noise in training mode, as it is otherwise."""
        if not self.training or self.std == 0:
            return hidden
        return hidden + self.std * torch.randn_like(hidden)


def initialise(network: nn.Module, init: str) -> None:
    """Draw the weights anew from torch's global generator.

    `normal` is DCGAN's (Radford et al., arXiv 1511.06434): weights N(0, 0.02), batch norm's scale
    N(1, 0.02), biases 0. `orthogonal` has biases 0 too. `default` keeps what torch drew.
    """
    for module in network.modules():
        if isinstance(module, (*WEIGHTED, nn.Embedding)) and init != "default":
            if init == "normal":
                nn.init.normal_(module.weight, 0.0, STD)
            else:
                nn.init.orthogonal_(module.weight)
            if isinstance(module, WEIGHTED) and module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, BATCH_NORMS) and module.affine and init == "normal":
            nn.init.normal_(module.weight, 1.0, STD)


def constrain(network: nn.Module) -> None:
    """Divide every weight by its largest singular value (Miyato et al., arXiv 1802.05957).

    Embeddings too: a discriminator's is the weight of a label. It comes after `initialise`, since a
    constrained weight cannot be written to.
    """
    for module in list(network.modules()):
        if not isinstance(module, (*WEIGHTED, nn.Embedding)):
            continue
        if module.weight.is_meta:
            register_parametrization(module, "weight", _Unconstrained(module))
        else:
            spectral_norm(module)


class _Unconstrained(nn.Module):
    """Stands in for spectral norm where a network has shapes alone: its buffers, and no numbers.

    On torch's meta device a power iteration takes thirty times as long as with numbers.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        weight: torch.Tensor = module.weight  # type: ignore[assignment]
        rows = weight.shape[int(isinstance(module, nn.ConvTranspose2d))]
        self.register_buffer("_u", weight.new_empty(rows))
        self.register_buffer("_v", weight.new_empty(weight.numel() // rows))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """Return the weight."""
        return weight


def largest_singular_value(network: nn.Module) -> float:
    """Return the largest singular value of a constrained network's weights, before the division.

    Its sudden growth foretells a collapse; Brock et al. 2018, arXiv 1809.11096. 0 where no weight
    is constrained.
    """
    constrained = [one for one in network.modules() if is_parametrized(one, "weight")]
    weights = [(one.parametrizations["weight"].original, one.weight) for one in constrained]  # type: ignore[index,union-attr]
    return max((float(raw.norm() / divided.norm()) for raw, divided in weights), default=0.0)  # type: ignore[operator]


def finished(network: N, *, norm: str, init: str) -> N:
    """Return a network with weights drawn by `initialise`, constrained where norm is spectral."""
    initialise(network, init)
    if norm == "spectral":
        constrain(network)
    return network


def orthogonal_penalty(network: nn.Module) -> torch.Tensor:
    """Return how far from orthogonal a network's filters are: Σ_W ‖W Wᵀ ⊙ (1 − I)‖_F².

    A scalar, at least 0, not yet weighted. Each weight of a linear or convolutional layer is
    flattened to W (outputs, the rest), and only the angles between rows count, not their lengths.
    Embeddings and biases are left out; of a constrained weight the one that is trained is used.

    Raises:
        ValueError: If the network has no such layer.

    Brock et al. 2018, arXiv 1809.11096, with a weight of 1e-4.
    """
    weights = [_rows(module) for module in network.modules() if isinstance(module, WEIGHTED)]
    if not weights:
        raise ValueError(
            f"{type(network).__name__} has no linear or convolutional layer, so nothing can be "
            "made orthogonal; pass a whole network."
        )
    return torch.stack([_off_diagonal(weight) for weight in weights]).sum()


def _off_diagonal(rows: torch.Tensor) -> torch.Tensor:
    """Return ‖W Wᵀ ⊙ (1 − I)‖_F² by the smaller of W Wᵀ and Wᵀ W, whose norms are equal."""
    if len(rows) <= rows.shape[1]:
        gram = rows @ rows.T
        return (gram - torch.diag(torch.diag(gram))).square().sum()
    return (rows.T @ rows).square().sum() - rows.square().sum(dim=1).square().sum()


def _rows(module: nn.Linear | nn.Conv2d | nn.ConvTranspose2d) -> torch.Tensor:
    """Return the weight that is trained, flattened to (outputs, the rest)."""
    (weight,) = (value for name, value in module.named_parameters() if name != "bias")
    if isinstance(module, nn.ConvTranspose2d):
        return weight.transpose(0, 1).flatten(1)
    return weight.flatten(1)
