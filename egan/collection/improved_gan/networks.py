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
DIRECTIONS_STD, LAST_GAIN = 0.1, 0.5


class ShiftedNorm(nn.BatchNorm1d):
    """Batch norm with a shift, whose gain stays at 1."""

    def __init__(self, num_features: int) -> None:
        super().__init__(num_features)
        del self.weight
        self.register_buffer("weight", torch.ones(num_features))


NORMS = {"batch": nn.BatchNorm1d, "virtual": VirtualBatchNorm, "none": nn.Identity}


class ScaledLinear(nn.Module):
    """Linear layer whose weights have the norm of a gain: g v/‖v‖ · x + b, (N, A) -> (N, B).

    `start` sets g and b so that a batch has mean 0 and deviation 1 in each of B units. Then b and v
    learn, and g where `learns`. Salimans and Kingma 2016, arXiv 1602.07868.
    """

    gain: Tensor

    def __init__(self, before: int, after: int, *, learns: bool = False) -> None:
        super().__init__()
        self.directions = nn.Parameter(DIRECTIONS_STD * torch.randn(after, before))
        self.bias = nn.Parameter(torch.zeros(after))
        if learns:
            self.gain = nn.Parameter(torch.ones(after))
        else:
            self.register_buffer("gain", torch.ones(after))

    def forward(self, hidden: Tensor) -> Tensor:
        """Map (N, A) to (N, B)."""
        units = self.directions / self.directions.norm(dim=1, keepdim=True)
        return F.linear(hidden, self.gain[:, None] * units, self.bias)

    @torch.no_grad()
    def start(self, hidden: Tensor) -> None:
        """Scale by a batch (N, A)."""
        self.gain.fill_(1)
        self.bias.zero_()
        std, mean = torch.std_mean(self(hidden), dim=0, correction=0)
        self.gain.div_(std)
        self.bias.sub_(mean / std)


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
            fixed = s.start == "data" and s.norm == "batch"
            self.norms.append(ShiftedNorm(after) if fixed else NORMS[s.norm](after))
        self.last = weight_norm(nn.Linear(s.width, prod(shape)))
        if s.start == "data":
            self._start_last()
        if self.virtual:
            self.register_buffer("reference", torch.rand(NUM_REFERENCE, s.latent_dim))

    @torch.no_grad()
    def _start_last(self) -> None:
        """Give the last layer the gain that is 1 before a sigmoid: tanh x = 2 sigmoid(2 x) − 1."""
        self.last.parametrizations["weight"].original0.fill_(LAST_GAIN)
        self.last.bias.zero_()

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


class Scale(nn.Module):
    """Multiply by a number, (N, ...) -> (N, ...)."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, samples: Tensor) -> Tensor:
        """Scale (N, ...)."""
        return samples * self.factor


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
        if s.input_scale != 1:
            layers.append(Scale(s.input_scale))
        scaled = s.start == "data"
        for before, after in pairwise(units):
            layers.append(
                ScaledLinear(before, after) if scaled else weight_norm(nn.Linear(before, after))
            )
            layers += [nn.ReLU(), HiddenNoise(s.hidden_noise)]
        self.body = Trunk(layers, num_features=units[-1])
        self.minibatch: nn.Module = nn.Identity()
        if s.num_kernels:
            sizes = {"num_kernels": s.num_kernels, "kernel_dim": s.kernel_dim}
            mean = s.closeness == "mean"
            self.minibatch = MinibatchDiscrimination(units[-1], mean=mean, **sizes)
        last = units[-1] + s.num_kernels, num_classes
        self.head = ScaledLinear(*last, learns=True) if scaled else weight_norm(nn.Linear(*last))

    @torch.no_grad()
    def start(self, samples: Tensor) -> None:
        """Scale each layer by what the layers before it, already scaled, make of samples (N, ...).

        The noise is on, as in training.
        """
        for layer in [*self.body.layers, self.minibatch, self.head]:
            if isinstance(layer, ScaledLinear):
                layer.start(samples)
            samples = layer(samples)

    def forward(self, samples: Tensor) -> Tensor:
        """Map samples (N, *shape) to logits (N, K)."""
        logits: Tensor = self.head(self.minibatch(self.body(samples)))
        return logits
