"""PGGAN (Karras et al. 2017, "Progressive growing of GANs ...", arXiv 1710.10196).

Both networks begin at the smallest size, and grow a block at a time until images have their own:

    G   z / rms(z) -> 4x4 -> 8x8 -> ... , a layer to colours at each size
    D   a layer from colours at each size, ... -> 8x8 -> 4x4 -> + deviation of the batch -> score

A new block fades in: with α going from 0 to 1,

    G's image        (1 − α) up(colours of the size before) + α colours of the new block
    D's features     (1 − α) from colours of down(image)    + α the new block on the image
    real images      (1 − α) up(down(x))                    + α x

so that at α = 0 either network is what it was, and D has no more to look at than G can make. After
a fade the size is kept for a while. The loss is WGAN-GP's, with a small term that keeps f near 0:

    D   down  −E[f(x)] + E[f(G(z))] + λ E[(‖∇f(x̂)‖ − 1)²] + ε E[f(x)²]
    G   down  −E[f(G(z))]

An update:

    the size and α follow from the number of images so far; where a block is new, both optimisers
    begin anew
    D takes a step on real images of the size, faded, and on generated ones
    G takes a step, and its average moves

Weights are N(0, 1), scaled where they are used; G has pixel norm after each convolution; D sees the
standard deviation of groups of four.

An evolution does not grow: its networks have the size of the images from the start.

Here all layers are there from the start, those of later sizes unused, and images of smaller sizes
are shown, judged and handed from G to D with each pixel repeated: D takes the mean of what was
repeated, so nothing is lost. The batch is as large at all sizes, where the authors' shrinks from
512x512 on for want of memory, and so are rates. The gradient penalty is of images at D's own size.
The small preset's images end in tanh, the paper's do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig

GROUP = 4
"""Samples whose deviation D sees."""


@dataclass(frozen=True, kw_only=True)
class PgganSettings(GameSettings):
    """Settings of a PGGAN."""

    STRUCTURAL = ("width", "max_width", "latent_dim", "minibatch_std")
    SPACE: ClassVar = {
        "generator_lr": "3e-4,1e-2,log",
        "discriminator_lr": "3e-4,1e-2,log",
        "penalty_weight": "1,30,log",
        "drift": "1e-4,1e-2,log",
        "fade_kimg": "0,20",
    }

    width: int = 32
    """Channels next to the image, in both networks; they double inwards."""
    max_width: int = 64
    """The most channels that there are."""
    grow: bool = True
    """Whether the networks grow; without, they have the images' size from the start."""
    fade_kimg: float = 8.0
    """Thousands of images in which a new block fades in; with 0 it is there at once."""
    stable_kimg: float = 8.0
    """Thousands of images for which each size is kept after that; the first one, from the start."""
    fade_real: bool = True
    """Whether real images fade too."""
    reset: bool = True
    """Whether optimisers begin anew with each block."""
    penalty_weight: float = 10.0
    """Weight of the gradient penalty (lambda)."""
    drift: float = 1e-3
    """Weight of the mean square of D's score of real images (epsilon)."""
    tanh: bool = True
    """Whether tanh keeps images in [-1, 1]."""
    minibatch_std: bool = True
    """Whether D sees the standard deviation of groups of samples."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if self.batch_size > GROUP and self.batch_size % GROUP:
            raise ValueError(
                f"--batch-size must be a multiple of {GROUP}, the samples whose deviation D sees, "
                f"but got {self.batch_size}."
            )
        if self.grow and not self.fade_kimg + self.stable_kimg:
            raise ValueError(
                "--fade-kimg and --stable-kimg are both 0, so networks would not grow but begin at "
                "full size; say --no-grow for that."
            )


def small() -> RunConfig:
    """Emoji of 32x32 pixels drawn by people, grown from 4x4; egan[data]."""
    return RunConfig(
        data=DataConfig(name="openmoji", image_size=32),
        search=SearchConfig(rounds=20, interval=100),
        settings=PgganSettings(
            width=16,
            max_width=64,
            latent_dim=64,
            batch_size=32,
            fade_kimg=8.0,
            stable_kimg=8.0,
            generator_lr=2e-3,
            discriminator_lr=2e-3,
            beta1=0.0,
            beta2=0.99,
            ema_decay=0.99,
        ),
    )


def paper() -> RunConfig:
    """Faces of 1024x1024 pixels (CelebA-HQ), 12 million images as published, from a folder."""
    return RunConfig(
        data=DataConfig(name="folder", image_size=1024),
        search=SearchConfig(rounds=750, interval=1000),
        settings=PgganSettings(
            width=16,
            max_width=512,
            latent_dim=512,
            batch_size=16,
            fade_kimg=600.0,
            stable_kimg=600.0,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
            beta1=0.0,
            beta2=0.99,
            ema_decay=0.999,
            tanh=False,
        ),
    )


SOURCES = {
    "paper": {
        "table 2": ("width", "max_width", "latent_dim", "minibatch_std", "tanh"),
        "appendix A.1": (
            "generator_lr",
            "discriminator_lr",
            "beta1",
            "beta2",
            "ema_decay",
            "penalty_weight",
            "drift",
            "discriminator_steps",
        ),
        "appendix A.1: up to 128x128": ("batch_size",),
        "authors' code, train.py": ("fade_kimg", "stable_kimg"),
        "figure 2": ("grow", "fade_real"),
        "authors' code, train.py: reset_opt_for_new_lod": ("reset",),
    }
}
"""Where each value comes from."""

PRESETS = {"small": small, "paper": paper}
