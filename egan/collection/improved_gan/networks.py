"""Improved GAN's networks: fully connected, with noise in D and virtual batch norm in G.

N samples, Z dimensions of the code, K classes.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from egan.collection.improved_gan import ImprovedGanSettings
from egan.networks.blocks import GaussianNoise, Trunk
from egan.networks.minibatch import MinibatchDiscrimination
from egan.networks.virtual_norm import VirtualBatchNorm

DIVISORS = (1, 2, 4, 4, 4)
"""The discriminator's hidden layers: 1000, 500, 250, 250 and 250 units in the paper."""
NUM_REFERENCE = 64
NORMS = {"batch": nn.BatchNorm1d, "virtual": VirtualBatchNorm, "none": nn.Identity}


class Generator(nn.Module):
    """Codes (N, Z) -> samples (N, *shape): hidden layers, then linear; tanh where they are bounded.

    With virtual batch norm, the codes of the reference batch go the same way, beside the others.
    In the paper, each layer with batch norm and softplus:

        100 -> linear 500 -> linear 500 -> linear with weight norm 784 = 28x28x1, here tanh
    """

    reference: Tensor

    def __init__(self, s: ImprovedGanSettings, shape: tuple[int, ...], *, bounded: bool) -> None:
        super().__init__()
        self.shape, self.bounded = shape, bounded
        self.virtual = s.norm == "virtual"
        self.activation = F.relu if s.activation == "relu" else F.softplus
        self.layers, self.norms = nn.ModuleList(), nn.ModuleList()
        for before, after in pairwise([s.latent_dim, *[s.width] * s.depth]):
            self.layers.append(nn.Linear(before, after, bias=s.norm == "none"))
            self.norms.append(NORMS[s.norm](after))
        self.last = weight_norm(nn.Linear(s.width, prod(shape)))
        if self.virtual:
            self.register_buffer("reference", torch.rand(NUM_REFERENCE, s.latent_dim))

    def forward(self, codes: Tensor) -> Tensor:
        """Map codes (N, Z) to points (N, D), or images (N, C, H, W) in [-1, 1]."""
        hidden = torch.cat([self.reference, codes]) if self.virtual else codes
        for layer, norm in zip(self.layers, self.norms, strict=True):
            hidden = layer(hidden)
            normed = norm(hidden, hidden[:NUM_REFERENCE]) if self.virtual else norm(hidden)
            hidden = self.activation(normed)
        samples: Tensor = self.last(hidden[-len(codes) :]).unflatten(1, self.shape)
        return samples.tanh() if self.bounded else samples


class InputNoise(GaussianNoise):
    """Noise on the samples that the discriminator sees, a setting of its own."""


class HiddenNoise(GaussianNoise):
    """Noise on the discriminator's hidden layers."""


class Discriminator(nn.Module):
    """Samples (N, *shape) -> logits of the classes (N, K), that of "generated" being 0.

    In the paper, a linear layer with weight norm each, noise on its input:

        28x28x1 = 784 -> 1000 -> 500 -> 250 -> 250 -> 250 (+ num_kernels) -> 10
    """

    def __init__(self, s: ImprovedGanSettings, shape: tuple[int, ...], num_classes: int) -> None:
        super().__init__()
        units = [prod(shape), *[max(1, s.discriminator_width // part) for part in DIVISORS]]
        layers: list[nn.Module] = [nn.Flatten(), InputNoise(s.noise)]
        for before, after in pairwise(units):
            layers += [weight_norm(nn.Linear(before, after)), nn.ReLU()]
            layers += [HiddenNoise(s.hidden_noise)]
        self.body = Trunk(layers, num_features=units[-1])
        self.minibatch: nn.Module = nn.Identity()
        if s.num_kernels:
            sizes = {"num_kernels": s.num_kernels, "kernel_dim": s.kernel_dim}
            mean = s.closeness == "mean"
            self.minibatch = MinibatchDiscrimination(units[-1], mean=mean, **sizes)
        self.head = weight_norm(nn.Linear(units[-1] + s.num_kernels, num_classes))

    def forward(self, samples: Tensor) -> Tensor:
        """Map samples (N, *shape) to logits (N, K)."""
        logits: Tensor = self.head(self.minibatch(self.body(samples)))
        return logits
