"""CGAN (Mirza and Osindero 2014, "Conditional generative adversarial nets", arXiv 1411.1784).

    min_G max_D E_x,y[log D(x|y)] + E_z,y[log(1 − D(G(z|y)|y))]

The condition y, here a class, joins z in the generator and x in the discriminator; the labels of
samples are drawn with those of the data. An update:

    discriminator_steps times: draw x with its y, z with another y, and step D on both
    draw z and y, and step G along the gradient of −½ E[log D(G(z|y)|y)]
    move the average of G, which makes the samples that are judged

How y joins is `conditioning`:

    concat       the paper's: y as further inputs of both, of a network on images as constant planes
    projection   D(x|y) = sigmoid(psi(f(x)) + <e_y, f(x)>)  (Miyato and Koyama 2018, 1802.05637)
    cbn          projection, and y as gain and shift of G's batch norm (de Vries et al., 1707.00683)

Networks are convolutional by default, with spectral norm in D and Adam. The paper's own, maxout on
MNIST, are the preset `paper`, where gradient descent takes both losses whole: G's is −E[log D], as
for gradient descent a factor is a learning rate. Images are in [−1, 1], so G ends in tanh rather
than in a sigmoid. Two things still differ from the paper: learning rate and momentum stay constant
(there the rate is divided by 1.00004 again and again, down to 1e-6, and momentum grows to 0.7), and
the last weights count, not those of the best validation score.

Fitness: the share of samples that a classifier, fixed and not the discriminator, takes for the
class that was asked for, minus a tenth of the Fréchet distance to the data in its features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class CganSettings(GameSettings):
    """Settings of a CGAN."""

    STRUCTURAL = ("network", "conditioning", "width", "discriminator_width", "latent_dim", "norm")
    SPACE: ClassVar = {
        "generator_lr": "1e-4,3e-3,log",
        "discriminator_lr": "1e-4,3e-3,log",
        "conditioning": "concat|projection|cbn",
        "latent_dim": "8,16,32,64",
        "label_noise": "0,0.1",
    }

    network: Literal["conv", "maxout"] = "conv"
    """Convolutions, or the paper's layers of ReLU against maxout units."""
    conditioning: Literal["concat", "projection", "cbn"] = "concat"
    """How the label joins; see the top of this help."""
    width: int = 32
    """Channels of the generator's last hidden layer; or units of the paper's joint layer."""
    discriminator_width: int = 32
    """Channels of the discriminator's first layer; or maxout units of the paper's joint layer."""
    norm: Literal["spectral", "none"] = "spectral"
    """Constraint on the discriminator's weights."""
    dropout: float = 0.0
    """Share of hidden units that a training step leaves out, in both of the paper's networks."""
    latent: Literal["normal", "uniform", "cube"] = "normal"
    """Distribution of z: N(0, 1), uniform in [-1, 1], or in the unit cube, [0, 1)."""
    optimizer: Literal["adam", "sgd"] = "adam"
    """Adam, or gradient descent with beta1 as its momentum."""
    label_noise: float = 0.0
    """Share of real samples whose label is replaced by a random one in training."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if self.dropout >= 1:
            raise ValueError(f"--dropout must be in [0, 1), but got {self.dropout}.")
        if self.label_noise > 1:
            raise ValueError(f"--label-noise must be in [0, 1], but got {self.label_noise}.")
        if self.network == "maxout" and self.conditioning != "concat":
            raise ValueError(
                f"--conditioning {self.conditioning} needs --network conv; with --network maxout, "
                "give --conditioning concat."
            )


def small() -> RunConfig:
    """Digits of 8x8 pixels, in a minute."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=100),
        settings=CganSettings(
            latent_dim=32, generator_lr=1e-3, discriminator_lr=1e-3, beta2=0.99, ema_decay=0.99
        ),
    )


def paper() -> RunConfig:
    """MNIST as published: 200 + 1000 units joined, against maxout units, by momentum."""
    return RunConfig(
        data=DataConfig(name="mnist", image_size=28),
        search=SearchConfig(rounds=300, interval=500),
        settings=CganSettings(
            network="maxout",
            width=1200,
            discriminator_width=240,
            norm="none",
            latent_dim=100,
            latent="cube",
            batch_size=100,
            dropout=0.5,
            optimizer="sgd",
            generator_lr=0.1,
            discriminator_lr=0.1,
            ema_decay=0.0,
        ),
    )


PRESETS = {"small": small, "paper": paper}
SOURCES = {
    "paper": {
        "section 4.1": (
            "network",
            "conditioning",
            "width",
            "discriminator_width",
            "latent_dim",
            "latent",
            "batch_size",
            "dropout",
            "optimizer",
            "generator_lr",
            "discriminator_lr",
            "beta1",
        ),
        "section 4.1, which tells of none": ("norm", "label_noise", "ema_decay"),
        "GAN's authors' code, sgd.py; the paper does not say": ("discriminator_steps",),
        "without effect on gradient descent": ("beta2",),
    }
}
