"""GP-GAN (Wu et al. 2017, "GP-GAN: towards realistic high-resolution image blending", 1703.07195).

Of an image whose middle was pasted in from another exposure, darker, of another tint, less sharp, a
generator makes what it looks like in few colours and details, and an equation brings the details
back:

    1. a blending GAN, at `low_size` pixels, of x with its pasted middle and the true image t:
           L_G = λ E[(t − G(x))²] − (1 − λ) E[f(G(x))],       λ = `l2_weight`, .999
           the critic f maximises E[f(t)] − E[f(G(x))], its weights within ±`clip`
    2. level by level, from `low_size` up to the size of the image, each time twice as large:
           min over y of ‖∇y − v‖² + β ‖g_σ ∗ y − y_low‖²
       where v are the differences of x, without the jump at the seam, and y_low is G(x), then what
       the level before has made; in closed form, see `egan.collection.gp_gan.poisson`.

Training is step 1 alone. An update:

    discriminator_steps times: draw x and t, and step f; clip its weights
    draw x and t, and step G on L_G
    move the average of G, which blends the images that are judged

β and σ change no weights. `solver` released has the formula of the authors' script, which is not
the minimum.

Where this differs: L_G is divided by 1 − λ, which changes nothing under Adam. The paper pastes a
square of another photograph of the same scene, taken at another time, and has both whole; here the
square is the image's own, darker, tinted, some less sharp, so that the truth is known, and only
the composite is there: the differences across the seam are means of those on both sides. The
unsupervised variant, which searches codes of a plain GAN, is not here. Values are from memory.

Fitness: PSNR of the blended middle beside the true one, in dB, of images that nobody learned from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from egan.collection.gp_gan.poisson import Solver
from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class GpGanSettings(GameSettings):
    """Settings of a GP-GAN."""

    STRUCTURAL = ("width", "discriminator_width", "bottleneck", "low_size")
    SPACE: ClassVar = {
        "l2_weight": "0.9,0.9999",
        "generator_lr": "2e-4,1e-2,log",
        "discriminator_lr": "5e-5,2e-3,log",
        "discriminator_steps": "1,2,5",
        "colour_weight": "0.05,20,log",
        "sigma": "0.5,1,2",
    }

    width: int = 64
    """Channels of the encoder's first layer and of the decoder's last; they double inwards."""
    discriminator_width: int = 64
    """Channels of the critic's first layer; they double inwards."""
    bottleneck: int = 4000
    """Numbers between encoder and decoder."""
    low_size: int = 64
    """Height and width that the generator works at; that of the images where these are smaller."""
    l2_weight: float = 0.999
    """Weight of the squared error, at most 1, which has the rest left to the critic."""
    clip: float = 0.01
    """Bound of the critic's weights."""
    colour_weight: float = 1.0
    """How much the generator's colours count beside details (beta)."""
    sigma: float = 0.5
    """Deviation in pixels of what images are blurred by before colours are compared."""
    solver: Solver = "exact"
    """The minimum, or the formula of the authors' script."""

    def check(self) -> None:
        """See that every number is in its range.

        Raises:
            ValueError: One is not.
        """
        super().check()
        if self.l2_weight >= 1:
            raise ValueError(f"--l2-weight must be below 1, but got {self.l2_weight}.")


def small() -> RunConfig:
    """Emoji of 32x32 pixels drawn by people, in two minutes; egan[data]."""
    return RunConfig(
        data=DataConfig(name="openmoji", image_size=32),
        search=SearchConfig(rounds=15, interval=40),
        settings=GpGanSettings(
            width=16,
            discriminator_width=16,
            bottleneck=256,
            batch_size=32,
            discriminator_steps=2,
            generator_lr=2e-3,
            discriminator_lr=2e-4,
            colour_weight=0.03,
            ema_decay=0.98,
        ),
    )


def paper() -> RunConfig:
    """The blending GAN of the paper at 64x64, for images of 256x256 pixels of a folder of yours."""
    return RunConfig(
        data=DataConfig(name="folder", image_size=256, channels=3),
        search=SearchConfig(rounds=25, interval=1000),
        settings=GpGanSettings(
            batch_size=64,
            discriminator_steps=5,
            generator_lr=2e-3,
            discriminator_lr=2e-4,
            ema_decay=0.0,
        ),
    )


PRESETS = {"small": small, "paper": paper}
SOURCES = {
    "paper": {
        "section 3, from memory": ("l2_weight", "low_size", "bottleneck", "colour_weight", "sigma"),
        "the authors' script, from memory": (
            *("width", "discriminator_width", "clip", "batch_size", "discriminator_steps"),
            *("generator_lr", "discriminator_lr", "beta1"),
        ),
        "the paper's equation, where the script has another": ("solver",),
        "no code z": ("latent_dim",),
        "Adam's default": ("beta2",),
        "none is published": ("ema_decay",),
    }
}
