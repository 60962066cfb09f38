"""SAGAN (Zhang et al. 2018, "Self-attention generative adversarial networks", arXiv 1805.08318).

    L_D = E_x,y[max(0, 1 − t(x, y))] + E_z,y[max(0, 1 + t(G(z, y), y))]
    L_G = −E_z,y[t(G(z, y), y)]

A convolution sees a few pixels around; what is far apart meets only after many layers. In one map
of either network each place i also looks at all others j, h being the map:

    o_i = W_v Σ_j β_ij W_h h_j,      β_ij = softmax over j of (W_f h_j) · (W_g h_i)
    y_i = gain o_i + h_i

with a gain that is learned and starts at 0, so that training begins with what is near. An update:

    D   down  L_D    `discriminator_steps` times, each on samples of its own
    G   down  L_G    new codes; y as the data have them
    average of G moves

What else the paper adds to its base: spectral norm in G too, not in D alone, and two rates, D's
four times G's, so that one step of D to one of G is enough. G and D are residual; the class comes
into G by batch norm, with a gain and a shift of each class, and into D by a projection (Miyato and
Koyama 2018, 1802.05637).

`attention` is `self`; or `residual`, which puts a residual block of two 1x1 convolutions in its
place, with a ReLU between and exactly as many parameters, so that what attention does is told from
what more layers do; or `none`. It is in maps that the image becomes by being halved
`attention_level` times, in the preset `paper` those of 32x32 of 128x128.

The preset `paper` differs in this: labels of generated samples are drawn as the data have them; and
keys and values are pooled 2x2, values have half the channels, as in the authors' code (there are no
such shortcuts in the paper's formulas).

Fitness: the share of samples that a fixed classifier takes for the class that was asked for, minus
the Fréchet distance to the data in its features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class SaganSettings(GameSettings):
    """Settings of a SAGAN."""

    STRUCTURAL = ("width", "latent_dim", "attention", "attention_level")
    SPACE: ClassVar = {
        "generator_lr": "1e-5,3e-3,log",
        "discriminator_lr": "1e-5,3e-3,log",
        "discriminator_steps": "1|2",
        "attention": "self|residual",
        "ema_decay": "0.98,0.999",
    }

    width: int = 32
    """Channels next to the image, in both networks; they double inwards."""
    attention: Literal["self", "residual", "none"] = "self"
    """Self-attention in one map of either network; or a residual block of as many parameters in its
    place; or nothing."""
    attention_level: int = 1
    """How often the image is halved where that is."""


def small() -> RunConfig:
    """MNIST's 5,000 at 16x16, in a minute."""
    return RunConfig(
        data=DataConfig(name="mnist5k", image_size=16),
        search=SearchConfig(rounds=12, interval=100),
        settings=SaganSettings(
            width=8,
            latent_dim=32,
            batch_size=32,
            generator_lr=2e-3,  # at a quarter, as published, classes come late: see the benchmark
            discriminator_lr=2e-3,
            beta1=0.0,
            beta2=0.9,
            ema_decay=0.99,
        ),
    )


def paper() -> RunConfig:
    """ImageNet at 128x128 as published, from a folder with a subfolder for each class."""
    return RunConfig(
        data=DataConfig(name="folder", image_size=128),
        search=SearchConfig(rounds=1000, interval=1000),
        settings=SaganSettings(
            width=64,
            latent_dim=128,
            attention_level=2,
            batch_size=256,
            generator_lr=1e-4,
            discriminator_lr=4e-4,
            beta1=0.0,
            beta2=0.9,
            ema_decay=0.0,
        ),
    )


PRESETS = {"small": small, "paper": paper}
SOURCES = {
    "paper": {
        "section 4, from memory": (
            "generator_lr",
            "discriminator_lr",
            "beta1",
            "beta2",
            "discriminator_steps",
            "batch_size",
        ),
        "table 1, from memory: feat32 is best": ("attention", "attention_level"),
        "authors' code, generator.py; its width and z from memory": ("width", "latent_dim"),
        "the paper, which tells of none": ("ema_decay",),
    }
}
