"""pix2pix (Isola et al. 2016, arXiv 1611.07004).

"Image-to-image translation with conditional adversarial networks": of a source image x and its
target y, a generator makes G(x, n) with n the noise of dropout, and a discriminator sees pairs:

    L_D = −E[log D(x, y)] − E[log(1 − D(x, G(x, n)))]
    L_G = −E[log D(x, G(x, n))] + l1_weight E‖y − G(x, n)‖₁

The L1 term gets low frequencies right; D, which gives a logit for each patch, the high ones. An
update:

    draw pairs x, y and other sources x', and step D on (x, y) and (x', G(x', n))
    draw sources and targets, and step G on L_G
    move the average of G, which makes the translations that are judged

G is a U-Net: an encoder that halves the image down to one pixel, a decoder that mirrors it, and a
skip from each layer of one to that of the other. Its noise is dropout in the decoder's first three
layers, in training and after it; here the masks are codes like any other, drawn from the run's
streams. D is a PatchGAN whose receptive field is 16, 34 or 70 pixels (`patch_layers` 1, 2, 3).

Both networks have instance norm, which batch norm is for the authors' batches of one. Halving L_D,
as they do, changes nothing under Adam and is left out; an update's sources for D and for G are
drawn apart, where theirs are the same. The average of G is ours; the preset `paper` leaves it out
(`ema_decay` 0). Under `--evolve` a mutation takes the place of the adversarial term, and the L1
term stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig

PATCH_LAYERS = 4


@dataclass(frozen=True, kw_only=True)
class Pix2PixSettings(GameSettings):
    """Settings of pix2pix."""

    STRUCTURAL = ("width", "discriminator_width", "patch_layers", "conditional")
    SPACE: ClassVar = {
        "l1_weight": "1,300,log",
        "generator_lr": "5e-5,2e-3,log",
        "discriminator_lr": "5e-5,2e-3,log",
        "width": "16,32,64",
        "patch_layers": "1,2,3",
    }

    width: int = 32
    """Channels of the U-Net's first layer; doubled at each halving, up to 8 times."""
    discriminator_width: int = 32
    """Channels of the discriminator's first layer; doubled at each halving, up to 8 times."""
    patch_layers: int = 2
    """Halvings of the discriminator: it judges patches of 16, 34 or 70 pixels with 1, 2 or 3."""
    l1_weight: float = 100.0
    """Weight of the mean absolute difference to the target."""
    loss: Literal["both", "l1", "adversarial"] = "both"
    """What G minimises: both terms, or one of them alone, the paper's ablations."""
    conditional: bool = True
    """Whether the discriminator sees the source beside the image."""
    dropout: float = 0.5
    """Share of units that the noise leaves out in the decoder's first three layers."""
    jitter: bool = True
    """Whether pairs are enlarged by 286/256, cropped at random, and mirrored half of the time."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if self.dropout >= 1:
            raise ValueError(f"--dropout must be in [0, 1), but got {self.dropout}.")
        if self.patch_layers > PATCH_LAYERS:
            raise ValueError(
                f"--patch-layers must be from 1 to {PATCH_LAYERS}, but got {self.patch_layers}."
            )


def small() -> RunConfig:
    """Lines of OpenMoji to colour, 32x32 pixels, in three minutes."""
    return RunConfig(
        data=DataConfig(name="openmoji_lines"),
        search=SearchConfig(rounds=20, interval=50),
        settings=Pix2PixSettings(
            batch_size=16, generator_lr=2e-3, discriminator_lr=5e-4, jitter=False, ema_decay=0.98
        ),
    )


def paper() -> RunConfig:
    """The sizes for 256x256 pixels; give two folders of yours by --data.pairs."""
    return RunConfig(
        data=DataConfig(name="pairs", image_size=256, channels=3),
        search=SearchConfig(rounds=200, interval=400),
        settings=Pix2PixSettings(
            batch_size=1, width=64, discriminator_width=64, patch_layers=3, ema_decay=0.0
        ),
    )


PRESETS = {"small": small, "paper": paper}

SOURCES = {
    "paper": {
        "section 3.3": ("batch_size", "generator_lr", "discriminator_lr", "beta1", "beta2"),
        "section 3.2": ("conditional", "dropout"),
        "section 3.3, weight of L1": ("l1_weight", "loss"),
        "appendix 6.1": ("width", "discriminator_width", "patch_layers"),
        "appendix 6.2": ("jitter",),
        "one step of each, section 3.3": ("discriminator_steps",),
        "no code z, section 3.1": ("latent_dim",),
        "ours": ("ema_decay",),
    }
}
