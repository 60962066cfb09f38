"""WGAN (Arjovsky et al. 2017, arXiv 1701.07875) and WGAN-GP (Gulrajani et al., arXiv 1704.00028).

    W(p, q) = max over f of slope at most 1 of E_p[f(x)] − E_q[f(x)]

The critic f, D here, maximises the gap E_x[f(x)] − E_z[f(G(z))], which for the best f is the
Wasserstein-1 distance of data and samples; G maximises E_z[f(G(z))]. As a distance it falls
smoothly even where data and samples have nothing in common, so the critic is trained well. An
update:

    discriminator_steps (5) times: draw x and z, and step f along the gradient of the gap
    draw z, and step G along the gradient of E[f(G(z))]
    move the average of G, which makes the samples that are judged

What bounds the slope of f is `constraint`:

    clip      after each step every weight is clipped to [−c, c]; RMSProp, as momentum is harmful
    penalty   λ E[(‖∇f(x̂)‖ − 1)²] is added, x̂ uniform on the line from a sample to a real one; Adam

The penalty is of each sample's own gradient, so its critic has no batch norm. The gap, on held-out
data and without the penalty, is written to metrics.csv as `critic_gap`. A critic's score is no
logit (f and f + 1 are one critic), so mutations and E-GAN's fitness mean nothing here, and
`--evolve` is refused.

Presets of the papers: `paper` (clip, DCGAN's networks at 64x64 pixels, many critic steps at first
and now and then) and `paper_gp` (penalty, residual networks for CIFAR-10 without labels, whose
critic has no norm at all and ends in the mean over the map). `SOURCES` says what comes from where.
They deviate in this: convolutions of `paper` have biases; the authors' code clips before a step of
the critic, and the paper, like this, after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class WganSettings(GameSettings):
    """Settings of a WGAN; beta1 and beta2 are those of Adam, which the penalty goes with."""

    STRUCTURAL = (
        "network",
        "width",
        "discriminator_width",
        "latent_dim",
        "generator_norm",
        "critic_norm",
        "constraint",
        "init",
    )
    MAY_BE_ZERO = ("burst_steps", "decay_updates")
    SPACE: ClassVar = {
        "generator_lr": "1e-4,3e-3,log",
        "discriminator_lr": "1e-4,3e-3,log",
        "discriminator_steps": "1,2,3,5,10",
        "penalty_weight": "0.1,30,log",
        "beta1": "0,0.5",
    }

    network: Literal["conv", "residual", "mlp"] = "conv"
    """DCGAN's networks, residual ones, or fully connected ones for points."""
    width: int = 32
    """Channels of the generator's last hidden layer; or units of its hidden layers."""
    discriminator_width: int = 32
    """Channels of the critic's first layer; or units of its hidden layers."""
    generator_norm: Literal["batch", "none"] = "batch"
    """Normalisation in the generator."""
    critic_norm: Literal["none", "batch"] = "none"
    """Normalisation in the critic; the gradient penalty allows none."""
    constraint: Literal["penalty", "clip"] = "penalty"
    """What bounds the critic's slope: the gradient penalty, or clipped weights."""
    penalty_weight: float = 10.0
    """Weight of the gradient penalty (lambda)."""
    clip: float = 0.01
    """Largest absolute weight of a critic with clipped weights."""
    init: Literal["default", "normal", "glorot"] = "default"
    """Initial weights: torch's own, DCGAN's N(0, 0.02), or uniform ones by Glorot and Bengio."""
    burst_steps: int = 0
    """Critic steps of the first 25 updates and of each 500th; 0 for as many as in any other."""
    generator_batches: int = 1
    """Batches of samples in a step of the generator."""
    dequantise: bool = False
    """Blur the 256 greys of real images: each becomes uniform in its share of [-1, 1]."""
    decay_updates: int = 0
    """Updates over which both rates fall to 0 on a straight line; 0 for constant ones."""

    @property
    def optimizer(self) -> str:
        """RMSprop where weights are clipped, else Adam."""
        return "rmsprop" if self.constraint == "clip" else "adam"

    def check(self) -> None:
        """See that every number is in its range, and that norm and penalty go together."""
        super().check()
        if self.clip == 0:
            raise ValueError("--clip must be above 0, but got 0: every weight would be 0.")
        if self.constraint == "penalty" and self.critic_norm == "batch":
            raise ValueError(
                "--critic-norm batch mixes samples, but the gradient penalty is of each sample's "
                "own gradient. Give --critic-norm none, or --constraint clip."
            )


def small() -> RunConfig:
    """Digits of 8x8 pixels by the gradient penalty, in a minute."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=75),
        settings=WganSettings(
            latent_dim=32,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
            beta1=0.0,
            beta2=0.9,
            discriminator_steps=5,
            ema_decay=0.99,
        ),
    )


def clip() -> RunConfig:
    """Digits of 8x8 pixels by clipped weights."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=75),
        settings=WganSettings(
            constraint="clip",
            clip=0.05,
            latent_dim=32,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
            discriminator_steps=5,
            ema_decay=0.99,
        ),
    )


def gaussians25() -> RunConfig:
    """Twenty-five Gaussians in a plane, by the gradient penalty."""
    return RunConfig(
        data=DataConfig(name="gaussians25"),
        search=SearchConfig(rounds=20, interval=100),
        settings=WganSettings(
            network="mlp",
            width=128,
            discriminator_width=128,
            generator_norm="none",
            penalty_weight=0.1,
            latent_dim=2,
            batch_size=256,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
            beta1=0.0,
            beta2=0.9,
            discriminator_steps=5,
            ema_decay=0.99,
        ),
    )


def paper() -> RunConfig:
    """WGAN at 64x64 pixels as published; give the folder of yours by --data.path."""
    return RunConfig(
        data=DataConfig(name="folder", image_size=64, channels=3),
        search=SearchConfig(rounds=200, interval=1000),
        settings=WganSettings(
            constraint="clip",
            critic_norm="batch",
            width=64,
            discriminator_width=64,
            latent_dim=100,
            generator_lr=5e-5,
            discriminator_lr=5e-5,
            discriminator_steps=5,
            burst_steps=100,
            init="normal",
            ema_decay=0.0,
        ),
    )


def paper_gp() -> RunConfig:
    """WGAN-GP on CIFAR-10 as published: residual networks of 128 channels."""
    return RunConfig(
        data=DataConfig(name="cifar10", image_size=32),
        search=SearchConfig(rounds=100, interval=1000),
        settings=WganSettings(
            network="residual",
            width=128,
            discriminator_width=128,
            latent_dim=128,
            generator_lr=2e-4,
            discriminator_lr=2e-4,
            beta1=0.0,
            beta2=0.9,
            discriminator_steps=5,
            generator_batches=2,
            dequantise=True,
            decay_updates=100_000,
            init="glorot",
            ema_decay=0.0,
        ),
    )


PRESETS = {
    "small": small,
    "clip": clip,
    "gaussians25": gaussians25,
    "paper": paper,
    "paper_gp": paper_gp,
}
SIZES = (
    "batch_size",
    "latent_dim",
    "width",
    "discriminator_width",
    "generator_lr",
    "discriminator_lr",
    "discriminator_steps",
)
SOURCES = {
    "paper": {
        "authors' code, main.py": (
            *SIZES,
            "constraint",
            "clip",
            "init",
            "burst_steps",
            "generator_batches",
            "dequantise",
            "decay_updates",
        ),
        "authors' code, models/dcgan.py": ("network", "generator_norm", "critic_norm"),
        "authors' code: G is not averaged": ("ema_decay",),
        "ours, without effect here": ("penalty_weight", "beta1", "beta2"),
    },
    "paper_gp": {
        "authors' code, gan_cifar_resnet.py": (
            *SIZES,
            "constraint",
            "penalty_weight",
            "beta1",
            "beta2",
            "generator_batches",
            "dequantise",
            "decay_updates",
            "burst_steps",
            "network",
            "generator_norm",
            "critic_norm",
        ),
        "authors' code, tflib/ops/conv2d.py and linear.py": ("init",),
        "authors' code: G is not averaged": ("ema_decay",),
        "ours, without effect here": ("clip",),
    },
}
