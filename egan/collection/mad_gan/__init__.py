"""MAD-GAN (Ghosh et al. 2017, "Multi-agent diverse generative adversarial networks", 1704.02906).

M generators share a batch and their first layers. The discriminator has M + 1 outputs, a softmax:
D_i(x) is the probability that generator i made x, D_{M+1}(x) that x is real. It has to tell who
made a sample, which by the paper's argument drives generators to modes of their own:

    L_D = −E_x[log D_{M+1}(x)] − (1/M) Σ_i E_z[log D_i(G_i(z))]
    L_{G_i} = E_z[log(1 − D_{M+1}(G_i(z)))]

For the best D the generators minimise a divergence of (M + 1) laws, whose minimum is where the mean
of their laws is the data's; no generator alone has to have it. It says nothing on which generator
has which mode: of the best D, the odds of real to made, which is all that generators follow, are
the same whether it tells them apart or not. An update:

    discriminator_steps times: draw x and z, deal z to the generators, and step D along L_D
    draw z, deal it, and step all generators, each on what it made
    move the average of the generators, which makes the samples that are judged

The logit of x is o_{M+1} − log Σ_i exp o_i, the log-odds of real to made, so that L_D on real
samples is the plain game's, and on made ones it is the plain game's and the cross-entropy of the
owner among generators. Without `identify` the second part is gone: D has one output for all that is
made: the plain game of M generators that share a batch. By default generators maximise
log D_{M+1}(G_i(z)), as in the plain game (`generator_loss`: minimax is the published one).

Networks are fully connected, or DCGAN's with batch norm, each generator with statistics of its own.
`shared` counts the hidden layers that the generators have in common. What is said of the paper and
of the paper preset is told from memory, and so are the five modes of the preset `line`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class MadGanSettings(GameSettings):
    """Settings of a MAD-GAN."""

    STRUCTURAL = (
        *("network", "num_generators", "identify", "shared"),
        *("latent_dim", "width", "discriminator_width", "depth"),
    )
    MAY_BE_ZERO: ClassVar = ("shared",)
    SPACE: ClassVar = {
        "generator_lr": "1e-4,5e-3,log",
        "discriminator_lr": "1e-4,5e-3,log",
        "num_generators": "2,3,4,8",
        "identify": "true|false",
        "shared": "0,1,2",
        "discriminator_steps": "1,2,3",
    }

    num_generators: int = 4
    """Generators, which share the batch."""
    identify: bool = True
    """Whether the discriminator has to tell which generator made a sample."""
    shared: int = 1
    """Hidden layers, the first ones, that all generators have in common."""
    network: Literal["mlp", "dcgan"] = "mlp"
    """Fully connected networks, or DCGAN's."""
    width: int = 32
    """Units of each of a generator's hidden layers, or channels of its last one."""
    discriminator_width: int = 128
    """Units of each of the discriminator's hidden layers, or channels of its first one."""
    depth: int = 3
    """Hidden layers of both networks; of mlp alone."""
    latent: Literal["normal", "uniform"] = "normal"
    """Distribution of z: N(0, 1), or uniform in [-1, 1]."""
    generator_loss: Literal["heuristic", "minimax"] = "heuristic"
    """What the generators minimise; --list has the formulas."""


def small() -> RunConfig:
    """Twenty-five Gaussians in a plane and four generators, in a minute."""
    return RunConfig(
        data=DataConfig(name="gaussians25"),
        search=SearchConfig(rounds=20, interval=200),
        settings=MadGanSettings(
            batch_size=128,
            latent_dim=16,
            generator_lr=2e-3,
            discriminator_lr=2e-3,
            ema_decay=0.99,
        ),
    )


def line() -> RunConfig:
    """The paper's first experiment: four generators, and five modes on a line."""
    return RunConfig(
        data=DataConfig(name="five_modes"),
        search=SearchConfig(rounds=20, interval=200),
        settings=MadGanSettings(
            batch_size=256,
            latent_dim=16,
            generator_lr=2e-3,
            discriminator_lr=2e-3,
            ema_decay=0.99,
        ),
    )


def digits() -> RunConfig:
    """Digits of 8x8 pixels, and four generators."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=200),
        settings=MadGanSettings(
            latent_dim=32,
            width=128,
            discriminator_width=256,
            depth=2,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
            beta2=0.99,
            ema_decay=0.998,
        ),
    )


def paper() -> RunConfig:
    """Stacked MNIST with three generators of DCGAN's form."""
    return RunConfig(
        data=DataConfig(name="stacked_mnist", image_size=28),
        search=SearchConfig(rounds=100, interval=500),
        settings=MadGanSettings(
            batch_size=64,
            num_generators=3,
            network="dcgan",
            latent_dim=100,
            width=64,
            discriminator_width=64,
            latent="uniform",
            generator_loss="minimax",
            ema_decay=0.0,
        ),
    )


PRESETS = {"small": small, "line": line, "digits": digits, "paper": paper}
SOURCES = {
    "paper": {
        "section 3, from memory": ("identify", "generator_loss", "discriminator_steps"),
        "section 3.3, from memory: the first layers are shared; how many is ours": ("shared",),
        "section 4.2, stacked MNIST, from memory": ("num_generators", "latent_dim", "latent"),
        "DCGAN, on which the paper's networks are modelled, from memory": (
            *("network", "width", "discriminator_width"),
            *("generator_lr", "discriminator_lr", "beta1"),
        ),
        "ours": ("batch_size",),
        "ours, without effect here": ("depth",),
        "Adam's default": ("beta2",),
        "none is published": ("ema_decay",),
    }
}
