"""StyleGAN (Karras et al. 2018, "A style-based generator ...", arXiv 1812.04948).

    w = f(z),  x = g(w, noise):  a learned constant of 4x4, then two layers at each size,

    hidden -> conv3 -> + scale * noise -> LeakyReLU -> AdaIN(hidden, y) with y = A w
    AdaIN(h_i, y) = y_s,i (h_i − mean(h_i)) / std(h_i) + y_b,i

f is z / rms(z) through fully connected layers with a small learning rate, A affine with y_s = 1 at
the start, noise one plane for each layer, scaled by channel from 0. Before the first layer of each
further size maps are doubled and blurred. D sees the batch's standard deviation, too; the loss is
the logistic one with R1 = γ/2 E_x[‖∇t(x)‖²]. An update:

    D   down  −E[log D(real)] − E[log(1 − D(x))] + R1
    G   down  −½ E[log D(x)]                              f, a part of it, at its own small rate
    averages of G and of w move

    mixing        a share of samples takes the styles of a second z from a random layer on
    truncation    w' = w̄ + ψ (w − w̄) in the first 8 of 18 layers; w̄ is a running mean

Here both networks train at full size from the start, with one layer to and from colours; the paper
grows them (Karras et al. 2017, 1710.10196) with one for each size, at larger batches and smaller
rates first. Each sample has a crossover of its own, in the authors' code a batch has one. The
average of G starts with a short memory. The small preset's images end in tanh, and none are
mirrored, since left and right are told apart; the paper's have no tanh and half are mirrored.

Fitness: minus the Fréchet distance, minus a tenth of the logarithm of the perceptual path length,

    E[‖φ(g(lerp(w1, w2; t))) − φ(g(lerp(w1, w2; t + ε)))‖²] / ε²

with the features φ of a fixed classifier in place of the paper's VGG.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig

GROUP = 4
"""Samples whose deviation D sees."""


@dataclass(frozen=True, kw_only=True)
class StyleGanSettings(GameSettings):
    """Settings of a StyleGAN."""

    STRUCTURAL = ("width", "max_width", "latent_dim", "style_dim", "mapping_depth", "mapping_rate")
    MAY_BE_ZERO = ("mapping_depth",)
    SPACE: ClassVar = {
        "generator_lr": "3e-4,2e-2,log",
        "discriminator_lr": "3e-4,2e-2,log",
        "r1_weight": "0.1,100,log",
        "mixing": "0,1",
        "noise": "true|false",
        "mapping_depth": "0,2,4,8",
        "mapping_rate": "1e-3,1,log",
    }

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
    tanh: bool = True
    """Whether tanh keeps images in [-1, 1]."""
    mirror: bool = False
    """Whether half of the real images are mirrored."""

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


def small() -> RunConfig:
    """Rendered shapes of 16x16 pixels, in less than three minutes."""
    return RunConfig(
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


def paper() -> RunConfig:
    """Faces of 1024x1024 pixels (FFHQ), 25 million images as published, from a folder."""
    return RunConfig(
        data=DataConfig(name="folder", image_size=1024),
        search=SearchConfig(rounds=782, interval=1000),
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
            ema_decay=0.5 ** (32 / 10_000),
            tanh=False,
            mirror=True,
        ),
    )


SOURCES = {
    "paper": {
        "authors' code, networks_stylegan.py": (
            "width",
            "max_width",
            "latent_dim",
            "style_dim",
            "mapping_depth",
            "mapping_rate",
            "mixing",
            "noise",
            "tanh",
        ),
        "authors' code, train.py, FFHQ on eight GPUs at 1024x1024": (
            "batch_size",
            "generator_lr",
            "discriminator_lr",
            "beta1",
            "beta2",
            "r1_weight",
            "mirror",
        ),
        "authors' code, training_loop.py": ("discriminator_steps",),
        "authors' code, training_loop.py: a half-life of 10,000 images": ("ema_decay",),
    }
}
"""Where each value comes from."""

PRESETS = {"small": small, "paper": paper}
