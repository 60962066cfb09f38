"""StackGAN's networks: generators of two stages, and a discriminator of each.

N samples, K numbers of φ, M of a code ĉ, Z of z, C H W images, h = H / `upscale` those of sketches.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.collection.stackgan import StackGanSettings
from egan.networks.blocks import initialise
from egan.networks.captions import Discriminator, replicated
from egan.networks.residual import doubled
from egan.networks.sizes import base_size, hidden_widths

SLOPE = 0.2


def sketch_shape(shape: tuple[int, ...], upscale: int) -> tuple[int, ...]:
    """Return the shape of the first stage's images.

    Raises:
        ValueError: Images cannot be made so much smaller, or would be below 8x8.
    """
    channels, height, width = shape
    if height % upscale or height != width or height // upscale < 8:
        raise ValueError(
            f"the first stage needs images of 8x8 or more, {upscale} times smaller (--upscale) "
            f"than the square ones that are made, but those are {height}x{width}. "
            f"Give --data.image-size {8 * upscale} or more."
        )
    return channels, height // upscale, width // upscale


def check_halvings(size: int, times: int) -> None:
    """See that sketches of a size can be halved so often.

    Raises:
        ValueError: They cannot.
    """
    if size % 2**times:
        raise ValueError(
            f"sketches of {size}x{size} cannot be halved {times} times; give fewer "
            "--sketch-halvings."
        )


class Augmentation(nn.Module):
    """φ (N, K) -> μ and log σ² (N, M) of the code ĉ = μ + σ ε: a linear layer, and LeakyReLU."""

    def __init__(self, text_dim: int, condition_dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(text_dim, 2 * condition_dim)

    def forward(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log variance."""
        mean, log_variance = F.leaky_relu(self.linear(code), SLOPE).chunk(2, dim=1)
        return mean, log_variance

    def drawn(self, code: Tensor, epsilon: Tensor | None) -> Tensor:
        """Return ĉ (N, M) of φ and ε (N, M), or μ without ε."""
        mean, log_variance = self(code)
        drawn: Tensor = mean if epsilon is None else mean + torch.exp(0.5 * log_variance) * epsilon
        return drawn


def upwards(before: int, after: int) -> list[nn.Module]:
    """Return the layers that double maps, nearest neighbour, and give them other channels."""
    return [
        nn.Upsample(scale_factor=2.0),
        nn.Conv2d(before, after, 3, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(),
    ]


class Sketcher(nn.Module):
    """z (N, Z) and φ (N, K) -> sketches (N, C, h, h) in [-1, 1].

    100 + 128 -> 4x4x1024 -> 8x8x512 -> 16x16x256 -> 32x32x128 -> 64x64x64 -> 64x64x3
    """

    def __init__(self, s: StackGanSettings, shape: tuple[int, ...]) -> None:
        super().__init__()
        base = base_size(shape[1])
        widths = hidden_widths(shape[1], s.width, base=base)
        channels = [*widths, 2 * widths[-1]][::-1]
        self.first = nn.Sequential(
            nn.Linear(s.latent_dim + s.condition_dim, channels[0] * base**2, bias=False),
            nn.BatchNorm1d(channels[0] * base**2),
            nn.ReLU(),
            nn.Unflatten(1, (channels[0], base, base)),
        )
        doublings = pairwise(channels)
        self.rest = nn.Sequential(
            *(layer for pair in doublings for layer in upwards(*pair)),
            nn.Conv2d(channels[-1], shape[0], 3, padding=1),
            nn.Tanh(),
        )
        initialise(self, "normal")
        self.augmentation = Augmentation(s.text_dim, s.condition_dim)  # not so small at first

    def forward(self, z: Tensor, code: Tensor, epsilon: Tensor | None) -> Tensor:
        """Make sketches."""
        condition = self.augmentation.drawn(code, epsilon)
        sketches: Tensor = self.rest(self.first(torch.cat([z, condition], dim=1)))
        return sketches


class Residual(nn.Module):
    """x -> ReLU(x + BN(conv3(ReLU(BN(conv3(x)))))), maps (N, F, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Map features to the next ones."""
        return F.relu(maps + self.layers(maps))


class Refiner(nn.Module):
    """Sketches (N, C, h, h) and φ (N, K) -> images (N, C, H, H) in [-1, 1].

    64x64x3 -> 64x64x128 -> 32x32x256 -> 16x16x512, beside ĉ -> 16x16x512, residual blocks
    -> 32x32x256 -> 64x64x128 -> 128x128x64 -> 256x256x32 -> 256x256x3
    """

    def __init__(self, s: StackGanSettings, shape: tuple[int, ...]) -> None:
        super().__init__()
        check_halvings(shape[1] // s.upscale, s.sketch_halvings)
        widths = [s.second_width * 2**k for k in range(s.sketch_halvings + 1)]
        inside = widths[-1]
        self.encoder = nn.Sequential(nn.Conv2d(shape[0], widths[0], 3, padding=1), nn.ReLU())
        for before, after in pairwise(widths):
            self.encoder.append(nn.Conv2d(before, after, 4, stride=2, padding=1, bias=False))
            self.encoder.extend([nn.BatchNorm2d(after), nn.ReLU()])
        self.joint = nn.Sequential(
            nn.Conv2d(inside + s.condition_dim, inside, 3, padding=1, bias=False),
            nn.BatchNorm2d(inside),
            nn.ReLU(),
        )
        self.blocks = nn.Sequential(*(Residual(inside) for _ in range(s.residual_blocks)))
        doublings = s.sketch_halvings + s.upscale.bit_length() - 1
        channels = [max(inside >> k, 1) for k in range(doublings + 1)]
        self.decoder = nn.Sequential(
            *(layer for pair in pairwise(channels) for layer in upwards(*pair)),
            nn.Conv2d(channels[-1], shape[0], 3, padding=1),
            nn.Tanh(),
        )
        initialise(self, "normal")
        self.augmentation = Augmentation(s.text_dim, s.condition_dim)  # not so small at first

    def forward(self, sketches: Tensor, code: Tensor, epsilon: Tensor | None) -> Tensor:
        """Make images of sketches."""
        condition = self.augmentation.drawn(code, epsilon)
        maps = self.joint(replicated(condition, self.encoder(sketches)))
        images: Tensor = self.decoder(self.blocks(maps))
        return images


class Generator(nn.Module):
    """z (N, Z) and φ (N, K) -> images (N, C, H, W) in [-1, 1], by one stage or by both.

    Attributes:
        first: G₀.
        second: G.
    """

    def __init__(self, s: StackGanSettings, shape: tuple[int, ...]) -> None:
        super().__init__()
        small = sketch_shape(shape, s.upscale)
        self.times = s.upscale.bit_length() - 1
        self.first, self.second = Sketcher(s, small), Refiner(s, shape)

    def forward(self, z: Tensor, code: Tensor, epsilon: Tensor | None, *, both: bool) -> Tensor:
        """Make images; sketches with each pixel repeated, where the second stage does not learn.

        Args:
            z: Codes of sketches.
            code: φ.
            epsilon: ε (N, 2, M) of either stage's ĉ, or None for means.
            both: Whether the second stage makes them of the first one's, which is frozen.
        """
        noise = (None, None) if epsilon is None else epsilon.unbind(dim=1)
        if not both:
            return enlarged(self.first(z, code, noise[0]), self.times)
        with torch.no_grad():
            sketches = self.first(z, code, noise[0])
        images: Tensor = self.second(sketches, code, noise[1])
        return images


class Judges(nn.Module):
    """D₀ and D, of sketches and of images: each (N, C, S, S) and φ (N, K) -> logits (N,).

    Attributes:
        is_second: Whether D is in use. It is a part of the state of D's side alone, so that members
            of an evolution and their discriminator are never in different stages.
    """

    is_second: Tensor

    def __init__(self, s: StackGanSettings, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("is_second", torch.zeros((), dtype=torch.uint8))
        self.first = Discriminator(s, sketch_shape(shape, s.upscale))
        self.second = Discriminator(s, shape)


def enlarged(images: Tensor, times: int) -> Tensor:
    """Return images doubled so many times, each pixel repeated."""
    for _ in range(times):
        images = doubled(images)
    return images
