"""InfoGAN (Chen et al. 2016, "InfoGAN: interpretable representation learning", arXiv 1606.03657).

G makes x from noise z' and a code c that says something: a category, a slant. So that it does, a
head Q on D's body guesses the code from the sample, and both players help it:

    min_{G,Q} max_D V(D, G) − λ L_I,      L_I = E_c,x[log Q(c|x)] + H(c) <= I(c; x),   x = G(z', c)

with equality where Q is the posterior p(c|x). A categorical code of K values is uniform, H = log K,
Q a softmax; a continuous one is uniform in [−1, 1], H = log 2, Q a Gaussian of its own mean and of
deviation 1, as published, or of a learned one. λ is smaller for continuous codes. G's adversarial
term is −E[log D(x)]. An update:

    D, Q   down  −E[log D(real)] − E[log(1 − D(x))] − λ L_I      real samples, x = G(z', c)
    G      down  −E[log D(x)] − λ L_I                            a new x
    average of G moves

The networks are the paper's for MNIST at 28x28, with a convolution more or less at other sizes:
G  linear, linear, transposed convolutions;  D  convolutions, linear;  Q  a hidden layer on top.

The preset `paper` is the authors' script for MNIST, but images are in [−1, 1], so that G ends in
tanh rather than in a sigmoid. Of two slopes of LeakyReLU, .1 in the paper and .01 in the authors'
code, it has the paper's.

Fitness: how much c says about the class that a fixed classifier sees in x, as normalised mutual
information, minus a tenth of the Fréchet distance to the data; without classes, the distance alone.
Never by Q, which is the member's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class InfoganSettings(GameSettings):
    """Settings of an InfoGAN."""

    STRUCTURAL = (
        "latent_dim",
        "categorical_codes",
        "categories",
        "continuous_codes",
        "width",
        "hidden",
        "guess_width",
    )
    MAY_BE_ZERO = ("continuous_codes",)
    SPACE: ClassVar = {
        "generator_lr": "1e-4,1e-3,log",
        "discriminator_lr": "1e-4,1e-3,log",
        "categorical_weight": "0.05,3,log",
        "continuous_weight": "0.01,1,log",
        "latent_dim": "8,16,32,62",
        "continuous_codes": "1,2,3",
    }

    latent_dim: int = 62
    """Dimensions of the noise z', uniform in [-1, 1]."""
    categorical_codes: int = 1
    """How many categorical codes there are."""
    categories: int = 10
    """Values of each of them."""
    continuous_codes: int = 2
    """How many codes are uniform in [-1, 1]."""
    categorical_weight: float = 1.0
    """Weight (lambda) of the information in the categorical codes."""
    continuous_weight: float = 0.1
    """Weight (lambda) of the information in the continuous codes."""
    learned_deviation: bool = False
    """Whether Q learns the deviation of its guess of a continuous code, instead of 1."""
    width: int = 64
    """Channels at half the image's size, doubled at each halving."""
    hidden: int = 1024
    """Units of the linear layers next to the smallest maps."""
    guess_width: int = 128
    """Units of Q's own layer."""


def small() -> RunConfig:
    """Digits of 8x8 pixels, in a minute."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=200),
        settings=InfoganSettings(
            latent_dim=128,
            learned_deviation=True,
            width=32,
            hidden=128,
            guess_width=64,
            generator_lr=1e-3,
            discriminator_lr=2e-4,
        ),
    )


def paper() -> RunConfig:
    """MNIST as published: a code of ten values and two continuous ones, 50 times 100 updates."""
    return RunConfig(
        data=DataConfig(name="mnist", image_size=28),
        search=SearchConfig(rounds=50, interval=100),
        settings=InfoganSettings(
            batch_size=128,
            generator_lr=1e-3,
            discriminator_lr=2e-4,
            continuous_weight=1.0,
            ema_decay=0.0,
        ),
    )


PRESETS = {"small": small, "paper": paper}
SOURCES = {
    "paper": {
        "authors' code, run_mnist_exp.py": (
            "batch_size",
            "latent_dim",
            "categorical_codes",
            "categories",
            "continuous_codes",
            "categorical_weight",
            "continuous_weight",
            "learned_deviation",
            "generator_lr",
            "discriminator_lr",
        ),
        "authors' code, regularized_gan.py": ("width", "hidden", "guess_width"),
        "authors' code, infogan_trainer.py": ("beta1", "discriminator_steps"),
        "Adam's default, as in the authors' code": ("beta2",),
        "none in the authors' code": ("ema_decay",),
    }
}
