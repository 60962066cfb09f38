"""StyleGAN's networks: the mapping, the synthesis that it styles, and the discriminator.

N batch, Z dimensions of the code, W of a style, L layers, C H W images, M numbers of noise.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn

from egan.collection.stylegan import GROUP, StyleGanSettings
from egan.networks.conditioning import ConditionalNorm
from egan.networks.equalised import HE, Blur, EqualisedConv2d, EqualisedLinear, PixelNorm
from egan.networks.halvings import halvings
from egan.networks.minibatch import MinibatchStd
from egan.tasks import Codes

SLOPE = 0.2
MEAN_DECAY = 0.995
ADAIN_EPS = 1e-8


def widths(shape: tuple[int, ...], settings: StyleGanSettings) -> list[int]:
    """Return the channels of the maps, from the image inwards."""
    _, times = halvings(shape)
    return [min(settings.width * 2**level, settings.max_width) for level in range(times + 1)]


def areas(shape: tuple[int, ...]) -> list[int]:
    """Return the places of each layer's map, of two layers for each size from the smallest on."""
    base, times = halvings(shape)
    return [(base * 2**level) ** 2 for level in range(times + 1) for _ in range(2)]


class Mapping(nn.Module):
    """z (N, Z) -> w (N, W), and a running mean of w.

    In the paper z 512 / rms(z) -> 8 times linear 512, LeakyReLU.
    """

    mean: Tensor

    def __init__(self, settings: StyleGanSettings) -> None:
        super().__init__()
        units = [settings.latent_dim, *[settings.style_dim] * settings.mapping_depth]
        self.layers = nn.Sequential(PixelNorm())
        linear = partial(EqualisedLinear, gain=HE, lr_multiplier=settings.mapping_rate)
        for before, after in pairwise(units):
            self.layers.extend([linear(before, after), nn.LeakyReLU(SLOPE)])
        self.register_buffer("mean", torch.zeros(units[-1]))

    def forward(self, codes: Tensor) -> Tensor:
        """Map codes to styles; in training, move their mean."""
        styles: Tensor = self.layers(codes)
        if self.training:
            self.mean.lerp_(styles.detach().mean(dim=0), 1 - MEAN_DECAY)
        return styles


class Layer(nn.Module):
    """Convolution, noise, LeakyReLU, AdaIN; at first, the map may be doubled."""

    def __init__(self, before: int, after: int, *, style_dim: int, up: bool, conv: bool) -> None:
        super().__init__()
        self.up = nn.Sequential(nn.Upsample(scale_factor=2.0), Blur()) if up else nn.Identity()
        self.conv = EqualisedConv2d(before, after, 3, bias=False) if conv else nn.Identity()
        self.noise_scale = nn.Parameter(torch.zeros(after, 1, 1))
        self.bias = nn.Parameter(torch.zeros(after, 1, 1))
        self.activation = nn.LeakyReLU(SLOPE)
        self.norm = ConditionalNorm(
            after,
            condition_dim=style_dim,
            statistics="instance",
            linear=EqualisedLinear,
            eps=ADAIN_EPS,
        )

    def forward(self, hidden: Tensor, style: Tensor, noise: Tensor) -> Tensor:
        """Map features (N, C, H, W), styles (N, W) and noise (N, H * W) to features."""
        hidden = self.conv(self.up(hidden))
        plane = noise.reshape(-1, 1, *hidden.shape[2:])
        hidden = self.activation(hidden + self.noise_scale * plane + self.bias)
        styled: Tensor = self.norm(hidden, style)
        return styled


class Generator(nn.Module):
    """Styles (N, L, W), noise (N, M) -> images (N, C, H, W); M is the sum of `areas`.

    Real images are in [-1, 1]; where the settings say so, tanh keeps these there too.

    At 1024x1024 with the paper's sizes, two of the 18 layers for each map, w and noise in each:

        constant 4x4x512 -> 4x4x512 -> 8x8x512 -> 16x16x512 -> 32x32x512 -> 64x64x256
        -> 128x128x128 -> 256x256x64 -> 512x512x32 -> 1024x1024x16 -> 1x1 conv 1024x1024x3
    """

    def __init__(self, shape: tuple[int, ...], settings: StyleGanSettings) -> None:
        super().__init__()
        base, _ = halvings(shape)
        channels = widths(shape, settings)[::-1]
        self.mapping = Mapping(settings)
        self.constant = nn.Parameter(torch.ones(1, channels[0], base, base))
        self.layers = nn.ModuleList()
        self.areas = areas(shape)
        make = partial(Layer, style_dim=settings.style_dim)
        for before, after in pairwise([channels[0], *channels]):
            first = not self.layers
            self.layers.append(make(before, after, up=not first, conv=not first))
            self.layers.append(make(after, after, up=False, conv=True))
        self.colours = EqualisedConv2d(channels[-1], shape[0], 1, gain=1.0)
        self.last = nn.Tanh() if settings.tanh else nn.Identity()

    def styles(self, codes: Codes) -> Tensor:
        """Return the styles of all layers (N, L, W): of "z", from "crossover" on of "other"."""
        count = len(self.layers)
        styles: Tensor = self.mapping(codes["z"])[:, None].repeat(1, count, 1)
        if "crossover" not in codes:
            return styles
        late = torch.arange(count, device=styles.device) >= codes["crossover"][:, None]
        return torch.where(late[..., None], self.mapping(codes["other"])[:, None], styles)

    def forward(self, styles: Tensor, noise: Tensor) -> Tensor:
        """Map styles (N, L, W) and noise to images."""
        hidden = self.constant.expand(len(styles), -1, -1, -1)
        planes = torch.split(noise, self.areas, dim=1)
        for layer, style, plane in zip(self.layers, styles.unbind(1), planes, strict=True):
            hidden = layer(hidden, style, plane)
        images: Tensor = self.last(self.colours(hidden))
        return images


def discriminator(shape: tuple[int, ...], settings: StyleGanSettings) -> nn.Module:
    """Build D: (N, C, H, W) -> logits (N,).

    At 1024x1024 with the paper's sizes, two convolutions for each map:

        1024x1024x3 -> 1024x1024x16 -> 512x512x32 -> 256x256x64 -> 128x128x128 -> 64x64x256
        -> 32x32x512 -> 16x16x512 -> 8x8x512 -> 4x4x512
        -> + deviation of the batch 4x4x513 -> conv 4x4x512 -> linear 512 -> 1
    """
    base, channels = halvings(shape)[0], widths(shape, settings)
    layers: list[nn.Module] = [EqualisedConv2d(shape[0], channels[0], 1), nn.LeakyReLU(SLOPE)]
    for before, after in pairwise(channels):
        first, second = EqualisedConv2d(before, before, 3), EqualisedConv2d(before, after, 3)
        layers += [first, nn.LeakyReLU(SLOPE), Blur(), second, nn.AvgPool2d(2), nn.LeakyReLU(SLOPE)]
    last = channels[-1]
    layers += [MinibatchStd(GROUP), EqualisedConv2d(last + 1, last, 3), nn.LeakyReLU(SLOPE)]
    layers += [nn.Flatten(), EqualisedLinear(last * base**2, last, gain=HE), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*layers, EqualisedLinear(last, 1), nn.Flatten(0))


def thirds(layers: int) -> tuple[slice, slice, slice]:
    """Return the coarse, the middle and the fine layers; a size's two stay together."""
    sizes = layers // 2
    first, second = 2 * round(sizes / 3), 2 * round(2 * sizes / 3)
    return slice(0, first), slice(first, second), slice(second, layers)
