"""LAPGAN (Denton et al. 2015, arXiv 1506.05751).

"Deep generative image models using a Laplacian pyramid of adversarial networks": an image is made
small, and each level then adds the details that the next size has. Of an image I_0, with d, which
blurs and takes every other pixel, and u, which enlarges,

    I_{k+1} = d(I_k),     l_k = u(I_{k+1}),     h_k = I_k − l_k,     I_k = u(I_{k+1}) + h_k

so that the h_k and the smallest image I_K are the image, exactly. Each level is a game of its own,
and the smallest images are made by another one, from a code z:

    D_k tells l_k + h_k from l_k + G_k(z_k, l_k),    z_k a plane of noise beside those of l_k
    D_K tells I_K from G_K(z)
    L_D = Σ_k −E[log D_k(I_k)] − E[log(1 − D_k(l_k + G_k(z_k, l_k)))]
    G_k minimises −E[log D_k(l_k + G_k(z_k, l_k))]

In training l_k is that of real images; samples are made from the smallest size on:

    Ĩ_K = G_K(z),     Ĩ_k = u(Ĩ_{k+1}) + G_k(z_k, u(Ĩ_{k+1}))

An update:

    draw images and noise, and step every D_k on its level of them
    draw others, and step every G_k
    move the averages of the G_k, which make the samples that are judged

All levels learn at once, none from another. With `levels` 0 there is one fully connected game at
full size, which the paper compares with.

Where this differs: without labels; the paper's networks are told of a class too. The halves of L_D
are means over levels; gradient descent has as many times the rate for it, and Adam does not look.
Its momentum is .5 throughout, where the paper lets it grow to .8 and the rate fall by some
thousandths. A sample of the game, whose levels have several sizes, is one row of numbers. The
averages are ours; the preset of the paper's sizes leaves them out (`ema_decay` 0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class LapganSettings(GameSettings):
    """Settings of LAPGAN."""

    STRUCTURAL = (
        *("levels", "width", "discriminator_width", "noise_channels"),
        *("hidden", "discriminator_hidden", "latent_dim"),
    )
    MAY_BE_ZERO = ("levels",)
    SPACE: ClassVar = {
        "generator_lr": "1e-4,5e-3,log",
        "discriminator_lr": "1e-4,5e-3,log",
        "dropout": "0,0.5",
        "noise_channels": "1,4",
        "width": "16,32,64",
    }

    levels: int = 2
    """How often images are halved: games beside that of the smallest images."""
    width: int = 64
    """Channels of each level's generator."""
    discriminator_width: int = 64
    """Channels of each level's discriminator."""
    noise_channels: int = 1
    """Planes of noise beside the enlarged image."""
    hidden: int = 1200
    """Units of both hidden layers of the generator of the smallest images."""
    discriminator_hidden: int = 600
    """Units of both hidden layers of their discriminator."""
    dropout: float = 0.5
    """Share of hidden units that discriminators leave out."""
    optimizer: Literal["adam", "sgd"] = "adam"
    """Adam, or gradient descent with momentum `beta1`."""

    def check(self) -> None:
        """See that every number is in its range.

        Raises:
            ValueError: One is not.
        """
        super().check()
        if self.dropout >= 1:
            raise ValueError(f"--dropout must be in [0, 1), but got {self.dropout}.")


def small() -> RunConfig:
    """OpenMoji, 8x8 -> 16x16 -> 32x32 pixels, in two minutes."""
    return RunConfig(
        data=DataConfig(name="openmoji"),
        search=SearchConfig(rounds=20, interval=50),
        settings=LapganSettings(
            batch_size=32,
            width=8,
            discriminator_width=8,
            hidden=256,
            discriminator_hidden=256,
            dropout=0.0,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
        ),
    )


def paper() -> RunConfig:
    """The networks for CIFAR-10, 8x8 -> 16x16 -> 32x32."""
    return RunConfig(
        data=DataConfig(name="cifar10", image_size=32),
        search=SearchConfig(rounds=500, interval=1000),
        settings=LapganSettings(
            batch_size=128,
            latent_dim=100,
            generator_lr=0.02,
            discriminator_lr=0.02,
            optimizer="sgd",
            beta1=0.5,
            ema_decay=0.0,
        ),
    )


PRESETS = {"small": small, "paper": paper}
SOURCES = {
    "paper": {
        "section 3.1 and the authors' script, from memory": (
            *("latent_dim", "hidden", "discriminator_hidden", "levels", "dropout"),
            *("width", "discriminator_width", "noise_channels", "batch_size"),
            *("generator_lr", "discriminator_lr", "optimizer", "beta1", "discriminator_steps"),
        ),
        "Adam's, not used": ("beta2",),
        "ours": ("ema_decay",),
    }
}
