"""StackGAN (Zhang et al. 2016, "StackGAN: text to photo-realistic ...", arXiv 1612.03242).

Images of captions in two stages: the first one sketches shape and colour at a small size, the
second one reads the caption again, mends the sketch and adds what only the full size can show. Each
has a generator and a discriminator. φ(t) is the code of a caption t, of a text encoder that learns
first and then is fixed. Conditioning augmentation makes many codes of one caption, so that what is
between captions is learned too:

    ĉ = μ(φ) + σ(φ) ⊙ ε,   ε ~ N(0, 1)

    s₀ = G₀(z, ĉ₀),   z ~ N(0, 1)                          a sketch
    s  = G(s₀, ĉ)                                           the image; no other z

    L_D = −E[log D(x, φ)] − w E[log(1 − D(x', φ))] − f E[log(1 − D(s, φ))]
    L_G = −E[log D(s, φ)] + λ E[KL(N(μ(φ), σ(φ)²) ‖ N(0, 1))]

with D₀, s₀ and ĉ₀ in the first stage, x' real images of other captions, w = `cls_weight`,
f = `fake_weight`, λ = `kl_weight`. G reduces the sketch to maps, sets ĉ at each of their places,
and makes of both, through residual blocks, the image. An update:

    for the first `text_updates` updates: step φ, beside an encoder of images, see
        `egan.training.captioned`
    until `second_stage_at` updates: step D₀ on images made small, step G₀
    from then on: step D, step G; G₀ and D₀ are frozen
    move the average of the generators

Where this differs: φ is a mean of words' vectors (`--text bag`) or a recurrent network of words, as
in `gan_int_cls`. G minimises −log D where the paper's equations have log(1 − D), as its authors'
code does; and as there KL is a mean over the coordinates of ĉ, not their sum, and so are w and f ½
each. Frozen networks keep normalising by the batch, as there too. Sketches are shown and judged
with each pixel repeated. In an evolution a stage is as many generations.

Fitness: how often samples show what held-out captions say, told by who is not D, minus a tenth of
the Fréchet distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from egan.config import DataConfig, RunConfig, SearchConfig
from egan.config.captioned import CaptionedSettings


@dataclass(frozen=True, kw_only=True)
class StackGanSettings(CaptionedSettings):
    """Settings of StackGAN; those of a game are the first stage's, unless they say otherwise."""

    STRUCTURAL = ("second_width", "upscale", "sketch_halvings", "residual_blocks")
    MAY_BE_ZERO = ("text_updates", "sketch_halvings", "rate_halved_every")
    SPACE: ClassVar = {
        "generator_lr": "3e-4,1e-2,log",
        "discriminator_lr": "3e-4,1e-2,log",
        "second_generator_lr": "3e-4,1e-2,log",
        "second_discriminator_lr": "3e-4,1e-2,log",
        "kl_weight": "0.01,5,log",
        "cls_weight": "0,1",
        "residual_blocks": "1,2,3,4",
    }

    second_width: int = 128
    """Channels of the second stage's first maps; they double with each halving."""
    second_generator_lr: float = 2e-4
    """Adam's learning rate of the second stage's generator."""
    second_discriminator_lr: float = 2e-4
    """Adam's learning rate of the second stage's discriminator."""
    second_stage_at: int = 100_000
    """Updates after which the first stage is frozen and the second one learns; the text encoder's
    count."""
    rate_halved_every: int = 0
    """Updates of a stage after which its rates are halved, again and again; 0 for never."""
    upscale: int = 4
    """How many times as wide the second stage's images are as the first one's, a power of two."""
    sketch_halvings: int = 2
    """How often the second stage halves the first one's images before it sets the caption beside
    them."""
    residual_blocks: int = 4
    """Residual blocks of the second stage."""
    augment_condition: bool = True
    """Whether the code of a caption is drawn (conditioning augmentation), or is its mean."""
    kl_weight: float = 1.0
    """Weight (lambda) of the divergence of a caption's code from N(0, 1), a mean over its
    numbers."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if self.second_stage_at <= self.text_updates:
            raise ValueError(
                f"--second-stage-at must be above --text-updates, {self.text_updates}, or the "
                f"first stage never learns, but got {self.second_stage_at}."
            )
        if self.upscale.bit_count() > 1 or self.upscale == 1:
            raise ValueError(f"--upscale must be 2, 4, 8 ..., but got {self.upscale}.")


def small() -> RunConfig:
    """Captioned shapes with details, sketched at 16x16 and made at 32x32."""
    return RunConfig(
        data=DataConfig(name="detailed_shapes"),
        search=SearchConfig(rounds=15, interval=100),
        settings=StackGanSettings(
            batch_size=32,
            width=16,
            discriminator_width=32,
            latent_dim=32,
            norm="batch",
            text="bag",
            text_dim=32,
            condition_dim=32,
            text_updates=300,
            text_lr=3e-3,
            second_stage_at=1000,
            second_width=16,
            upscale=2,
            sketch_halvings=1,
            residual_blocks=1,
            kl_weight=0.02,
            generator_lr=4e-3,
            discriminator_lr=2e-3,
            second_generator_lr=4e-3,
            second_discriminator_lr=2e-3,
        ),
    )


def paper() -> RunConfig:
    """The sizes for birds of 256x256 pixels, sketched at 64x64; give yours by --data.captions.

    138 updates are an epoch of its 8,855 birds; either stage has 600 of them.
    """
    return RunConfig(
        data=DataConfig(name="captions", image_size=256, channels=3),
        search=SearchConfig(rounds=218, interval=800),
        settings=StackGanSettings(
            width=64,
            discriminator_width=64,
            latent_dim=100,
            norm="batch",
            text_updates=10_000,
            second_stage_at=92_800,
            rate_halved_every=13_800,
            ema_decay=0.0,
        ),
    )


PRESETS = {"small": small, "paper": paper}
SOURCES = {
    "paper": {
        "section 3.5": (
            *(
                "width",
                "second_width",
                "discriminator_width",
                "norm",
                "condition_dim",
                "latent_dim",
            ),
            *("upscale", "sketch_halvings", "residual_blocks", "batch_size", "beta1"),
            *("generator_lr", "discriminator_lr", "second_generator_lr"),
            *("second_discriminator_lr", "rate_halved_every", "second_stage_at"),
        ),
        "section 3.2, equation 2": ("augment_condition", "kl_weight"),
        "authors' code": ("cls_weight", "fake_weight", "discriminator_steps"),
        "the text encoder that it takes has 1,024 numbers; a network of words is ours": (
            *("text", "text_dim"),
        ),
        "ours": ("text_updates", "text_lr"),
        "Adam's": ("beta2",),
        "the paper, which tells of none": ("ema_decay",),
    }
}
"""Where each value comes from, from memory."""
