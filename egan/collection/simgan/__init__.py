"""SimGAN (Shrivastava et al. 2016, arXiv 1612.07828).

"Learning from simulated and unsupervised images through adversarial training": a simulator's image
x, whose class is known, is refined to R(x), which looks real and still shows what it did, so that
refined images with the simulator's classes teach how to read real ones, y. No real class is used.

    L_R = E[Σ_p −log D_p(R(x)) + λ ‖R(x) − x‖₁],      λ = `self_regularisation`
    L_D = E[Σ_p −log D_p(y)] + E[Σ_p −log(1 − D_p(R(x)))]

with a sum over patches p, each of which D judges alone, so that no part of a refined image may look
unreal, and a sum over pixels in the norm. D learns from refined images half of which are of before:
a pool keeps some, so that R cannot bring back what D has forgotten. An update:

    for the first `pretraining` updates: step R on ‖R(x) − x‖₁ alone
    for `discriminator_pretraining` updates after them: step D alone
    then: `refiner_steps` times draw x, and step R on L_R
          `discriminator_steps` times draw y and x, take half of the R(x) from the pool, and step
          D on L_D; as many places of the pool, drawn at random, get new ones
    move the average of R, which refines the images that are judged

`local` off gives D one logit for a whole image, `pool` 0 no memory.

Where this differs: the paper compares features of R(x) and x too, here pixels alone. L_R and L_D
are divided by the number of patches, so that under `--evolve` a mutation takes the adversarial
term's place at its weight; gradient descent has as many times the rate for it, and Adam does not
look. An evolution does without both pretrainings and with one step of R a generation. The small
preset has Adam in place of gradient descent, and smaller networks. D halves an image first as often
as `halvings` says, then looks at 3x3, where the paper's has a pooling layer between. The average of
R is ours; the preset of the paper's sizes leaves it out (`ema_decay` 0).

Fitness: how many held-out real images a small classifier tells rightly that learned from refined
ones; their classes serve nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class SimGanSettings(GameSettings):
    """Settings of SimGAN."""

    STRUCTURAL = ("width", "blocks", "discriminator_width", "halvings", "local", "pool")
    MAY_BE_ZERO = ("halvings", "pool", "pretraining", "discriminator_pretraining", "blocks")
    SPACE: ClassVar = {
        "self_regularisation": "1e-2,2,log",
        "generator_lr": "1e-4,2e-3,log",
        "discriminator_lr": "1e-4,2e-3,log",
        "refiner_steps": "1,2,5",
        "discriminator_steps": "1,2",
        "pool": "0,500,5000",
        "halvings": "0,1",
    }

    width: int = 64
    """Channels of the refiner's maps."""
    blocks: int = 4
    """Residual blocks of the refiner."""
    discriminator_width: int = 96
    """Channels of the discriminator's maps."""
    halvings: int = 2
    """How often the discriminator halves an image, which sets how large its patches are."""
    local: bool = True
    """Whether the discriminator judges patches, or whole images."""
    self_regularisation: float = 0.5
    """Weight of the absolute change of all pixels (lambda)."""
    pool: int = 25_600
    """Refined images of before that are kept; 0 for none."""
    refiner_steps: int = 2
    """Updates of the refiner for each of the whole."""
    pretraining: int = 1000
    """Updates at the start in which the refiner learns to change nothing."""
    discriminator_pretraining: int = 200
    """Updates after those in which the discriminator learns alone."""
    optimizer: Literal["adam", "sgd"] = "adam"
    """Adam, or gradient descent with momentum `beta1`."""


def small() -> RunConfig:
    """Digits of a font, to look like those of scikit-learn; 8x8 pixels, in a minute."""
    return RunConfig(
        data=DataConfig(name="font_to_digits"),
        search=SearchConfig(rounds=16, interval=50),
        settings=SimGanSettings(
            batch_size=32,
            width=16,
            discriminator_width=16,
            halvings=1,
            pool=2000,
            pretraining=100,
            discriminator_pretraining=50,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
        ),
    )


def mnist() -> RunConfig:
    """Digits of a font, to look like those of MNIST; 16x16 pixels, in two minutes; egan[data]."""
    config = small()
    return replace(
        config,
        data=DataConfig(name="font_to_mnist"),
        search=SearchConfig(rounds=10, interval=50),
    )


def paper() -> RunConfig:
    """The refiner for eyes, on images of 64x64 pixels of two folders of yours, by --data.pairs."""
    return RunConfig(
        data=DataConfig(name="domains", image_size=64, channels=1),
        search=SearchConfig(rounds=100, interval=200),
        settings=SimGanSettings(
            batch_size=512,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
            optimizer="sgd",
            beta1=0.0,
            ema_decay=0.0,
        ),
    )


PRESETS = {"small": small, "mnist": mnist, "paper": paper}
SOURCES = {
    "paper": {
        "section 3.1 and appendix, from memory": (
            *("width", "blocks", "local", "refiner_steps", "discriminator_steps"),
            *("pretraining", "discriminator_pretraining", "generator_lr", "discriminator_lr"),
            *("optimizer", "discriminator_width", "halvings"),
        ),
        "a public implementation": ("batch_size", "pool", "self_regularisation"),
        "no momentum is told of": ("beta1",),
        "Adam's, not used": ("beta2",),
        "no code z": ("latent_dim",),
        "ours": ("ema_decay",),
    }
}
