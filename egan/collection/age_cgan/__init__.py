"""Age-cGAN (Antipov et al. 2017, "Face aging with conditional GANs", arXiv 1702.01983).

What an image shows, at another age: a conditional GAN makes images G(z, y) of ages y, one group of
several, and an image's own z is found, with which G makes it at any age.

    min_G max_D E_x,y[log D(x, y)] + E_z,y[log(1 − D(G(z, y), y))]
    E:   min E‖E(G(z, y), y) − z‖²            on made images, whose z are known
    z*:  from z₀ = E(x, y₀), min_z  mix (1 − cos(R(x), R(G(z, y₀))))
                                    + (1 − mix) mean|x − G(z, y₀)|²  +  prior mean z²
    x at age y:  G(z*, y)

R is a frozen recogniser of identities. An update:

    for the first `game_updates`: step D and R on data, then G; move the average of G
    then: step E on images of the average of G, which is frozen

R maps an image to a unit vector. Of a batch's images it is asked which other image is of the same
identity, at whatever age: the softmax over the batch of cos / 0.1. It has a second head, which
tells the age of an image that nobody knows it of.

Where this differs, and why: the paper's R is a network for faces that was trained elsewhere; here
it learns from the same data, so that R knows whatever is shown, and needs no number of identities.
Distances of R are cosines. The paper takes L-BFGS; here Adam, whose steps for one image do not
depend on those beside it, so that samples do not depend on how many there are. z has a weak prior,
without which it leaves what G has learned. E is told y₀ too, as planes. In an evolution D and R
learn with each generation, and so does E, since no update is the last. The paper's ages are of
faces; see `egan.data.ages` for its groups.

Fitness: the share of held-out images that, brought to another age, are nearest to the truth of
their identity, less the error of their age in groups, see `egan.tasks.ageing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class AgeCganSettings(GameSettings):
    """Settings of an Age-cGAN."""

    STRUCTURAL = ("width", "latent_dim", "embedding_dim")
    MAY_BE_ZERO = ("game_updates", "inversion_steps", "mix", "prior_weight")
    SPACE: ClassVar = {
        "generator_lr": "1e-4,3e-3,log",
        "discriminator_lr": "1e-4,3e-3,log",
        "inversion_steps": "10,50,200",
        "mix": "0,1",
        "prior_weight": "1e-4,1e-1,log",
    }

    width: int = 64
    """Channels next to the image, of all networks; they double inwards."""
    embedding_dim: int = 64
    """Dimensions of what the recogniser returns."""
    encoder_lr: float = 1e-3
    """Adam's learning rate of the encoder."""
    recogniser_lr: float = 1e-3
    """Adam's learning rate of the recogniser."""
    game_updates: int = 1000
    """Updates of the game, after which the encoder learns."""
    inversion_steps: int = 50
    """Steps that an image's code is refined by; 0 for the encoder's."""
    inversion_lr: float = 0.05
    """Adam's learning rate of a code."""
    mix: float = 0.5
    """Weight of identity beside pixels where a code is refined: 0 for pixels alone, 1 for none."""
    prior_weight: float = 1e-3
    """Weight of a code's mean square there."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if self.mix > 1:
            raise ValueError(f"--mix must be in [0, 1], but got {self.mix}.")


def small() -> RunConfig:
    """Icons in five weights of line, 16x16 pixels, in a minute."""
    return RunConfig(
        data=DataConfig(name="aged_icons", image_size=16),
        search=SearchConfig(rounds=12, interval=100),
        settings=AgeCganSettings(
            width=16,
            latent_dim=64,
            batch_size=64,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
            beta2=0.99,
            game_updates=1000,
        ),
    )


def paper() -> RunConfig:
    """Faces of 64x64 pixels in six groups of age, of a table by --data.path, as published."""
    return RunConfig(
        data=DataConfig(name="ages", image_size=64, channels=3),
        search=SearchConfig(rounds=100, interval=1000),
        settings=AgeCganSettings(
            latent_dim=100,
            batch_size=64,
            mix=1.0,
            game_updates=90_000,
            ema_decay=0.0,
        ),
    )


PRESETS = {"small": small, "paper": paper}
SOURCES = {
    "paper": {
        "section 2.1 and DCGAN, from memory": (
            *("latent_dim", "generator_lr", "discriminator_lr", "beta1", "beta2", "batch_size"),
            *("width", "discriminator_steps"),
        ),
        "section 2.2: the identity-preserving one": ("mix",),
        "ours: its recogniser was trained elsewhere": ("embedding_dim", "recogniser_lr"),
        "ours: it takes L-BFGS": ("inversion_steps", "inversion_lr", "prior_weight"),
        "ours": ("encoder_lr", "game_updates"),
        "the paper, which tells of none": ("ema_decay",),
    }
}
