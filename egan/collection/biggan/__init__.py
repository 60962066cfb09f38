"""BigGAN (Brock et al. 2018, "Large scale GAN training ...", arXiv 1809.11096).

    L_D = E_x,y[max(0, 1 − t(x, y))] + E_z,y[max(0, 1 + t(G(z, y), y))]
    L_G = −E_z,y[t(G(z, y), y)] + β Σ_W ‖W Wᵀ ⊙ (1 − I)‖_F²,      β = 1e-4

An update:

    D   down  L_D    `discriminator_steps` times, each on samples of its own
    G   down  L_G    new codes; y as the data have it
    average of G moves

G and D are residual, with spectral norm in both, orthogonal initial weights and self-attention
where the maps are half as large as the image. What makes it large beside batch and width:

    shared embedding    one e(y), which every conditional batch norm projects to gain and shift
    hierarchical z      z is cut into parts: the first makes the smallest map, the others join e(y),
                        one in each block
    truncation          z is drawn anew where |z_i| > τ: the smaller τ, the better the single sample
                        and the less they vary; batch norm's averages are taken anew for each τ

Attention is SAGAN's (Zhang et al. 2018, 1805.08318), the head of D is a projection (Miyato and
Koyama 2018, 1802.05637). Channels double from the image inwards, up to 16 times the width, as the
paper's do at 128x128; parts of z may differ in size by one.

The preset `paper` differs from the published in the labels of generated samples, which are drawn as
the data have them, from the authors' later code (uniform there) too; and the penalty is the formula
above, of which that code takes half the gradient, and by default none.

Fitness: the share of samples that a fixed classifier takes for the class that was asked for, minus
the Fréchet distance to the data in its features. Large models collapse late; the runs keep the best
state, and `metrics.csv` has the largest singular values of either network's weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class BigGanSettings(GameSettings):
    """Settings of a BigGAN."""

    STRUCTURAL = ("width", "latent_dim", "embedding_dim", "hierarchical", "attention")
    SPACE: ClassVar = {
        "generator_lr": "1e-5,1e-3,log",
        "discriminator_lr": "1e-5,1e-3,log",
        "discriminator_steps": "1|2|4",
        "orthogonal_weight": "1e-5,1e-3,log",
        "ema_decay": "0.98,0.999",
        "attention": "true|false",
    }

    width: int = 32
    """Channels next to the image, in both networks; they double inwards."""
    embedding_dim: int = 32
    """Dimensions of the shared embedding of a class."""
    hierarchical: bool = True
    """Whether each block gets a part of z of its own."""
    attention: bool = True
    """Whether places attend to each other, in maps half as large as the image."""
    orthogonal_weight: float = 1e-4
    """Weight of the orthogonal penalty on G (beta); 0 switches it off."""


def small() -> RunConfig:
    """Digits of 8x8 pixels, in a minute and a half."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=12, interval=100),
        settings=BigGanSettings(
            width=16,
            latent_dim=24,
            batch_size=64,
            generator_lr=5e-4,
            discriminator_lr=1e-3,
            beta1=0.0,
            ema_decay=0.99,
        ),
    )


def paper() -> RunConfig:
    """ImageNet at 128x128 as published, from a folder with a subfolder for each class."""
    return RunConfig(
        data=DataConfig(name="folder", image_size=128),
        search=SearchConfig(rounds=200, interval=1000),
        settings=BigGanSettings(
            width=96,
            latent_dim=120,
            embedding_dim=128,
            batch_size=2048,
            generator_lr=5e-5,
            discriminator_lr=2e-4,
            beta1=0.0,
            discriminator_steps=2,
            ema_decay=0.9999,
        ),
    )


PRESETS = {"small": small, "paper": paper}
SOURCES = {
    "paper": {
        "section 3, table 1": ("batch_size", "width", "hierarchical", "embedding_dim"),
        "section 3": ("discriminator_steps", "ema_decay"),
        "section 3.1": ("orthogonal_weight",),
        "appendix B": ("latent_dim", "attention"),
        "appendix C": ("generator_lr", "discriminator_lr", "beta1", "beta2"),
    }
}
