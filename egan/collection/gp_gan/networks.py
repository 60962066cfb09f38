"""The blending GAN's generator: an image through a bottleneck and back."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from egan.networks.blocks import initialise
from egan.networks.halvings import map_sizes

KERNEL, SLOPE = 4, 0.2


class Blender(nn.Module):
    """Composites (N, C, H, H) -> images of the same size in [-1, 1].

    Args:
        shape: C, H and H.
        width: Channels of the first layer and of the last hidden one, doubled inwards.
        bottleneck: Numbers between encoder and decoder.

    Raises:
        ValueError: The images are not square, or not 4 to 7 pixels doubled.
    """

    def __init__(self, shape: tuple[int, ...], *, width: int, bottleneck: int) -> None:
        super().__init__()
        base, times = map_sizes(shape)
        # 64x64x3 -> 32x32x64 -> 16x16x128 -> 8x8x256 -> 4x4x512 -> 4000, and back
        widths = [width * 2**level for level in range(times)]
        encoder: list[nn.Module] = []
        for level, (before, after) in enumerate(pairwise([shape[0], *widths])):
            encoder.append(nn.Conv2d(before, after, KERNEL, 2, 1))
            encoder.extend([nn.BatchNorm2d(after)] if level else [])
            encoder.append(nn.LeakyReLU(SLOPE))
        encoder.append(nn.Conv2d(widths[-1], bottleneck, base))
        decoder: list[nn.Module] = [nn.ConvTranspose2d(bottleneck, widths[-1], base)]
        for before, after in pairwise(widths[::-1]):
            decoder += [nn.BatchNorm2d(before), nn.ReLU()]
            decoder.append(nn.ConvTranspose2d(before, after, KERNEL, 2, 1))
        decoder += [nn.BatchNorm2d(width), nn.ReLU()]
        decoder += [nn.ConvTranspose2d(width, shape[0], KERNEL, 2, 1), nn.Tanh()]
        self.encoder = nn.Sequential(*encoder)
        self.decoder = nn.Sequential(*decoder)
        initialise(self, "normal")

    def forward(self, composites: Tensor) -> Tensor:
        """Blend."""
        made: Tensor = self.decoder(self.encoder(composites))
        return made
