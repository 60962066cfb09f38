"""Age-cGAN's networks: of codes and ages, and of images.

N batch, C H W images, Z dimensions of the code, K ages, F dimensions of an embedding.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.networks.blocks import Logits, constrain
from egan.networks.conditioning import concatenate
from egan.networks.halvings import halvings

MAX_FACTOR = 8
SLOPE = 0.2


def widths(shape: tuple[int, ...], width: int) -> tuple[int, list[int]]:
    """Return the smallest map's size, and the channels of all maps from the image inwards."""
    base, times = halvings(shape)
    return base, [width * min(2**level, MAX_FACTOR) for level in range(times)]


class Generator(nn.Module):
    """Codes (N, Z) and ages (N,) -> images (N, C, H, W) in [-1, 1].

    At 64x64 with the paper's sizes, z 100 + y 6 -> 4x4x512 -> 8x8x256 -> 16x16x128 -> 32x32x64 ->
    64x64x3: transposed convolutions of stride 2 after batch norm and ReLU.
    """

    def __init__(
        self, shape: tuple[int, ...], *, latent_dim: int, num_ages: int, width: int
    ) -> None:
        super().__init__()
        self.num_ages = num_ages
        self.base, channels = widths(shape, width)
        channels = [shape[0], *channels][::-1]
        self.first = nn.Linear(latent_dim + num_ages, channels[0] * self.base**2)
        layers: list[nn.Module] = []
        for before, after in pairwise(channels):
            layers += [nn.BatchNorm2d(before), nn.ReLU()]
            layers.append(nn.ConvTranspose2d(before, after, 4, stride=2, padding=1))
        self.rest = nn.Sequential(*layers, nn.Tanh())

    def forward(self, codes: Tensor, ages: Tensor) -> Tensor:
        """Map codes and ages to images."""
        joined = concatenate(codes, F.one_hot(ages, self.num_ages).to(codes))
        hidden = self.first(joined).unflatten(1, (-1, self.base, self.base))
        images: Tensor = self.rest(hidden)
        return images


class Body(nn.Module):
    """Images (N, C, H, W), and ages (N,) where they are told -> features (N, num_features).

    Convolutions of stride 2; after the first one ages join as planes.
    """

    def __init__(
        self, shape: tuple[int, ...], *, num_ages: int, width: int, batch_norm: bool
    ) -> None:
        super().__init__()
        self.num_ages = num_ages
        base, channels = widths(shape, width)
        self.first = nn.Conv2d(shape[0], channels[0], 4, stride=2, padding=1)
        layers: list[nn.Module] = []
        for index, (before, after) in enumerate(pairwise(channels)):
            told = num_ages if index == 0 else 0
            layers.append(nn.Conv2d(before + told, after, 4, stride=2, padding=1))
            layers += [nn.BatchNorm2d(after)] if batch_norm else []
            layers.append(nn.LeakyReLU(SLOPE))
        self.rest = nn.Sequential(*layers)
        self.num_features = channels[-1] * base**2
        if len(channels) == 1:
            self.num_features += num_ages * base**2

    def forward(self, images: Tensor, ages: Tensor | None = None) -> Tensor:
        """Map images to features."""
        hidden = F.leaky_relu(self.first(images), SLOPE)
        if self.num_ages:
            assert ages is not None
            hidden = concatenate(hidden, F.one_hot(ages, self.num_ages).to(hidden))
        features: Tensor = self.rest(hidden).flatten(1)
        return features


class Discriminator(nn.Module):
    """Images and ages -> logits (N,); spectral norm."""

    def __init__(self, shape: tuple[int, ...], *, num_ages: int, width: int) -> None:
        super().__init__()
        self.body = Body(shape, num_ages=num_ages, width=width, batch_norm=False)
        self.head = Logits(self.body.num_features)
        constrain(self)

    def forward(self, images: Tensor, ages: Tensor) -> Tensor:
        """Map images and ages to logits."""
        logits: Tensor = self.head(self.body(images, ages))
        return logits


class Encoder(nn.Module):
    """Images and ages -> codes (N, Z)."""

    def __init__(
        self, shape: tuple[int, ...], *, latent_dim: int, num_ages: int, width: int
    ) -> None:
        super().__init__()
        self.body = Body(shape, num_ages=num_ages, width=2 * width, batch_norm=True)
        self.head = nn.Linear(self.body.num_features, latent_dim)

    def forward(self, images: Tensor, ages: Tensor) -> Tensor:
        """Map images and ages to codes."""
        codes: Tensor = self.head(self.body(images, ages))
        return codes


class Recogniser(nn.Module):
    """Images -> unit vectors (N, F) of identities, and logits (N, K) of ages."""

    def __init__(
        self, shape: tuple[int, ...], *, embedding_dim: int, num_ages: int, width: int
    ) -> None:
        super().__init__()
        self.body = Body(shape, num_ages=0, width=2 * width, batch_norm=True)
        self.identity = nn.Linear(self.body.num_features, embedding_dim)
        self.age = nn.Linear(self.body.num_features, num_ages)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map images to embeddings and logits of ages."""
        features = self.body(images)
        return F.normalize(self.identity(features)), self.age(features)

    def embed(self, images: Tensor) -> Tensor:
        """Map images to unit vectors."""
        embeddings: Tensor = self(images)[0]
        return embeddings


def likeness_loss(first: Tensor, second: Tensor, *, temperature: float = 0.1) -> Tensor:
    """Return how hard it is to tell which of the second (N, F) is of each of the first's identity.

    The mean of −log softmax_j(first_i · second_j / temperature) at j = i; unit vectors.
    """
    logits = first @ second.T / temperature
    return F.cross_entropy(logits, torch.arange(len(first), device=first.device))
