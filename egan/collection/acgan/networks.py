"""AC-GAN's networks: a generator that is told a class, a discriminator that tells one.

N samples, Z dimensions of the code, K classes, F features, C H W images.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from egan.collection.acgan import AcganSettings
from egan.networks import dcgan
from egan.networks.blocks import Logits, Trunk, initialise
from egan.networks.halvings import halvings

KERNEL_UP = 5
SLOPE = 0.2
WIDEST = 4


def generator(s: AcganSettings, shape: tuple[int, ...], num_classes: int) -> nn.Module:
    """Build G: z beside a class, one-hot, (N, Z + K) -> images (N, C, H, W) in [-1, 1]."""
    if s.network == "paper":
        return paper_generator(shape, latent_dim=s.latent_dim + num_classes, width=s.width)
    return dcgan.generator(
        shape, latent_dim=s.latent_dim + num_classes, width=s.width, norm="batch"
    )


def paper_generator(shape: tuple[int, ...], *, latent_dim: int, width: int) -> nn.Module:
    """Build the paper's G.

    For CIFAR-10, each -> a transposed convolution of 5x5 and stride 2:

        100 + 10 -> linear 4x4x384, ReLU -> 8x8x192 -> 16x16x96 -> 32x32x3, tanh

    with batch norm and ReLU between.
    """
    base, times = halvings(shape)
    channels = [width * min(2**level, WIDEST) for level in range(times)][::-1]
    network = nn.Sequential(
        nn.Linear(latent_dim, channels[0] * base**2),
        nn.ReLU(),
        nn.Unflatten(1, (channels[0], base, base)),
    )
    for before, after in pairwise([*channels, shape[0]]):
        network.append(
            nn.ConvTranspose2d(before, after, KERNEL_UP, stride=2, padding=2, output_padding=1)
        )
        network.extend([nn.BatchNorm2d(after), nn.ReLU()])
    network = nn.Sequential(*list(network)[:-2], nn.Tanh())
    initialise(network, "normal")
    return network


class Discriminator(nn.Module):
    """Images (N, C, H, W) -> logits (N,) of real against made; and of classes, (N, K).

    Both heads are on one body, and neither is told the class.
    """

    def __init__(self, s: AcganSettings, shape: tuple[int, ...], num_classes: int) -> None:
        super().__init__()
        self.body = body(s, shape)
        self.head = Logits(self.body.num_features)
        self.classes = nn.Linear(self.body.num_features, num_classes)
        if s.network == "paper":
            initialise(self, "normal")

    def forward(self, images: Tensor) -> Tensor:
        """Map images to logits (N,)."""
        return self.judged(images)[0]

    def judged(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map images to logits (N,), and to those of classes (N, K), in one pass."""
        features = self.body(images)
        return self.head(features), self.classes(features)


def body(s: AcganSettings, shape: tuple[int, ...]) -> Trunk:
    """Build what both heads are on: images (N, C, H, W) -> features (N, F)."""
    if s.network == "paper":
        return paper_body(shape, width=s.discriminator_width, dropout=s.dropout)
    return dcgan.trunk(shape, width=s.discriminator_width, norm=s.norm)


def paper_body(shape: tuple[int, ...], *, width: int, dropout: float) -> Trunk:
    """Build the paper's.

    For CIFAR-10, each -> a 3x3 convolution of stride 2, each => one of 1:

        32x32x3 -> 16x16x16 => 16x16x32 -> 8x8x64 => 8x8x128 -> 4x4x256 => 4x4x512

    with batch norm on all but the first, LeakyReLU and dropout after each.
    """
    base, times = halvings(shape)
    channels = [shape[0], *(width * 2**level for level in range(2 * times))]
    layers: list[nn.Module] = []
    for index, (before, after) in enumerate(pairwise(channels)):
        layers.append(nn.Conv2d(before, after, 3, stride=1 + (index % 2 == 0), padding=1))
        layers += [nn.BatchNorm2d(after)] if index else []
        layers += [nn.LeakyReLU(SLOPE), nn.Dropout(dropout)]
    return Trunk(layers, num_features=channels[-1] * base**2)
