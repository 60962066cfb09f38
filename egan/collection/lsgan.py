"""LSGAN (Mao et al. 2016, "Least squares generative adversarial networks", arXiv 1611.04076).

    min_D ½ E_x[(D(x) − b)²] + ½ E_z[(D(G(z)) − a)²]
    min_G ½ E_z[(D(G(z)) − c)²]

D(x) is D's last layer itself, without a sigmoid: it regresses on the codes b of real samples and a
of generated ones, so samples that it rejects for certain, or that lie far on the real side, are
still pulled to c, where the logarithmic loss is flat. For densities p of the data and q of the
samples the best D is (b p + a q) / (p + q). An update:

    discriminator_steps times: draw x and z, and step D along the gradient of its loss
    draw z, and step G along the gradient of its loss
    move the average of G, which makes the samples that are judged

The paper's two choices of codes are `codes`:

    binary     a = 0, b = 1, c = 1: G wants its samples taken for real
    pearson    a = −1, b = 1, c = 0: against the best D, G minimises ½ χ²(p + q ‖ 2q) (Pearson)

up to a constant, as b − c = 1 and b − a = 2. As D gives no logit, mutations and E-GAN's fitness,
which take its sigmoid, mean nothing here, and `--evolve` is refused.

Networks are those of DCGAN, or fully connected. The preset `paper` has the published ones for
scenes of 112x112 pixels, with kernels of 3x3 in G and 5x5 in D, and in G a layer that keeps the
size after each of the first two that double it; `sources` says what comes from where. It deviates
in this: weights of D are normal where the authors' code cuts them off at two deviations, and batch
norm's gain is N(1, .02) rather than 1; G's step draws z anew, theirs takes D's.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig
from egan.losses.games import regression_loss
from egan.networks import dcgan, mlp
from egan.networks.blocks import Logits, initialise
from egan.networks.halvings import halvings, map_sizes
from egan.networks.latent import draw_codes
from egan.tasks import Batch, Codes, Generation
from egan.training.game import Game, Objective

CODES = {"binary": (0.0, 1.0, 1.0), "pearson": (-1.0, 1.0, 0.0)}
"""a, b and c: what D makes of samples, of data, and what G wants D to make of samples."""
SLOPE = 0.2
KERNEL, KERNEL_UP = 5, 3
"""Of the paper's D, and of its G."""
WIDEST, NUM_REPEATED = 4, 2


@dataclass(frozen=True, kw_only=True)
class LsganSettings(GameSettings):
    """Settings of an LSGAN."""

    STRUCTURAL = ("network", "width", "discriminator_width", "latent_dim", "norm")
    SPACE: ClassVar = {
        "generator_lr": "1e-4,3e-3,log",
        "discriminator_lr": "1e-4,3e-3,log",
        "beta1": "0,0.9",
        "codes": "binary|pearson",
        "discriminator_steps": "1,2",
    }

    network: Literal["conv", "mlp", "paper"] = "conv"
    """DCGAN's networks, fully connected ones for points, or the paper's for scenes."""
    width: int = 32
    """Channels of the generator's last hidden layer; or units of its hidden layers."""
    discriminator_width: int = 32
    """Channels of the discriminator's first layer; or units of its hidden layers."""
    norm: Literal["batch", "none"] = "batch"
    """Batch norm in both networks."""
    latent: Literal["normal", "uniform"] = "normal"
    """Distribution of z: N(0, 1), or uniform in [-1, 1]."""
    codes: Literal["binary", "pearson"] = "binary"
    """What the discriminator regresses on: 0 and 1, or -1 and 1 with the generator aiming at 0."""


def small() -> RunConfig:
    """Digits of 8x8 pixels, in half a minute."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=100),
        settings=LsganSettings(
            latent_dim=32, generator_lr=1e-3, discriminator_lr=1e-3, ema_decay=0.99
        ),
    )


def gaussians8() -> RunConfig:
    """Eight Gaussians on a circle, in a plane."""
    return RunConfig(
        data=DataConfig(name="gaussians8"),
        search=SearchConfig(rounds=20, interval=200),
        settings=LsganSettings(
            network="mlp",
            width=128,
            discriminator_width=128,
            norm="none",
            latent_dim=16,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
        ),
    )


def paper() -> RunConfig:
    """Scenes of 112x112 pixels as published; give the folder of yours by --data.path."""
    return RunConfig(
        data=DataConfig(name="folder", image_size=112, channels=3),
        search=SearchConfig(rounds=250, interval=1000),
        settings=LsganSettings(
            network="paper",
            width=64,
            discriminator_width=64,
            latent_dim=1024,
            latent="uniform",
            generator_lr=1e-3,
            discriminator_lr=1e-3,
            ema_decay=0.0,
        ),
    )


SOURCES = {
    "paper": {
        "authors' code, train_lsun.py": (
            "batch_size",
            "latent_dim",
            "latent",
            "generator_lr",
            "discriminator_lr",
            "beta1",
            "discriminator_steps",
        ),
        "authors' code, vgg.py": ("network", "width", "discriminator_width", "norm", "codes"),
        "authors' code, vgg.py: Adam's default": ("beta2",),
        "authors' code: G is not averaged": ("ema_decay",),
    }
}


def scene_generator(shape: tuple[int, ...], *, latent_dim: int, width: int) -> nn.Module:
    """Build the paper's G: codes (N, Z) -> images (N, C, H, W) in [-1, 1].

    Transposed convolutions with batch norm and ReLU; with a width of 64, each -> of stride 2 and
    each => of stride 1::

        z 1024 -> 7x7x256 -> 14x14x256 => 14x14x256 -> 28x28x256 => 28x28x256
                          -> 56x56x128 -> 112x112x64 => 112x112x3

    Raises:
        ValueError: The images are not square, or not 4 to 7 pixels doubled.
    """
    base, times = halvings(shape)
    widest = WIDEST * width
    widths = [max(width, widest // 2 ** max(0, level - 1)) for level in range(times)]
    layers: list[nn.Module] = [
        nn.Linear(latent_dim, widest * base * base),
        nn.Unflatten(1, (widest, base, base)),
    ]
    before = widest
    for level, after in enumerate(widths):
        layers += [*_normed(before), _transposed(before, after, stride=2)]
        if level < NUM_REPEATED:
            layers += [*_normed(after), _transposed(after, after, stride=1)]
        before = after
    return nn.Sequential(
        *layers, *_normed(before), _transposed(before, shape[0], stride=1), nn.Tanh()
    )


def scene_discriminator(shape: tuple[int, ...], *, width: int) -> nn.Module:
    """Build the paper's D: images (N, C, H, W) -> (N,), strided convolutions and a linear layer.

    With a width of 64: 112x112x3 -> 56x56x64 -> 28x28x128 -> 14x14x256 -> 7x7x512 -> 1.

    Raises:
        ValueError: The images are not square, or not 4 to 7 pixels doubled.
    """
    base, times = halvings(shape)
    widths = [width * 2**level for level in range(times)]
    layers: list[nn.Module] = []
    for before, after in pairwise([shape[0], *widths]):
        layers.append(nn.Conv2d(before, after, KERNEL, stride=2, padding=KERNEL // 2))
        layers += [nn.BatchNorm2d(after)] if len(layers) > 1 else []
        layers.append(nn.LeakyReLU(SLOPE))
    return nn.Sequential(*layers, Logits(widths[-1] * base * base))


def _normed(channels: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels), nn.ReLU()]


def _transposed(before: int, after: int, *, stride: int) -> nn.Module:
    return nn.ConvTranspose2d(
        before, after, KERNEL_UP, stride, padding=KERNEL_UP // 2, output_padding=stride - 1
    )


class Lsgan(Game):
    """A generator against a discriminator that regresses."""

    task_type: ClassVar = Generation
    presets: ClassVar = {"small": small, "gaussians8": gaussians8, "paper": paper}
    tiny: ClassVar = {"width": 4, "discriminator_width": 4, "batch_size": 8, "latent_dim": 4}
    sources: ClassVar = SOURCES
    settings: LsganSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        s = self.settings
        if s.network == "paper":
            network = scene_generator(self.shape, latent_dim=s.latent_dim, width=s.width)
            initialise(network, "normal")
            return network
        options: dict[str, Any] = {"latent_dim": s.latent_dim, "width": s.width, "norm": s.norm}
        if s.network == "mlp":
            return mlp.generator(self.shape, **options)
        base, _ = map_sizes(self.shape)
        return dcgan.generator(self.shape, **options, init="normal", base=base)

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        s = self.settings
        if s.network == "paper":
            network = scene_discriminator(self.shape, width=s.discriminator_width)
            initialise(network, "normal")
            return network
        options: dict[str, Any] = {"width": s.discriminator_width, "norm": s.norm}
        if s.network == "mlp":
            return mlp.discriminator(self.shape, **options)
        base, _ = map_sizes(self.shape)
        return dcgan.discriminator(self.shape, **options, init="normal", base=base)

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z), N(0, 1) or uniform in [-1, 1]."""
        s = self.settings
        return {"z": draw_codes(count, s.latent_dim, law=s.latent, rng=rng)}

    def real_loss(self, real: Batch) -> Tensor:
        """Return ½ E[(D(x) − b)²]."""
        _, b, _ = CODES[self.settings.codes]
        return regression_loss(self.logits(real), code=b)

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return ½ E[(D(G(z)) − a)²]."""
        a, *_ = CODES[self.settings.codes]
        return regression_loss(self.logits(fake), code=a)

    def objective(self) -> Objective:
        """Return ½ E[(D(G(z)) − c)²]."""
        *_, c = CODES[self.settings.codes]

        def loss(fake: Tensor, _real: Tensor | None) -> Tensor:
            return regression_loss(fake, code=c)

        return Objective("least_squares_codes", loss, needs_real=False, formula="1/2 E[(o - c)^2]")
