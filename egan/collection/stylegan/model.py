"""StyleGAN (Karras et al. 2018, "A style-based generator ...", arXiv 1812.04948).

    w = f(z),  x = g(w, noise):  a learned constant of 4x4, then two layers at each size,

    hidden -> conv3 -> + scale * noise -> LeakyReLU -> AdaIN(hidden, y) with y = A w
    AdaIN(h_i, y) = y_s,i (h_i − mean(h_i)) / std(h_i) + y_b,i

f is z / rms(z) through fully connected layers with a small learning rate, A affine with y_s = 1 at
the start, noise one plane for each layer, scaled by channel from 0. Before the first layer of each
further size maps are doubled and blurred. D sees the batch's standard deviation, too; the loss is
the logistic one with R1 = γ/2 E_x[‖∇t(x)‖²].

    mixing        a share of samples takes the styles of a second z from a random layer on
    truncation    w' = w̄ + ψ (w − w̄) in the first layers; w̄ is a running mean

Here both networks train at full size from the start, with one layer to and from colours; the paper
grows them (Karras et al. 2017, 1710.10196) with one for each size. Images end in tanh.

Fitness: minus the Fréchet distance, minus a tenth of the logarithm of the perceptual path length,

    E[‖φ(g(lerp(w1, w2; t))) − φ(g(lerp(w1, w2; t + ε)))‖²] / ε²

with the features φ of a fixed classifier in place of the paper's VGG.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

from egan.config import DataConfig, SearchConfig
from egan.config.collection import CollectionConfig
from egan.config.settings import AdversarialSettings
from egan.losses.discriminator import r1_penalty
from egan.networks.conditioning import ConditionalNorm
from egan.networks.equalised import HE, Blur, EqualisedConv2d, EqualisedLinear, PixelNorm
from egan.networks.halvings import halvings
from egan.networks.latent import truncate
from egan.networks.minibatch import MinibatchStd
from egan.tasks.generation import ROW
from egan.training.game import Adversarial
from egan.training.model import Batch, Codes, Draw, moved

if TYPE_CHECKING:
    from PIL import Image

GROUP = 4
SLOPE = 0.2
MEAN_DECAY = 0.995
PSIS = (1.0, 0.75, 0.5, 0.25, 0.0)
NUM_PATHS, STEP = 250, 1e-2
PATH_WEIGHT = 0.1
SOURCES = 6


@dataclass(frozen=True, kw_only=True)
class StyleGanSettings(AdversarialSettings):
    """Settings of a StyleGAN."""

    STRUCTURAL = ("width", "max_width", "latent_dim", "style_dim", "mapping_depth", "mapping_rate")
    MAY_BE_ZERO = ("mapping_depth",)

    width: int = 32
    """Channels next to the image, in both networks; they double inwards."""
    max_width: int = 64
    """The most channels that there are."""
    style_dim: int = 64
    """Dimensions of w."""
    mapping_depth: int = 4
    """Layers of the mapping network; with 0, w is the normed z."""
    mapping_rate: float = 0.01
    """Share of the learning rate that the mapping network has."""
    r1_weight: float = 1.0
    """Weight of the gradient penalty on real samples (gamma)."""
    mixing: float = 0.9
    """Share of training samples with two styles."""
    noise: bool = True
    """Whether layers get noise; without, their inputs are 0."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if self.batch_size > GROUP and self.batch_size % GROUP:
            raise ValueError(
                f"--batch-size must be a multiple of {GROUP}, the samples whose deviation D sees, "
                f"but got {self.batch_size}."
            )
        if self.mixing > 1 or self.mapping_rate == 0:
            raise ValueError(
                "--mixing must be in [0, 1] and --mapping-rate above 0, but got "
                f"{self.mixing} and {self.mapping_rate}."
            )
        if not self.mapping_depth and self.style_dim != self.latent_dim:
            raise ValueError(
                "--mapping-depth 0 makes w of z as it is, so --style-dim must be --latent-dim, but "
                f"got {self.style_dim} and {self.latent_dim}."
            )


def small() -> CollectionConfig:
    """Rendered shapes of 16x16 pixels, in less than three minutes."""
    return CollectionConfig(
        data=DataConfig(name="shapes", image_size=16),
        search=SearchConfig(rounds=12, interval=100),
        settings=StyleGanSettings(
            width=16,
            latent_dim=32,
            style_dim=32,
            mapping_depth=2,
            mapping_rate=0.1,
            r1_weight=0.2,
            mixing=0.5,
            batch_size=32,
            generator_lr=1e-2,
            discriminator_lr=1e-2,
            beta1=0.0,
            beta2=0.99,
            ema_decay=0.995,
        ),
    )


def paper() -> CollectionConfig:
    """Faces of 1024x1024 pixels (FFHQ) as published, from a folder of images."""
    return CollectionConfig(
        data=DataConfig(name="folder", image_size=1024),
        search=SearchConfig(rounds=1000, interval=1000),
        settings=StyleGanSettings(
            width=16,
            max_width=512,
            latent_dim=512,
            style_dim=512,
            mapping_depth=8,
            batch_size=32,
            r1_weight=10.0,
            generator_lr=3e-3,
            discriminator_lr=3e-3,
            beta1=0.0,
            beta2=0.99,
            ema_decay=0.999,
        ),
    )


def widths(shape: tuple[int, ...], settings: StyleGanSettings) -> list[int]:
    """Return the channels of the maps, from the image inwards."""
    _, times = halvings(shape)
    return [min(settings.width * 2**level, settings.max_width) for level in range(times + 1)]


def areas(shape: tuple[int, ...]) -> list[int]:
    """Return the places of each layer's map, of two layers for each size from the smallest on."""
    base, times = halvings(shape)
    return [(base * 2**level) ** 2 for level in range(times + 1) for _ in range(2)]


class Mapping(nn.Module):
    """z (N, Z) -> w (N, W), and a running mean of w."""

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
            after, condition_dim=style_dim, statistics="instance", linear=EqualisedLinear
        )

    def forward(self, hidden: Tensor, style: Tensor, noise: Tensor) -> Tensor:
        """Map features (N, C, H, W), styles (N, W) and noise (N, H * W) to features."""
        hidden = self.conv(self.up(hidden))
        plane = noise.reshape(-1, 1, *hidden.shape[2:])
        hidden = self.activation(hidden + self.noise_scale * plane + self.bias)
        styled: Tensor = self.norm(hidden, style)
        return styled


class Generator(nn.Module):
    """Styles (N, L, W), noise (N, M) -> images (N, C, H, W) in [-1, 1]; M is the sum of `areas`."""

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
        images: Tensor = self.colours(hidden).tanh()
        return images


def discriminator(shape: tuple[int, ...], settings: StyleGanSettings) -> nn.Module:
    """Build D: (N, C, H, W) -> logits (N,)."""
    base, channels = halvings(shape)[0], widths(shape, settings)
    layers: list[nn.Module] = [EqualisedConv2d(shape[0], channels[0], 1), nn.LeakyReLU(SLOPE)]
    for before, after in pairwise(channels):
        first, second = EqualisedConv2d(before, before, 3), EqualisedConv2d(before, after, 3)
        layers += [first, nn.LeakyReLU(SLOPE), Blur(), second, nn.AvgPool2d(2), nn.LeakyReLU(SLOPE)]
    last = channels[-1]
    layers += [MinibatchStd(GROUP), EqualisedConv2d(last + 1, last, 3), nn.LeakyReLU(SLOPE)]
    layers += [nn.Flatten(), EqualisedLinear(last * base**2, last, gain=HE), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*layers, EqualisedLinear(last, 1), nn.Flatten(0))


class StyleGan(Adversarial):
    """A generator that is told at each size what to draw."""

    presets: ClassVar = {"small": small, "paper": paper}
    space: ClassVar = {
        "generator_lr": "3e-4,2e-2,log",
        "discriminator_lr": "3e-4,2e-2,log",
        "r1_weight": "0.1,100,log",
        "mixing": "0,1",
        "noise": "true|false",
        "mapping_depth": "0,2,4,8",
        "mapping_rate": "1e-3,1,log",
    }
    tiny: ClassVar = {"width": 2, "latent_dim": 4, "style_dim": 4, "batch_size": 8}
    paper_parameters: ClassVar = {"generator": 26.2}
    needs_images = True
    settings: StyleGanSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        return Generator(self.shape, self.settings)

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        return discriminator(self.shape, self.settings)

    def codes(self, count: int, generator: torch.Generator) -> Codes:
        """Draw z (count, Z) and noise (count, M); in training, a second z and where it begins."""
        s, places = self.settings, areas(self.shape)
        z = torch.randn(count, s.latent_dim, generator=generator)
        noise = torch.randn(count, sum(places), generator=generator) * s.noise
        if not self.generator.training:
            return {"z": z, "noise": noise}
        layers = len(places)
        other = torch.randn(count, s.latent_dim, generator=generator)
        crossover = torch.randint(1, layers, (count,), generator=generator)
        mixed = torch.rand(count, generator=generator) < s.mixing
        crossover = torch.where(mixed, crossover, layers)
        return {"z": z, "noise": noise, "other": other, "crossover": crossover}

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Make samples from "styles" (N, L, W), or from those of "z"; with "noise"."""
        assert isinstance(network, Generator)
        styles = codes["styles"] if "styles" in codes else network.styles(codes)
        samples: Tensor = network(styles, codes["noise"])
        return samples

    def discriminator_loss(self, real: Batch, fake: Batch) -> Tensor:
        """Return the logarithmic loss with R1."""
        loss = super().discriminator_loss(real, fake)
        if self.settings.r1_weight:
            penalty = r1_penalty(self.discriminator, real.samples)
            loss = loss + self.settings.r1_weight * penalty
        return loss

    def styled(self, codes: Codes) -> Codes:
        """Return codes with the averaged generator's "styles" (N, L, W) for them, on the CPU."""
        styles = self.average.styles(moved(codes, self.device))  # type: ignore[operator]
        return {**codes, "styles": styles.cpu()}

    def truncated(self, codes: Codes, *, psi: float, share: float = 0.5) -> Codes:
        """Return codes with styles pulled to their mean, in the first half of layers or a share."""
        styles = self.styled(codes)["styles"]
        mean = self.networks["average"].get_buffer("module.mapping.mean").cpu()
        early = slice(round(share * styles.shape[1]))
        styles[:, early] = truncate(styles[:, early], mean=mean, psi=psi)
        return {**codes, "styles": styles}

    def path_length(self, generator: torch.Generator) -> float:
        """Return how fast images change along straight lines between styles, in features."""
        ends = [self.styled(self.codes(NUM_PATHS, generator)) for _ in range(2)]
        t = torch.rand(NUM_PATHS, 1, 1, generator=generator)
        start, end = (one["styles"] for one in ends)
        noise = ends[0]["noise"]
        near = [torch.lerp(start, end, at) for at in (t, t + STEP)]
        made = [self.made({"styles": styles, "noise": noise}) for styles in near]
        one, two = (self.task.features.features(images) for images in made)
        return float(((one - two) ** 2).sum(axis=1).mean()) / STEP**2

    def score(self) -> dict[str, float]:
        """Return the distance to the data, and how smoothly images change."""
        distances = super().score()
        path = self.path_length(self.random)
        total = -distances["frechet"] - PATH_WEIGHT * math.log(max(path, 1e-9))
        return {**distances, "fitness": total, "path_length": path}

    def look(self) -> dict[str, float]:
        """Return all distances, and how smoothly images change."""
        return {**super().look(), "path_length": self.path_length(self.random)}

    def pictures(self) -> dict[str, Draw]:
        """Show samples, mixed styles, truncation, and what noise changes."""
        return {
            **super().pictures(),
            "style_mixing": self.show_mixing,
            "truncation": self.show_truncation,
            "noise": self.show_noise,
        }

    def mixed(self, codes: Codes, sources: Codes, *, layers: slice) -> Codes:
        """Return styled codes (N) with the styles of others (N) in some of the layers."""
        styles = codes["styles"].clone()
        styles[:, layers] = sources["styles"][:, layers]
        return {**codes, "styles": styles}

    def show_mixing(self, generator: torch.Generator) -> Image.Image:
        """Draw sources B above; then A, and A with B's coarse, middle and fine styles.

        Two rows for each range of layers, a third of them each.
        """
        sources = self.styled(self.codes(SOURCES, generator))
        targets = self.styled(self.codes(SOURCES, generator))
        rows = [torch.ones(1, *self.shape), self.made(sources)]
        for row in range(SOURCES):
            target = _row(targets, [row] * SOURCES)
            layers = thirds(len(areas(self.shape)))[row // 2]
            rows += [self.made(_row(targets, [row]))]
            rows += [self.made(self.mixed(target, sources, layers=layers))]
        return self.show(torch.cat(rows), columns=SOURCES + 1)

    def show_truncation(self, generator: torch.Generator) -> Image.Image:
        """Draw a row for each ψ from 1 to 0."""
        codes = self.codes(ROW, generator)
        rows = [self.made(self.truncated(codes, psi=psi)) for psi in PSIS]
        return self.show(torch.cat(rows))

    def show_noise(self, generator: torch.Generator) -> Image.Image:
        """Draw a row without noise, and four with noises of their own; columns share their z."""
        codes = self.codes(ROW, generator)
        others = [self.codes(ROW, generator)["noise"] for _ in range(4)]
        noises = [torch.zeros_like(codes["noise"]), *others]
        return self.show(torch.cat([self.made({**codes, "noise": noise}) for noise in noises]))


def thirds(layers: int) -> tuple[slice, slice, slice]:
    """Return the coarse, the middle and the fine layers; a size's two stay together."""
    sizes = layers // 2
    first, second = 2 * round(sizes / 3), 2 * round(2 * sizes / 3)
    return slice(0, first), slice(first, second), slice(second, layers)


def _row(codes: Codes, rows: list[int]) -> Codes:
    return {name: code[rows] for name, code in codes.items()}
