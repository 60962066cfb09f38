"""IntroVAE's encoder and decoder: residual blocks that activate first, or the authors' own."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from egan.networks.residual import ResidualBlock

SLOPE = 0.2


class Encoder(nn.Module):
    """Images (N, C, H, W) -> mean and log-variance of q(z|x), (N, Z) each.

    For 256x256 pixels and a width of 32:

        x 3x256x256 -> 32x128x128 -> 64x64x64 -> 128x32x32 -> 256x16x16 -> 512x8x8 -> 512x4x4
          -> 512x4x4 -> 8192 -> μ Z, log σ² Z

    the first a 5x5 convolution, every other with a size a residual block; the paper's keeps the
    size, and a mean of 2x2 follows.

    Attributes:
        divergence: Running average of R(x) of real images, as far as the warm-up went.
    """

    divergence: Tensor

    def __init__(
        self, channels: int, widths: list[int], *, base: int, latent_dim: int, published: bool
    ) -> None:
        super().__init__()
        layers = published_encoder if published else encoder
        self.layers = layers(channels, widths)
        self.layers.extend([nn.Flatten(), nn.Linear(widths[-1] * base * base, 2 * latent_dim)])
        self.register_buffer("divergence", torch.zeros(()))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance of the codes of images."""
        mean, log_variance = self.layers(images).chunk(2, dim=1)
        return mean, log_variance


class Decoder(nn.Module):
    """Codes (N, Z) -> images (N, C, H, W) in [-1, 1]: the encoder's mirror image.

        z Z -> 8192 -> 512x4x4 -> 512x8x8 -> 512x16x16 -> 256x32x32 -> 128x64x64 -> 64x128x128
          -> 32x256x256 -> 3x256x256

    Each size is twice that before, by a residual block; the last layer is a 5x5 convolution. The
    paper's has no tanh, and a residual block more at full size.
    """

    def __init__(
        self, channels: int, widths: list[int], *, base: int, latent_dim: int, published: bool
    ) -> None:
        super().__init__()
        first = nn.Linear(latent_dim, widths[0] * base * base)
        self.layers = nn.Sequential(first, nn.Unflatten(1, (widths[0], base, base)))
        layers = published_decoder if published else decoder
        self.layers.extend(layers(channels, widths))

    def forward(self, codes: Tensor) -> Tensor:
        """Map codes (N, Z) to images (N, C, H, W)."""
        images: Tensor = self.layers(codes)
        return images


def encoder(channels: int, widths: list[int]) -> nn.Sequential:
    """Build what maps images to maps of the last width, with norm before the convolutions."""
    layers = nn.Sequential(nn.Conv2d(channels, widths[0], 5, padding=2), nn.AvgPool2d(2))
    layers.extend([block(*ends, resample="down") for ends in pairwise(widths)])
    return layers.extend([block(widths[-1], widths[-1]), nn.LeakyReLU(SLOPE)])


def decoder(channels: int, widths: list[int]) -> nn.Sequential:
    """Build what maps maps of the first width to images, with norm before the convolutions."""
    blocks = [block(*ends, resample="up") for ends in pairwise([widths[0], *widths])]
    last = nn.Conv2d(widths[-1], channels, 5, padding=2)
    return nn.Sequential(*blocks, nn.LeakyReLU(SLOPE), last, nn.Tanh())


def published_encoder(channels: int, widths: list[int]) -> nn.Sequential:
    """Build the layers of the authors' encoder: norm and activation after the convolutions."""
    first = nn.Conv2d(channels, widths[0], 5, padding=2, bias=False)
    layers = nn.Sequential(first, nn.BatchNorm2d(widths[0]), nn.LeakyReLU(SLOPE), nn.AvgPool2d(2))
    for before, after in pairwise(widths):
        layers.extend([PostBlock(before, after), nn.AvgPool2d(2)])
    return layers.append(PostBlock(widths[-1], widths[-1]))


def published_decoder(channels: int, widths: list[int]) -> nn.Sequential:
    """Build the layers of the authors' decoder: a block more, and no tanh."""
    layers = nn.Sequential(nn.ReLU())
    for before, after in pairwise([widths[0], *widths]):
        layers.extend([PostBlock(before, after), nn.Upsample(scale_factor=2)])
    last = nn.Conv2d(widths[-1], channels, 5, padding=2)
    return layers.extend([PostBlock(widths[-1], widths[-1]), last])


class PostBlock(nn.Module):
    """x -> act(norm(skip(x) + conv3(act(norm(conv3(x)))))), maps (N, C, H, W), without biases.

    He et al. 2015, arXiv 1512.03385, with LeakyReLU; a 1x1 convolution is the skip where the
    channels change.
    """

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.skip = nn.Conv2d(before, after, 1, bias=False) if before != after else nn.Identity()
        self.layers = nn.Sequential(
            *(nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after)),
            *(nn.LeakyReLU(SLOPE), nn.Conv2d(after, after, 3, padding=1, bias=False)),
        )
        self.last = nn.Sequential(nn.BatchNorm2d(after), nn.LeakyReLU(SLOPE))

    def forward(self, hidden: Tensor) -> Tensor:
        """Map features (N, C, H, W) to the next ones."""
        mapped: Tensor = self.last(self.skip(hidden) + self.layers(hidden))
        return mapped


def block(before: int, after: int, *, resample: str = "none") -> ResidualBlock:
    """Build a residual block with batch norm and LeakyReLU."""
    activation = nn.LeakyReLU(SLOPE)
    return ResidualBlock(
        before, after, resample=resample, norm=nn.BatchNorm2d, activation=activation
    )
