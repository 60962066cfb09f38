"""Context encoder (Pathak et al. 2016, "Context encoders: feature learning by inpainting").

arXiv 1604.07379. Of an image x without its middle, a hole of half the height and width, an encoder
makes a few hundred numbers, the bottleneck, and a decoder what is in the hole, F(x):

    L_G = λ_rec E[w (x − F(x))²] − λ_adv E[log D(F(x))],        λ_rec = 1 − λ_adv
    L_D = −E[log D(x)] − E[log(1 − D(F(x)))]

    λ_adv = `adversarial_weight`, .001;  w = `overlap_weight` within `overlap` pixels around the
    hole, which are made too, although they are known, so that edges meet; 1 in the hole

The squared error alone is least for the mean of all that may have been there, which is blurred; D
draws what is made to where images are. D sees the hole alone, nothing of what is around it, so that
it cannot go by the seam. An update:

    draw images, and step D on their middles and on what is made in other holes
    draw images, and step F on L_G
    move the average of F, which fills the holes that are judged

`adversarial_weight` 0 leaves the squared error alone: the presets `l2` and `paper_l2`.

Where this differs: L_G is divided by λ_adv, which changes nothing under Adam, so that under
`--evolve` a mutation takes the adversarial term's place at its weight. The paper's hole has the
mean colour of ImageNet in it, here that of what is around it in the image; the authors' script
makes the hole narrower by the overlap, here the decoder's last layer makes a larger patch. The
average of F is ours; the presets of the paper's sizes leave it out (`ema_decay` 0). The paper's
other encoder, AlexNet with a fully connected layer for each channel, for features that are used
elsewhere, and its holes of random shape are not here. Sections are cited from memory.

Fitness: PSNR of what is made in the holes of images that nobody learned from, in dB, less a tenth
of the distance of spectra: PSNR alone is best for the mean.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class ContextEncoderSettings(GameSettings):
    """Settings of a context encoder."""

    STRUCTURAL = ("width", "discriminator_width", "bottleneck", "overlap")
    MAY_BE_ZERO = ("overlap",)
    SPACE: ClassVar = {
        "adversarial_weight": "1e-4,1e-1,log",
        "overlap": "0,1,2",
        "bottleneck": "16,64,128,512",
        "generator_lr": "2e-4,5e-3,log",
        "discriminator_lr": "5e-5,2e-3,log",
    }

    width: int = 64
    """Channels of the encoder's first layer, and of the decoder's last."""
    discriminator_width: int = 64
    """Channels of the discriminator's first layer; doubled from layer to layer, up to 8 times."""
    bottleneck: int = 4000
    """Numbers that an image's surroundings are encoded in."""
    overlap: int = 4
    """Pixels around the hole that are made too."""
    overlap_weight: float = 10.0
    """Weight of their squared error beside that of a pixel in the hole."""
    adversarial_weight: float = 1e-3
    """Weight of the adversarial term, at most 1, less than which the squared error has; with 0
    there is no game."""

    def check(self) -> None:
        """See that every number is in its range.

        Raises:
            ValueError: One is not.
        """
        super().check()
        if self.adversarial_weight > 1:
            raise ValueError(
                f"--adversarial-weight must be in [0, 1], but got {self.adversarial_weight}."
            )


def small() -> RunConfig:
    """MNIST's 5,000 at 32x32 pixels with holes of 16x16, in two minutes."""
    return RunConfig(
        data=DataConfig(name="mnist5k", image_size=32),
        search=SearchConfig(rounds=20, interval=50),
        settings=ContextEncoderSettings(
            width=24,
            discriminator_width=24,
            bottleneck=128,
            overlap=1,
            adversarial_weight=0.1,
            generator_lr=2e-3,
            discriminator_lr=5e-4,
        ),
    )


def l2() -> RunConfig:
    """The squared error alone, on the same digits."""
    return _without_a_game(small())


def paper() -> RunConfig:
    """The sizes of section 4 for images of 128x128 pixels of a folder of yours."""
    return RunConfig(
        data=DataConfig(name="folder", image_size=128, channels=3),
        search=SearchConfig(rounds=500, interval=1000),
        settings=ContextEncoderSettings(generator_lr=2e-3, discriminator_lr=2e-4, ema_decay=0.0),
    )


def paper_l2() -> RunConfig:
    """The same sizes, on the squared error alone."""
    return _without_a_game(paper())


def _without_a_game(config: RunConfig) -> RunConfig:
    return replace(config, settings=config.settings.tuned({"adversarial_weight": 0.0}))


PRESETS = {"small": small, "l2": l2, "paper": paper, "paper_l2": paper_l2}

_SOURCES = {
    "the authors' script": (
        *("width", "discriminator_width", "overlap", "overlap_weight", "batch_size"),
        *("discriminator_lr", "beta1", "discriminator_steps"),
    ),
    "section 4.1: the bottleneck of the network for inpainting": ("bottleneck",),
    "section 3.2 and 5: λ_adv is .001": ("adversarial_weight",),
    "section 4: ten times the discriminator's": ("generator_lr",),
    "no code z": ("latent_dim",),
    "Adam's own, the paper says nothing": ("beta2",),
    "ours": ("ema_decay",),
}
SOURCES = {"paper": _SOURCES, "paper_l2": _SOURCES}
