"""CycleGAN (Zhu et al. 2017, arXiv 1703.10593).

"Unpaired image-to-image translation using cycle-consistent adversarial networks": there are images
x of one kind and y of another, and nobody knows which belong together. Two generators, G: X → Y and
F: Y → X, play against D_Y and D_X, which regress on 1 for real images and on 0 for made ones:

    L_D = ½ E[(D_Y(y) − 1)²] + ½ E[D_Y(G(x))²] + the same of D_X, x and F(y)
    L_G = E[(D_Y(G(x)) − 1)²] + E[(D_X(F(y)) − 1)²]
          + cycle_weight (E‖F(G(x)) − x‖₁ + E‖G(F(y)) − y‖₁)
          + cycle_weight identity_share (E‖G(y) − y‖₁ + E‖F(x) − x‖₁)

What comes back from a cycle has to be what went in, so that a translation keeps what the image
shows. An update, of one batch x and one batch y:

    step G and F on L_G
    exchange G(x) and F(y) with the last `history` made images, each with probability ½
    step D_Y and D_X on L_D, on what came of that
    move the averages of G and F, which make the translations that are judged

G and F are residual networks with instance norm, whose edges are mirrored; D_Y and D_X are
PatchGANs. Rates stay as they are for `flat_updates` updates and fall to 0 over `decay_updates`.

Two batches are drawn apart from each other, also of data whose pairs are known. Of such data the
truth only judges: "l1" is how far translations are from it, and is no part of fitness. Where the
two kinds differ in channels, there can be no identity term. The average of G and F is ours; the
preset `paper` leaves it out (`ema_decay` 0). Enlarging, cropping and mirroring, which the authors'
code has and the paper does not tell of, are left out. Two folders of one's own are read by
`--data.name domains --data.pairs A B`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig

PATCH_LAYERS = 4
EPOCH = 1334
"""Updates of an epoch of horses and zebras, of which there are 1,067 and 1,334."""


@dataclass(frozen=True, kw_only=True)
class CycleGanSettings(GameSettings):
    """Settings of CycleGAN."""

    STRUCTURAL = (
        *("width", "discriminator_width", "num_blocks", "halvings", "patch_layers"),
        "history",
    )
    MAY_BE_ZERO = ("history", "halvings", "flat_updates", "decay_updates")
    SPACE: ClassVar = {
        "cycle_weight": "1,30,log",
        "generator_lr": "5e-5,3e-3,log",
        "discriminator_lr": "5e-5,3e-3,log",
        "num_blocks": "2,4,6,9",
        "history": "0,50,500",
    }

    width: int = 16
    """Channels of the generators' first layer; doubled at each halving."""
    discriminator_width: int = 16
    """Channels of the discriminators' first layer; doubled at each halving, up to 8 times."""
    num_blocks: int = 3
    """Residual blocks of a generator."""
    halvings: int = 2
    """How often a generator halves an image before its residual blocks."""
    patch_layers: int = 2
    """Halvings of a discriminator: it judges patches of 16, 34 or 70 pixels with 1, 2 or 3."""
    cycle_weight: float = 10.0
    """Weight of the mean absolute difference between an image and what comes back of it."""
    identity_share: float = 0.0
    """Weight of that between a target and its translation, as a share of the cycle's."""
    history: int = 50
    """Images made before, of each kind, that discriminators learn from; 0 for none."""
    flat_updates: int = 0
    """Updates before the learning rates fall."""
    decay_updates: int = 0
    """Updates in which they fall to 0; 0 keeps them."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if self.patch_layers > PATCH_LAYERS:
            raise ValueError(
                f"--patch-layers must be from 1 to {PATCH_LAYERS}, but got {self.patch_layers}."
            )


def small() -> RunConfig:
    """OpenMoji in lines to colour and back, 32x32 pixels, never in pairs; three minutes."""
    return RunConfig(
        data=DataConfig(name="openmoji_lines", channels=3),
        search=SearchConfig(rounds=20, interval=40),
        settings=CycleGanSettings(
            batch_size=4, generator_lr=2e-3, discriminator_lr=5e-4, halvings=1, ema_decay=0.98
        ),
    )


def paper() -> RunConfig:
    """The sizes for 256x256 pixels and horses to zebras; give both folders by --data.pairs."""
    return RunConfig(
        data=DataConfig(name="domains", image_size=256, channels=3),
        search=SearchConfig(rounds=200, interval=EPOCH),
        settings=CycleGanSettings(
            batch_size=1,
            width=64,
            discriminator_width=64,
            num_blocks=9,
            patch_layers=3,
            flat_updates=100 * EPOCH,
            decay_updates=100 * EPOCH,
            ema_decay=0.0,
        ),
    )


PRESETS = {"small": small, "paper": paper}

SOURCES = {
    "paper": {
        "section 4, training details": ("cycle_weight", "history"),
        "section 7.1": ("batch_size", "generator_lr", "discriminator_lr"),
        "section 7.1, epochs of horses and zebras": ("flat_updates", "decay_updates"),
        "section 7.2": ("width", "discriminator_width", "num_blocks", "halvings", "patch_layers"),
        "section 5.2, of paintings alone 0.5": ("identity_share",),
        "authors' code": ("beta1", "beta2"),
        "one step of each, section 7.1": ("discriminator_steps",),
        "no code z, section 3": ("latent_dim",),
        "ours": ("ema_decay",),
    }
}
