"""f-GAN (Nowozin et al. 2016, "f-GAN: training generative neural samplers", arXiv 1606.00709).

For a convex f, D_f(p‖q) = ∫ q f(p/q) is at least

    F(G, V) = E_x[g(V(x))] − E_z[f*(g(V(G(z))))]

with equality where g(V) = f'(p/q); f* is the conjugate of f, and g brings the network's output
V(x), any real number, to where f* is finite (`egan.losses.divergences` has the table of them). V
maximises F and G minimises it, so that G comes near the data in the divergence that was chosen: one
that seeks modes (reverse_kl) or covers them (kl). By the paper's advice for the start, `heuristic`
has G maximise E_z[g(V(G(z)))] instead.

The paper's single-step method takes both gradients at one point and moves both players at once.
It is `simultaneous`; else an update is:

    discriminator_steps times: draw x and z, and step V along the gradient of −F
    draw z, and step G along the gradient of its part of F, or of the heuristic
    move the average of G, which makes the samples that are judged

G is fully connected, with batch norm, or the linear map μ + σ z, with which a Gaussian is fitted as
in the paper's first experiment. V is fully connected, with tanh units for such a fit. Outputs are
held within ±`bound`, since f* of some is exponential.

The preset `paper` differs from the published in three things: images are in [−1, 1], so G ends in
tanh rather than in a sigmoid; `bound` is ours; a run has 10,000 updates where the paper's takes an
hour. Initial weights are uniform within the published scales, as in the configuration that the
paper takes them from, and biases 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig

Divergence = Literal[
    "kl",
    "reverse_kl",
    "pearson",
    "squared_hellinger",
    "jensen_shannon",
    "gan",
    "total_variation",
]


@dataclass(frozen=True, kw_only=True)
class FganSettings(GameSettings):
    """Settings of an f-GAN."""

    STRUCTURAL = (
        "network",
        "latent_dim",
        "width",
        "discriminator_width",
        "depth",
        "units",
        "generator_scale",
        "discriminator_scale",
    )
    SPACE: ClassVar = {
        "divergence": "|".join(get_args(Divergence)),
        "generator_lr": "1e-4,2e-3,log",
        "discriminator_lr": "1e-4,2e-3,log",
        "heuristic": "true|false",
        "bound": "2,20,log",
        "discriminator_width": "64,128,256,512",
    }

    divergence: Divergence = "gan"
    """What is minimised; gan is the usual game, twice the Jensen-Shannon divergence - log 4."""
    heuristic: bool = True
    """Whether G maximises E[g(V(G(z)))], which has stronger slopes at the start."""
    simultaneous: bool = False
    """Whether both players move at once, on the gradients of one pass."""
    bound: float = 10.0
    """Largest absolute value of the network's output V, which a smooth clip keeps."""
    network: Literal["mlp", "linear"] = "mlp"
    """Fully connected G and V, or G linear in z and V of tanh units."""
    width: int = 128
    """Units of each of the generator's hidden layers."""
    discriminator_width: int = 128
    """Units of each of V's hidden layers."""
    depth: int = 2
    """Hidden layers of both networks."""
    units: Literal["leaky_relu", "elu"] = "leaky_relu"
    """V's units: LeakyReLU with slope .2, or the paper's exponential linear ones."""
    latent: Literal["normal", "uniform"] = "normal"
    """Distribution of z: N(0, 1), or uniform in [-1, 1]."""
    generator_scale: float = 0.0
    """G's initial weights are uniform within this much of 0; 0 leaves them to torch."""
    discriminator_scale: float = 0.0
    """The same of V's."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if self.bound == 0:
            raise ValueError("--bound must be above 0, but got 0.")
        if self.simultaneous and self.discriminator_steps > 1:
            raise ValueError(
                f"--discriminator-steps {self.discriminator_steps} has no place in --simultaneous, "
                "where each player takes one step; leave one of them out."
            )


def small() -> RunConfig:
    """Digits of 8x8 pixels, in half a minute."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=200),
        settings=FganSettings(
            latent_dim=32,
            width=256,
            discriminator_width=256,
            generator_lr=5e-4,
            discriminator_lr=5e-4,
            beta1=0.0,
            beta2=0.99,
            ema_decay=0.998,
        ),
    )


def line() -> RunConfig:
    """One Gaussian fitted to two, the paper's first experiment: where it lies shows the divergence.

    Of the divergences themselves, not of the heuristic.
    """
    return RunConfig(
        data=DataConfig(name="bimodal"),
        search=SearchConfig(rounds=20, interval=200),
        settings=FganSettings(
            divergence="kl",
            heuristic=False,
            network="linear",
            latent_dim=1,
            discriminator_width=64,
            batch_size=1024,
            generator_lr=2e-3,
            discriminator_lr=5e-3,
            discriminator_steps=5,
            ema_decay=0.998,
        ),
    )


def paper() -> RunConfig:
    """MNIST as published: 1200-1200 with batch norm against 240-240, batches of 4096, Adam."""
    return RunConfig(
        data=DataConfig(name="mnist", image_size=28),
        search=SearchConfig(rounds=100, interval=100),
        settings=FganSettings(
            divergence="kl",
            latent_dim=100,
            width=1200,
            discriminator_width=240,
            batch_size=4096,
            simultaneous=True,
            units="elu",
            latent="uniform",
            generator_scale=0.05,
            discriminator_scale=0.005,
            generator_lr=2e-4,
            discriminator_lr=2e-4,
            ema_decay=0.0,
        ),
    )


PRESETS = {"small": small, "line": line, "paper": paper}
SOURCES = {
    "paper": {
        "section 4.1": (
            "batch_size",
            "latent_dim",
            "latent",
            "generator_lr",
            "discriminator_lr",
            "beta1",
            "units",
        ),
        "section 4.1: each divergence in turn, kl the first": ("divergence",),
        "section 3.2": ("heuristic",),
        "algorithm 1": ("simultaneous", "discriminator_steps"),
        "appendix, networks for MNIST": (
            "network",
            "width",
            "discriminator_width",
            "depth",
            "generator_scale",
            "discriminator_scale",
        ),
        "Adam's default": ("beta2",),
        "none is published": ("ema_decay",),
        "ours": ("bound",),
    }
}
