"""RLA with an identity-preserving game: de-occlusion of faces (Zhao et al. 2016, 1612.08534).

Of an image x with a part hidden, an encoder makes a code and a decoder, in T steps, what is there:

    code = a linear map of the last states of LSTMs that read x patch by patch, one for each of
           `scales` grids: 2x2 patches, 4x4 ..., from the first to the last and back
    step t, of two LSTMs that begin with the code and read it beside x̂_{t−1},  x̂_0 = x:
        r_t = tanh(R_1 + ... + R_t)      the channel of reconstruction
        m_t = σ(M_1 + ... + M_t)         the channel of what hides
        x̂_t = (1 − m_t) ⊙ x + m_t ⊙ r_t

    L_G = E[‖x̂_T − x*‖²] + λ_m BCE(m_T, m*) − λ_adv E[log D(x̂_T)] − λ_id E[log P(k | x̂_T)]
    L_D = −E[log D(x*)] − E[log(1 − D(x̂_T))] − E[log P(k | x*)]

    x* is the true image, m* what hides it, k its identity, P a classifier that is trained beside D;
    λ_m = `mask_weight`, λ_adv = `adversarial_weight`, λ_id = `identity_weight`

The squared error is a mean over pixels, as is the cross-entropy of masks. D draws what is made to
where whole images are, P to where it is told for who it is. An update:

    draw images, hide a part of each, and step D and P on true and on restored ones
    draw images, hide a part of each, and step encoder and decoder on L_G
    move their average, which restores the images that are judged

With λ_adv and λ_id both 0 there is no game: the presets `l2` and `paper_l2`.

Where this differs: the paper trains the LSTMs first and then D and P against them, here all learn
from the start; L_G is divided by λ_adv where that is above 0, which changes nothing under Adam, so
that under `--evolve` a mutation takes the adversarial term's place at its weight. That the decoder
looks at x̂_{t−1} again, that a code joins the grids, and D's and P's convolutions are ours. The
average is too; the presets of the paper's sizes leave it out (`ema_decay` 0). What hides an image
is a rectangle, grey or of a texture; the paper's sunglasses, scarves and hands are not here, nor
its networks for video. All of the paper is from memory.

Fitness: the share of restored images, which nobody learned from, whose class a fixed classifier
tells rightly, plus the PSNR of what was hidden in dB over 40.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class RlaSettings(GameSettings):
    """Settings of an RLA."""

    STRUCTURAL = ("width", "discriminator_width", "scales", "num_steps")
    MAY_BE_ZERO = ("mask_weight", "adversarial_weight", "identity_weight")
    SPACE: ClassVar = {
        "num_steps": "1,2,4,6",
        "mask_weight": "1e-2,10,log",
        "adversarial_weight": "1e-3,1,log",
        "identity_weight": "1e-2,10,log",
        "generator_lr": "2e-4,1e-2,log",
        "discriminator_lr": "1e-4,5e-3,log",
    }

    width: int = 512
    """Units of each LSTM, and numbers of the code."""
    discriminator_width: int = 32
    """Channels of the first layer of the discriminator and of the classifier of identities."""
    scales: int = 2
    """Grids of patches that the encoder reads: 2x2, 4x4, 8x8 ..."""
    num_steps: int = 4
    """Steps of the decoder (T)."""
    mask_weight: float = 0.1
    """Weight of the cross-entropy of what hides an image (lambda_m)."""
    adversarial_weight: float = 0.01
    """Weight of the adversarial term (lambda_adv); 0 leaves it out."""
    identity_weight: float = 0.1
    """Weight of the cross-entropy of identities (lambda_id); 0 leaves it out."""


def small() -> RunConfig:
    """MNIST's 5,000 at 16x16 pixels behind rectangles, in two minutes; a digit is an identity."""
    return RunConfig(
        data=DataConfig(name="mnist5k", image_size=16),
        search=SearchConfig(rounds=20, interval=50),
        settings=RlaSettings(
            width=96,
            discriminator_width=16,
            batch_size=32,
            mask_weight=1.0,
            adversarial_weight=0.01,
            identity_weight=0.03,
            generator_lr=4e-3,
            discriminator_lr=1e-3,
            beta1=0.9,
        ),
    )


def l2() -> RunConfig:
    """Squared error and masks alone, on the same digits."""
    return _without_a_game(small())


def paper() -> RunConfig:
    """Faces of 128x128 pixels in a folder of yours, which has a subfolder for each person."""
    return RunConfig(
        data=DataConfig(name="folder", image_size=128, channels=3),
        search=SearchConfig(rounds=100, interval=1000),
        settings=RlaSettings(scales=3, generator_lr=1e-3, discriminator_lr=2e-4, ema_decay=0.0),
    )


def paper_l2() -> RunConfig:
    """The same sizes, on squared error and masks alone."""
    return _without_a_game(paper())


def _without_a_game(config: RunConfig) -> RunConfig:
    off = {"adversarial_weight": 0.0, "identity_weight": 0.0}
    return replace(config, settings=config.settings.tuned(off))


PRESETS = {"small": small, "l2": l2, "paper": paper, "paper_l2": paper_l2}

_SOURCES = {
    "section 3, from memory: two channels, several scales": ("scales", "num_steps"),
    "ours, the paper's values are not known to us": (
        *("width", "discriminator_width", "mask_weight", "adversarial_weight", "identity_weight"),
        *("generator_lr", "discriminator_lr", "batch_size", "discriminator_steps", "ema_decay"),
    ),
    "no code z": ("latent_dim",),
    "the package's": ("beta1", "beta2"),
}
SOURCES = {"paper": _SOURCES, "paper_l2": _SOURCES}
