"""The networks of a context encoder: an encoder and decoder of holes, and what judges them."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from egan.networks.blocks import Logits, initialise
from egan.networks.halvings import map_sizes

SLOPE = 0.2
MAX_FACTOR = 8
KERNEL = 4


class Filler(nn.Module):
    """Images with a hole (N, C, H, H) -> the hole and a border (N, C, H / 2 + 2 border, ...).

    Args:
        shape: C, H and H.
        width: Channels of the first layer, doubled from the third on, up to 8 times.
        bottleneck: Numbers between encoder and decoder.
        border: Pixels around the hole.

    Raises:
        ValueError: The images are not square, or not 4 to 7 pixels doubled twice or more, or have
            no such border around their hole.
    """

    def __init__(self, shape: tuple[int, ...], *, width: int, bottleneck: int, border: int) -> None:
        super().__init__()
        channels, (base, times) = shape[0], map_sizes(shape)
        if times < 2:
            raise ValueError(
                f"holes need images that can be halved twice, but got samples of shape {shape}. "
                "Give --data.image-size 32."
            )
        if border > shape[1] // 4:
            raise ValueError(
                f"--overlap must be at most {shape[1] // 4}, what images of {shape[1]} pixels have "
                f"around their hole, but got {border}."
            )
        # 128x128x3 -> 64x64x64 -> 32x32x64 -> 16x16x128 -> 8x8x256 -> 4x4x512 -> 4000
        widths = [width * min(MAX_FACTOR, 2 ** max(0, level - 1)) for level in range(times)]
        encoder: list[nn.Module] = []
        for level, (before, after) in enumerate(pairwise([channels, *widths])):
            encoder.append(nn.Conv2d(before, after, KERNEL, 2, 1))
            encoder.extend([nn.BatchNorm2d(after)] if level else [])
            encoder.append(nn.LeakyReLU(SLOPE))
        encoder += [nn.Conv2d(widths[-1], bottleneck, base), *_normed(bottleneck, SLOPE)]
        # 4000 -> 4x4x512 -> 8x8x256 -> 16x16x128 -> 32x32x64 -> 64x64x3, or 72x72x3
        back = widths[:0:-1]
        decoder: list[nn.Module] = [
            nn.ConvTranspose2d(bottleneck, back[0], base),
            *_normed(back[0]),
        ]
        for before, after in pairwise(back):
            decoder += [nn.ConvTranspose2d(before, after, KERNEL, 2, 1), *_normed(after)]
        last = nn.ConvTranspose2d(back[-1], channels, KERNEL + 2 * border, 2, 1)
        self.encoder = nn.Sequential(*encoder)
        self.decoder = nn.Sequential(*decoder, last, nn.Tanh())
        initialise(self, "normal")

    def forward(self, damaged: Tensor) -> Tensor:
        """Make what is in the hole, in [-1, 1]."""
        made: Tensor = self.decoder(self.encoder(damaged))
        return made


class Discriminator(nn.Module):
    """Middles of images (N, C, H / 2, H / 2) -> logits (N,).

    Args:
        shape: C, H and H, those of whole images.
        width: Channels of the first layer, doubled from layer to layer, up to 8 times.
    """

    def __init__(self, shape: tuple[int, ...], *, width: int) -> None:
        super().__init__()
        base, times = map_sizes(shape)
        # 64x64x3 -> 32x32x64 -> 16x16x128 -> 8x8x256 -> 4x4x512 -> 1
        widths = [width * min(MAX_FACTOR, 2**level) for level in range(times - 1)]
        layers: list[nn.Module] = []
        for level, (before, after) in enumerate(pairwise([shape[0], *widths])):
            layers.append(nn.Conv2d(before, after, KERNEL, 2, 1))
            layers.extend([nn.BatchNorm2d(after)] if level else [])
            layers.append(nn.LeakyReLU(SLOPE))
        self.layers = nn.Sequential(*layers, Logits(widths[-1] * base * base))
        initialise(self, "normal")

    def forward(self, images: Tensor) -> Tensor:
        """Judge middles."""
        logits: Tensor = self.layers(images)
        return logits


def _normed(channels: int, slope: float = 0.0) -> list[nn.Module]:
    """Return batch norm and what follows it: LeakyReLU, or ReLU for a slope of 0."""
    return [nn.BatchNorm2d(channels), nn.LeakyReLU(slope) if slope else nn.ReLU()]
