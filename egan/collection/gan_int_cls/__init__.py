"""GAN-INT-CLS (Reed et al. 2016, "Generative adversarial text to image ...", arXiv 1605.05396).

G makes an image of a caption t, whose code φ(t) comes from a text encoder that is trained first, so
that captions find their images, and then fixed. D is asked whether an image is real *and* suits its
caption, and so learns from three kinds of pairs, with s = σ(D(image, φ)):

    s_r = a real image and its caption;  s_w = a real image and another's caption;
    s_f = G(z, φ(t)) and t

    L_D = −E[log s_r] − w E[log(1 − s_w)] − f E[log(1 − s_f)]
    L_G = −E[log s_f] − v E[log D(G(z, φ'), φ')],   φ' = β φ(t₁) + (1 − β) φ(t₂)

with w = `cls_weight`, f = `fake_weight`, v = `int_weight` and β = `int_beta`. Without w nothing but
samples tells D that captions matter; with it (GAN-CLS) w and f are ½. The last term (GAN-INT) needs
no image: between two captions are such as nobody wrote. An update:

    for the first `text_updates` updates: draw images and captions, and step φ, and an encoder of
        images that serves nothing else, on the hinge of wrong pairs, see `egan.losses.matching`
    then: step D on L_D, `discriminator_steps` times, each with new images and samples
          step G on L_G, its midpoints of half a batch with the other half, at the same z
    move the average of G

The wrong caption of an image is its neighbour's in the batch, unless that says the same.

Where this differs: the paper's φ is a network of characters, then recurrent, of 1,024 numbers, that
has seen classes; ours is a mean of words' vectors (`--text bag`) or a recurrent network of words
(`--text gru`). The texts are at odds about weights: in the paper both are ½, in lectures on it 1,
and G then minimises log(1 − s_f), which is `--evolve minimax`. The paper draws β and finds ½ well;
its authors' code makes half a batch of midpoints, and so do we. An evolution has no first phase:
for as many generations the encoders learn beside D. The style encoder S(x) -> z is left out.

Fitness: how often samples show what held-out captions say, told by who is not D, minus a tenth of
the Fréchet distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from egan.config import DataConfig, RunConfig, SearchConfig
from egan.config.captioned import CaptionedSettings


@dataclass(frozen=True, kw_only=True)
class GanIntClsSettings(CaptionedSettings):
    """Settings of GAN-INT-CLS."""

    SPACE: ClassVar = {
        "generator_lr": "3e-4,1e-2,log",
        "discriminator_lr": "3e-4,1e-2,log",
        "cls_weight": "0,1",
        "int_weight": "0,1",
        "text_dim": "16,32,64,128",
        "latent_dim": "8,16,32,64",
    }

    int_weight: float = 1.0
    """Weight of captions between captions in the generator's loss; 0 for none."""
    int_beta: float = 0.5
    """Where between two captions they are (beta)."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if self.int_beta > 1:
            raise ValueError(f"--int-beta must be in [0, 1], but got {self.int_beta}.")


def small() -> RunConfig:
    """Captioned shapes of 16x16 pixels, in two minutes."""
    return RunConfig(
        data=DataConfig(name="captioned_shapes"),
        search=SearchConfig(rounds=16, interval=125),
        settings=GanIntClsSettings(
            batch_size=32,
            width=16,
            discriminator_width=32,
            latent_dim=32,
            norm="batch",
            text="bag",
            text_dim=32,
            condition_dim=32,
            text_updates=500,
            text_lr=3e-3,
            generator_lr=4e-3,
            discriminator_lr=2e-3,
        ),
    )


def icons() -> RunConfig:
    """Icons of 16x16 pixels with their names; egan[data]."""
    config = small()
    return RunConfig(
        data=DataConfig(name="icons", image_size=16),
        search=SearchConfig(rounds=20, interval=250),
        settings=config.settings.tuned({"text_updates": 1000}),
    )


def paper() -> RunConfig:
    """The sizes for birds and flowers of 64x64 pixels; give yours by --data.captions."""
    return RunConfig(
        data=DataConfig(name="captions", image_size=64, channels=3),
        search=SearchConfig(rounds=100, interval=800),
        settings=GanIntClsSettings(
            width=64,
            discriminator_width=64,
            latent_dim=100,
            norm="batch",
            text_updates=10_000,
            ema_decay=0.0,
        ),
    )


PRESETS = {"small": small, "icons": icons, "paper": paper}
SOURCES = {
    "paper": {
        "section 5, from memory": (
            *("width", "discriminator_width", "latent_dim", "norm", "condition_dim"),
            *("batch_size", "generator_lr", "discriminator_lr", "beta1", "int_beta"),
        ),
        "section 4, algorithm 1": ("cls_weight", "fake_weight", "discriminator_steps"),
        "section 4, equation 5": ("int_weight",),
        "section 5: the size of phi; a recurrent network of words is ours": ("text", "text_dim"),
        "ours": ("text_updates", "text_lr"),
        "Adam's": ("beta2",),
        "the paper, which tells of none": ("ema_decay",),
    }
}
