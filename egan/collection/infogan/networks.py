"""InfoGAN's networks, Q's guess of the codes, and the bound that it gives.

N samples, Z dimensions of noise, K categories, J continuous codes, F features, C H W images.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from egan.collection.infogan import InfoganSettings
from egan.losses.variational import gaussian_log_density
from egan.networks.blocks import Logits, initialise
from egan.networks.halvings import halvings
from egan.tasks import Codes

SLOPE = 0.1
MAX_FACTOR = 8


class Guess(NamedTuple):
    """Q(c|x).

    Attributes:
        log_probabilities: Of the categories, (N, codes, K).
        mean: Of the continuous codes, (N, J).
        log_variance: Of the continuous codes, (N, J).
    """

    log_probabilities: Tensor
    mean: Tensor
    log_variance: Tensor


class Information(NamedTuple):
    """The bound L_I <= I(c; x) in nats, of the categorical and of the continuous codes."""

    categorical: Tensor
    continuous: Tensor


def information(guess: Guess, codes: Codes) -> Information:
    """Return L_I = E[log Q(c|x)] + H(c) in nats, summed over the codes of either kind."""
    log_probabilities, mean, log_variance = guess
    found = log_probabilities.gather(2, codes["categories"][:, :, None])
    entropy = found.shape[1] * math.log(log_probabilities.shape[2])
    categorical = found.sum(dim=(1, 2)).mean() + entropy
    density = gaussian_log_density(codes["continuous"], mean, log_variance)
    return Information(categorical, density.mean() + mean.shape[1] * math.log(2))


def channels(shape: tuple[int, ...], width: int) -> tuple[int, list[int]]:
    """Return the size of the smallest maps, and the channels at each halving."""
    base, times = halvings(shape)
    return base, [width * min(2**level, MAX_FACTOR) for level in range(times)]


def generator(s: InfoganSettings, shape: tuple[int, ...]) -> nn.Module:
    """Build G: noise and codes in one row (N, Z + codes * K + J) -> images in [-1, 1].

    At 28x28 with the paper's sizes, batch norm and ReLU after each layer but the last:

        62 + 10 + 2 -> linear 1024 -> linear 7x7x128 -> 14x14x64 -> 28x28x1, tanh
    """
    base, widths = channels(shape, s.width)
    size = s.latent_dim + s.categorical_codes * s.categories + s.continuous_codes
    network = nn.Sequential()
    for before, after in pairwise([size, s.hidden, widths[-1] * base**2]):
        network.extend([nn.Linear(before, after), nn.BatchNorm1d(after), nn.ReLU()])
    network.append(nn.Unflatten(1, (widths[-1], base, base)))
    for before, after in pairwise([*widths[::-1], shape[0]]):
        network.append(nn.ConvTranspose2d(before, after, 4, stride=2, padding=1))
        network.extend([nn.BatchNorm2d(after), nn.ReLU()])
    network = nn.Sequential(*list(network)[:-2], nn.Tanh())
    initialise(network, "normal")
    return network


class Discriminator(nn.Module):
    """Images (N, C, H, W) -> logits (N,), or Q's guess of their codes; one body for both.

    At 28x28 with the paper's sizes, LeakyReLU after each layer of the body and batch norm before
    it from the second on:

                                                                    head -> 1
        28x28x1 -> 14x14x64 -> 7x7x128 -> flat 6272 -> linear 1024 <
                                                                    q    -> 128 -> 10 + 2 + 2
    """

    def __init__(self, s: InfoganSettings, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.codes = s.categorical_codes, s.categories
        self.learned_deviation = s.learned_deviation
        base, widths = channels(shape, s.width)
        self.body = nn.Sequential(nn.Conv2d(shape[0], widths[0], 4, stride=2, padding=1))
        self.body.append(nn.LeakyReLU(SLOPE))
        for before, after in pairwise(widths):
            self.body.append(nn.Conv2d(before, after, 4, stride=2, padding=1))
            self.body.extend([nn.BatchNorm2d(after), nn.LeakyReLU(SLOPE)])
        self.body.append(nn.Flatten())
        self.body.extend(dense(widths[-1] * base**2, s.hidden))
        self.head = Logits(s.hidden)
        outputs = s.categorical_codes * s.categories + 2 * s.continuous_codes
        self.q = nn.Sequential(*dense(s.hidden, s.guess_width), nn.Linear(s.guess_width, outputs))
        initialise(self, "normal")

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N,)."""
        logits: Tensor = self.head(self.body(images))
        return logits

    def guess(self, features: Tensor) -> Guess:
        """Map the body's features (N, F) to Q(c|x)."""
        num = self.codes[0] * self.codes[1]
        outputs = self.q(features)
        logits = outputs[:, :num].unflatten(1, self.codes)
        mean, log_variance = outputs[:, num:].chunk(2, dim=1)
        if not self.learned_deviation:
            log_variance = torch.zeros_like(mean)
        return Guess(logits.log_softmax(dim=2), mean, log_variance)


def dense(before: int, after: int) -> list[nn.Module]:
    """Return a linear layer with batch norm."""
    return [nn.Linear(before, after), nn.BatchNorm1d(after), nn.LeakyReLU(SLOPE)]
