"""PPGN (Nguyen et al. 2016, "Plug & play generative networks", arXiv 1612.00005).

Samples of a class are the end of a walk over codes h. An encoder E, the body of a classifier, makes
codes of images; a generator G makes images of codes; any network that gives p(y | x) is plugged in
and says where to go:

    h <- h + ε₁ (R(h) − h) + ε₂ ∂ log p(y | G(h)) / ∂h + N(0, ε₃²),        R(h) = E(G(h))

The first term is the score of a denoising autoencoder, which draws h to codes that images have; the
second draws it to the class y; the third lets it wander. G is trained to invert E, on codes with
noise, which makes R a denoising autoencoder (the paper's "joint" form):

    h = E(x) + σ n,    x' = G(h)
    L_G = w_x E(x' − x)² + w_h E(E(x') − E(x))² + w_e E(E₁(x') − E₁(x))² − E[log D(x')]
    L_D = −E[log D(x)] − E[log(1 − D(x'))]

E₁ is an early layer of E; means are over all numbers. An update:

    the first `pretraining` ones: E and the condition network learn classes, of as many images
    after them:  D learns L_D,  G learns L_G,  the average of G moves

The condition network that is plugged in for sampling by class is a second classifier with weights
of its own. `model.samples_of(labels, rng, condition=network)` plugs in another one, of any labels;
nothing is trained for it. `model.inpainted` adds ε₄ times the gradient of −½ Σ (x − G(h))² over the
pixels that are known, which fills in the others.

Where this differs: E is a classifier of the data's own classes, whose code is the ReLU of batch
normed units; the paper's is AlexNet, its code fc6. So half of N(0, 1) is about how codes are
distributed, and walks start there. Codes are kept in [0, 30]. With `step_size` 0 h moves as the
equation says; above it, as in the authors' script, by so much on the mean of its numbers. Noise is
added to codes alone, not to images and early features. Under `--evolve` a mutation takes the place
of −E[log D(x')]; an evolution has no phase before, and E and the condition network learn beside D
in the first `pretraining` generations. The average of G makes the walks. Sections and the authors'
script are cited from memory.

Fitness: the share of samples that a classifier, fixed and neither E nor the condition network,
takes for the class that was asked for, minus a tenth of the Fréchet distance in its features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class PpgnSettings(GameSettings):
    """Settings of a plug & play generative network."""

    STRUCTURAL = ("width", "discriminator_width", "code_dim")
    MAY_BE_ZERO = ("pretraining",)
    SPACE: ClassVar = {
        "epsilon1": "1e-6,1,log",
        "epsilon2": "0.1,10,log",
        "epsilon3": "1e-6,0.3,log",
        "steps": "20,50,100,200,400",
        "code_noise": "0.03,1,log",
        "image_weight": "1,100,log",
        "code_weight": "0.1,10,log",
        "early_weight": "0.1,10,log",
    }

    width: int = 64
    """Channels of the generator's last hidden layer; they double inwards."""
    discriminator_width: int = 64
    """Channels of the first layer of discriminator, encoder and condition network; they double
    inwards."""
    code_dim: int = 64
    """Numbers in a code."""
    pretraining: int = 300
    """Updates at the start in which the encoder and the condition network learn classes."""
    encoder_lr: float = 2e-3
    """Adam's learning rate of the encoder and of the condition network."""
    code_noise: float = 0.3
    """Deviation of the noise on codes in training (sigma)."""
    image_weight: float = 10.0
    """Weight of the squared error of pixels."""
    code_weight: float = 1.0
    """Weight of the squared error of codes."""
    early_weight: float = 1.0
    """Weight of the squared error of early features."""
    epsilon1: float = 0.06
    """How far a step of a walk goes to where images have codes."""
    epsilon2: float = 3.0
    """How far it goes along the gradient of the class's log-probability."""
    epsilon3: float = 0.1
    """Deviation of its noise."""
    epsilon4: float = 1.0
    """How far it goes along the gradient of the match of known pixels, where some are."""
    step_size: float = 0.0
    """Mean absolute length of a step, for every sample alike; 0 for that of the terms' sum."""
    steps: int = 50
    """Steps of a walk."""


def small() -> RunConfig:
    """MNIST's 5,000 at 16x16, in three minutes."""
    return RunConfig(
        data=DataConfig(name="mnist5k", image_size=16),
        search=SearchConfig(rounds=10, interval=150),
        settings=PpgnSettings(
            width=16,
            discriminator_width=16,
            epsilon1=0.1,
            steps=20,
            generator_lr=2e-3,
            discriminator_lr=5e-4,
            ema_decay=0.98,
        ),
    )


def paper() -> RunConfig:
    """Codes of 4,096 numbers, walks of 200 steps; 256x256 pixels of a folder of yours."""
    return RunConfig(
        data=DataConfig(name="folder", image_size=256, channels=3),
        search=SearchConfig(rounds=100, interval=1000),
        settings=PpgnSettings(
            code_dim=4096,
            pretraining=20_000,
            epsilon1=1e-5,
            epsilon2=1.0,
            epsilon3=1e-17,
            step_size=1.0,
            steps=200,
            ema_decay=0.0,
        ),
    )


PRESETS = {"small": small, "paper": paper}
SOURCES = {
    "paper": {
        "section 3 and the authors' script, from memory": (
            *("code_dim", "epsilon1", "epsilon2", "epsilon3", "step_size", "steps"),
        ),
        "the paper it builds on, 1602.02644, from memory": (
            *("batch_size", "generator_lr", "discriminator_lr", "discriminator_steps"),
        ),
        "DCGAN's, as that of other models here": ("width", "discriminator_width", "beta1"),
        "ours: the paper's encoder is AlexNet, trained elsewhere": ("pretraining", "encoder_lr"),
        "ours: the paper's weights are of sums over its own layers": (
            *("image_weight", "code_weight", "early_weight", "code_noise", "epsilon4"),
        ),
        "Adam's own": ("beta2",),
        "no code z": ("latent_dim",),
        "the paper, which tells of none": ("ema_decay",),
    }
}
