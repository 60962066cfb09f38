"""SRGAN and SRResNet (Ledig et al. 2016, arXiv 1609.04802).

"Photo-realistic single image super-resolution using a generative adversarial network": of an image
x, four times smaller than the true y, a generator makes G(x), as large as y:

    L_G = content(G(x), y) + w E[−log D(G(x))],       w = adversarial_weight, 1e-3
    L_D = −E[log D(y)] − E[log(1 − D(G(x)))]

    content = E[(y − G(x))²], the mean squared error of a pixel ("mse"),
              or that of the maps of a fixed network: E[(φ(y) − φ(G(x)))²] ("features")

The squared error alone is least for the mean of all y that may have been, which is blurred. D draws
G(x) to where images are; the content keeps it beside x. An update:

    for the first `pretraining` updates: draw x and y, and step G on the squared error alone
    then: draw y and others x', and step D on y and G(x'); draw x and y, and step G on L_G
    move the average of G, which makes the images that are judged

SRResNet is G that is pretrained and no more: `adversarial_weight` 0, the presets `srresnet` and
`paper_srresnet`. G has residual blocks without ReLU after the sum, a skip over all of them, and two
steps of pixel shuffling; all but the last convolution work on small maps. D is a VGG.

Where this differs: L_G is divided by w, which changes nothing under Adam, so that under `--evolve`
a mutation takes the adversarial term's place at its weight; pretraining is of a run that trains, an
evolution does without. φ is a network of convolutions with fixed random weights, since the authors'
VGG19, trained on ImageNet, comes with no package; on small drawings it served worse than pixels.
The paper's crops of 96 pixels are of images of 128. The average of G is ours; the presets of the
paper's sizes leave it out (`ema_decay` 0). Sections and figures are cited from memory.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class SrganSettings(GameSettings):
    """Settings of SRGAN."""

    STRUCTURAL = ("width", "blocks", "discriminator_width", "discriminator_units", "crop")
    MAY_BE_ZERO = ("pretraining", "decay_after", "crop")
    SPACE: ClassVar = {
        "adversarial_weight": "1e-4,1e-1,log",
        "content": "mse|features",
        "generator_lr": "1e-4,5e-3,log",
        "discriminator_lr": "5e-5,2e-3,log",
        "blocks": "2,4,8,16",
    }

    width: int = 64
    """Channels of the generator's maps; four times as many before each pixel shuffle."""
    blocks: int = 16
    """Residual blocks of the generator."""
    discriminator_width: int = 64
    """Channels of the discriminator's first layer; doubled three times."""
    discriminator_units: int = 1024
    """Units of the discriminator's last hidden layer."""
    adversarial_weight: float = 1e-3
    """Weight of the adversarial term beside the content; with 0 there is none: SRResNet."""
    content: Literal["mse", "features"] = "mse"
    """What the content term compares: pixels, or the maps of a fixed network of random weights."""
    pretraining: int = 0
    """Updates at the start in which G learns the squared error of pixels alone, and D rests."""
    decay_after: int = 0
    """Updates after the pretraining, from which on learning rates are a tenth; 0 for never."""
    crop: int = 0
    """Side of the crops, at random places, that are learned from; 0 for whole images."""


def small() -> RunConfig:
    """SRGAN: OpenMoji from 8x8 to 32x32 pixels, in three minutes."""
    return RunConfig(
        data=DataConfig(name="openmoji"),
        search=SearchConfig(rounds=20, interval=50),
        settings=SrganSettings(
            batch_size=16,
            width=32,
            blocks=4,
            discriminator_width=16,
            discriminator_units=128,
            adversarial_weight=1e-2,
            pretraining=300,
            generator_lr=2e-3,
            discriminator_lr=2e-4,
            beta1=0.9,
        ),
    )


def srresnet() -> RunConfig:
    """SRResNet, the generator on the squared error alone; OpenMoji from 8x8 to 32x32 pixels."""
    return _on_content_alone(small())


def paper() -> RunConfig:
    """SRGAN with the sizes of section 3.2, for crops of 96x96 pixels of a folder of yours."""
    return RunConfig(
        data=DataConfig(name="folder", image_size=128, channels=3),
        search=SearchConfig(rounds=1200, interval=1000),
        settings=SrganSettings(
            batch_size=16,
            content="features",
            pretraining=1_000_000,
            decay_after=100_000,
            crop=96,
            generator_lr=1e-4,
            discriminator_lr=1e-4,
            beta1=0.9,
            ema_decay=0.0,
        ),
    )


def paper_srresnet() -> RunConfig:
    """SRResNet with the same sizes."""
    config = _on_content_alone(paper())
    settings = config.settings.tuned({"content": "mse", "decay_after": 0})
    return replace(config, search=SearchConfig(rounds=1000, interval=1000), settings=settings)


def _on_content_alone(config: RunConfig) -> RunConfig:
    settings = config.settings.tuned({"adversarial_weight": 0.0, "pretraining": 0})
    return replace(config, settings=settings)


PRESETS = {
    "small": small,
    "srresnet": srresnet,
    "paper": paper,
    "paper_srresnet": paper_srresnet,
}

_SOURCES = {
    "section 3.2": (
        *("batch_size", "generator_lr", "discriminator_lr", "beta1", "discriminator_steps"),
        *("pretraining", "decay_after", "crop", "blocks"),
    ),
    "figure 4": ("width", "discriminator_width", "discriminator_units"),
    "equation 3": ("adversarial_weight",),
    "section 2.2; the features are ours": ("content",),
    "no code z": ("latent_dim",),
    "Adam's own, the paper says nothing": ("beta2",),
    "ours": ("ema_decay",),
}
SOURCES = {"paper": _SOURCES, "paper_srresnet": _SOURCES}
