"""IntroVAE (Huang et al. 2018, "Introspective variational autoencoders", arXiv 1807.06358).

A VAE whose encoder q(z|x) = N(μ, σ²) also plays the discriminator: the divergence from the prior,

    R(x) = KL(q(z|x) ‖ N(0, 1)) = ½ Σ_j (μ_j² + σ_j² − log σ_j² − 1),

is an energy, low for real images and at least m for made ones. With the reconstruction x_r = G(z),
z ~ q(z|x), a sample x_p = G(z_p), z_p ~ N(0, 1), and A = ½ Σ (x_r − x)², an update descends

    L_E = R(x) + α Σ_{s = r, p} max(0, m − R(sg[x_s])) + β A      in the encoder E, and then
    L_G = α Σ_{s = r, p} R(x_s) + β A                             in the decoder G

(sg stops gradients). The first `warm_up` updates descend the VAE's loss R + β A. If `margin` is 0,
m is `margin_factor` times the divergence of real images at their end: far above it, E wins at once.
Without a warm-up m may lie higher, as in the paper's own settings: E then sees poor images early,
and learns that what is no image at all is far from the prior too. An update:

    draw images x, z ~ q(z|x) and z_p ~ N(0, 1)
    descend L_E in E, on what G makes of both
    descend L_G in G, on the same codes

By default residual blocks normalise and activate before their convolutions, and images end in a
tanh. The preset `paper` has the layers of the authors' code (hhb072/IntroVAE, networks.py): batch
norm and LeakyReLU after the first convolution, and after the sum in residual blocks; a ReLU after
G's first layer, a residual block more at full size, and no tanh. Its weights are those of their
script for 256x256 pixels (run_256.sh): G descends the divergences with twice E's weight, which is
`generator_adversarial_weight`; and β is 0.025, since it weighs ½ Σ over pixels in [−1, 1] here, and
there, as 0.05, Σ over pixels in [0, 1]. What stays different: there the margin is held against the
mean divergence of a batch, here against that of each image, as in the paper; and half of the images
are mirrored there.

Fitness: that of samples (-log of the Fréchet distance), minus a tenth of the reconstruction error
of held-out images as a share of their variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from egan.config import DataConfig, RunConfig, SearchConfig, Settings


@dataclass(frozen=True, kw_only=True)
class IntroVaeSettings(Settings):
    """Settings of an IntroVAE."""

    STRUCTURAL = ("network", "width", "latent_dim")
    MAY_BE_ZERO = ("warm_up",)
    SPACE: ClassVar = {
        "margin": "10,160,log",
        "adversarial_weight": "0.05,1,log",
        "reconstruction_weight": "0.1,30,log",
        "encoder_lr": "1e-4,2e-3,log",
        "generator_lr": "1e-4,2e-3,log",
        "latent_dim": "8,16,32,64",
    }

    network: Literal["preactivated", "paper"] = "preactivated"
    """Norm and activation before the convolutions, or the layers of the authors' code."""
    width: int = 32
    """Channels of the encoder's first convolution, doubled at each halving, up to 512."""
    latent_dim: int = 16
    """Dimensions of the latent code z."""
    reconstruction_weight: float = 5.0
    """Weight of half the squared error, summed over pixels in [-1, 1] (beta)."""
    adversarial_weight: float = 0.25
    """Weight of the divergence of what the decoder makes (alpha)."""
    generator_adversarial_weight: float = 0.0
    """The same in the decoder's loss, where it differs; 0 for the encoder's."""
    margin: float = 0.0
    """Divergence that made images should have (m); 0 for margin_factor times the real ones'."""
    margin_factor: float = 1.5
    """What the divergence of real images after the warm-up is multiplied by, if margin is 0."""
    warm_up: int = 400
    """Updates as a plain VAE at the start."""
    encoder_lr: float = 1e-3
    """Adam's learning rate of the encoder."""
    generator_lr: float = 1e-3
    """Adam's learning rate of the decoder."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if not self.margin and not (self.warm_up and self.margin_factor):
            raise ValueError(
                "--margin 0 takes the margin from the divergence that is measured in the warm-up: "
                f"give --warm-up and --margin-factor above 0 (got {self.warm_up} and "
                f"{self.margin_factor}), or a --margin."
            )


def small() -> RunConfig:
    """Digits of 8x8 pixels, in a minute and a half."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=100),
        settings=IntroVaeSettings(margin=40.0, warm_up=0),
    )


def paper() -> RunConfig:
    """Faces of 256x256 pixels, such as CelebA-HQ, from a folder, as in the authors' script."""
    return RunConfig(
        data=DataConfig(name="folder", image_size=256),
        search=SearchConfig(rounds=300, interval=1000),
        settings=IntroVaeSettings(
            network="paper",
            width=32,
            latent_dim=512,
            batch_size=16,
            reconstruction_weight=0.025,
            adversarial_weight=0.25,
            generator_adversarial_weight=0.5,
            margin=120.0,
            warm_up=0,
            encoder_lr=2e-4,
            generator_lr=2e-4,
        ),
    )


PRESETS = {"small": small, "paper": paper}
SOURCES = {
    "paper": {
        "authors' code, run_256.sh": (
            *("width", "latent_dim", "batch_size", "margin", "warm_up"),
            *("encoder_lr", "generator_lr"),
        ),
        "authors' code, run_256.sh: 0.05 of the error in [0, 1], without the half": (
            "reconstruction_weight",
        ),
        "authors' code, main.py: 0.5 weight_neg of 0.5": ("adversarial_weight",),
        "authors' code, main.py: 0.5": ("generator_adversarial_weight",),
        "authors' code, networks.py": ("network",),
        "ours; of no effect beside a margin": ("margin_factor",),
    }
}
