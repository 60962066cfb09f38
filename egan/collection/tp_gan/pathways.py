"""The pathways of TP-GAN: one of whole views, and those of patches around landmarks."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.networks.halvings import halvings
from egan.networks.maxout import Maxout
from egan.networks.residual import ResidualBlock

SLOPE, PIECES, BLOCKS = 0.2, 2, 4
MAX_FACTOR, SMALLEST, IMAGED = 8, 2, (2, 1)
"""How many times as wide layers become, from which halving on images are seen and made, and of
which halvings there are images beside the whole one."""


class GlobalPathway(nn.Module):
    """Views (N, C, H, W), noise (N, Z) and local features (N, B, H, W) -> code and images.

    Args:
        shape: C, H and W.
        latent_dim: Z.
        code_dim: Numbers of the identity code.
        width: Channels of the first layer.
        beside: B.

    Raises:
        ValueError: The images cannot be halved twice, down to 4 pixels or more.
    """

    def __init__(
        self, shape: tuple[int, ...], *, latent_dim: int, code_dim: int, width: int, beside: int
    ) -> None:
        super().__init__()
        channels, (base, self.depth) = shape[0], deepest(shape)
        # 128x128x3 -> 128x128x64 -> 64x64x64 -> 32x32x128 -> 16x16x256 -> 8x8x512 -> 512 -> 256
        seen = [width, *(width * min(MAX_FACTOR, 2**scale) for scale in range(self.depth))]
        self.encoder = self._encoder(channels, seen)
        self.code = nn.Sequential(nn.Linear(seen[-1] * base**2, PIECES * code_dim), Maxout(PIECES))
        # 256 + 100 -> 8x8x64 -> 32x32x32 -> 64x64x16 -> 128x128x8
        self.first = width, base, base
        self.spread = nn.Linear(code_dim + latent_dim, width * base**2)
        simple = {scale: max(1, width >> (3 - scale)) for scale in range(SMALLEST, -1, -1)}
        simple.pop(self.depth, None)
        self.simple = self._simple(width, simple)
        # 8x8x(64 + 512) -> 16x16x512 -> 32x32x256 -> 64x64x128 -> 128x128x64
        made = {scale: width * min(MAX_FACTOR, 2**scale) for scale in range(self.depth)}
        joined = [
            made.get(scale, width)
            + seen[scale]
            + simple.get(scale, 0)
            + channels * self._sees(scale)
            for scale in range(self.depth + 1)
        ]
        self.decoder = nn.ModuleDict(
            {str(scale): enlarging(joined[scale + 1], after, 2) for scale, after in made.items()}
        )
        self.smaller = nn.ModuleDict({str(one): imaging(joined[one], channels) for one in IMAGED})
        # 128x128x64 and all that is beside it -> 128x128x64 -> 128x128x32 -> 128x128x3
        narrow = max(1, width // 2)
        self.last = nn.Sequential(
            *(nn.Conv2d(joined[0] + beside, width, 5, 1, 2), nn.LeakyReLU(SLOPE)),
            *(nn.Conv2d(width, narrow, 3, 1, 1), nn.LeakyReLU(SLOPE)),
            imaging(narrow, channels),
        )

    def _encoder(self, channels: int, widths: list[int]) -> nn.ModuleList:
        kernels = [7, 5, *[3] * (self.depth - 1)]
        layers = zip([channels, *widths], widths, kernels, strict=False)
        return nn.ModuleList(
            encoding(*layer, halves=scale > 0, blocks=BLOCKS if scale == self.depth else 1)
            for scale, layer in enumerate(layers)
        )

    def _simple(self, before: int, widths: dict[int, int]) -> nn.ModuleDict:
        layers, last = {}, self.depth
        for scale, after in widths.items():
            layers[str(scale)] = enlarging(before, after, 2 ** (last - scale))
            before, last = after, scale
        return nn.ModuleDict(layers)

    @staticmethod
    def _sees(scale: int) -> bool:
        """Whether the decoder sees the source at a scale, halved that often."""
        return scale <= SMALLEST

    def forward(
        self, source: Tensor, noise: Tensor, beside: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the identity code, and images of the whole size, of a half and of a quarter."""
        seen = [source]
        for layer in self.encoder:
            seen.append(layer(seen[-1]))
        code = self.code(seen[-1].flatten(1))
        simple = self.spread(torch.cat([code, noise], dim=1)).view(-1, *self.first)
        made = simple = F.leaky_relu(simple, SLOPE)
        images, joined = [], source
        for scale in range(self.depth, -1, -1):
            if scale < self.depth:
                made = self.decoder[str(scale)](joined)
            parts = [made, seen[scale + 1]]
            if str(scale) in self.simple:
                simple = self.simple[str(scale)](simple)
                parts.append(simple)
            if self._sees(scale):
                parts.append(F.avg_pool2d(source, 2**scale))
            joined = torch.cat(parts, dim=1)
            if scale in IMAGED:
                images.append(self.smaller[str(scale)](joined))
        quarter, half = images
        return code, self.last(torch.cat([joined, beside], dim=1)), half, quarter


class LocalPathway(nn.Module):
    """Patches (N, C, h, w) -> features (N, width, h, w), and frontal patches (N, C, h, w).

    Args:
        channels: C.
        halved: How often h and w are halved.
        width: Channels of the first layer.
    """

    def __init__(self, channels: int, *, halved: int, width: int) -> None:
        super().__init__()
        # 40x40x3 -> 40x40x64 -> 20x20x128 -> 10x10x256 -> 5x5x512
        widths = [width * min(MAX_FACTOR, 2**scale) for scale in range(halved + 1)]
        self.encoder = nn.ModuleList(
            encoding(before, after, 3, halves=scale > 0, blocks=1)
            for scale, (before, after) in enumerate(zip([channels, *widths], widths, strict=False))
        )
        # 5x5x512 -> 10x10x256 (+256) -> 20x20x128 (+128) -> 40x40x64 (+64) -> 40x40x64
        self.decoder = nn.ModuleList(
            enlarging(widths[scale + 1] * (1 + (scale + 1 < halved)), widths[scale], 2)
            for scale in range(halved - 1, -1, -1)
        )
        self.last = nn.Sequential(
            nn.Conv2d(width * (1 + (halved > 0)), width, 3, 1, 1), nn.LeakyReLU(SLOPE)
        )
        self.image = imaging(width, channels)

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Return features of what the patches are from ahead, and how they look."""
        seen, hidden = [], patches
        for layer in self.encoder:
            hidden = layer(hidden)
            seen.append(hidden)
        seen.pop()
        for layer in self.decoder:
            hidden = torch.cat([layer(hidden), seen.pop()], dim=1)
        features = self.last(hidden)
        return features, self.image(features)


def deepest(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return how small maps become, 8 to 14 pixels or of 16 pixels 4, and by how many halvings.

    Raises:
        ValueError: The images cannot be halved twice.
    """
    base, times = halvings(shape)
    if times < SMALLEST:
        raise ValueError(
            f"a global pathway halves images twice at least, but got samples of shape {shape}. "
            "Give --data.image-size 32."
        )
    depth = max(SMALLEST, times - 1)
    return base << (times - depth), depth


def encoding(before: int, after: int, kernel: int, *, halves: bool, blocks: int) -> nn.Module:
    """Return a convolution, and residual blocks: maps (N, before, h, w) -> (N, after, ...)."""
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, 1 + halves, kernel // 2),
        nn.LeakyReLU(SLOPE),
        *(
            ResidualBlock(after, after, activation=nn.LeakyReLU(SLOPE), preactivate=False)
            for _ in range(blocks)
        ),
    )


def enlarging(before: int, after: int, factor: int) -> nn.Module:
    """Return what enlarges maps: (N, before, h, w) -> (N, after, factor * h, factor * w)."""
    convolution = nn.ConvTranspose2d(before, after, 2 * factor, factor, factor // 2)
    return nn.Sequential(convolution, nn.LeakyReLU(SLOPE))


def imaging(before: int, channels: int) -> nn.Module:
    """Return what makes images of maps: (N, before, h, w) -> (N, channels, h, w) in [-1, 1]."""
    return nn.Sequential(nn.Conv2d(before, channels, 3, 1, 1), nn.Tanh())
