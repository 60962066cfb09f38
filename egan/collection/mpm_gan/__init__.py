"""MPM-GAN (Ghosh, Kulharia and Namboodiri 2016, "Message passing multi-agent GANs", 1612.01294).

Generators share a batch and one discriminator, and talk: what generator i has in its first hidden
layer goes through a message network φ_i, and is a part of the others' input on the same code z:

    m_i = φ_i(h_i(z)),      G_j(z) = g_j(z, mean of m_i over i ≠ j)

With p(x) = D(x), the probability that x is real, and i any other generator:

    L_D = −E_x[log D(x)] − E_z[log(1 − D(G_j(z)))]                  over all generators alike
    L_{g_j} = −E_z[log D(G_j(z))] + a E_z[max(0, p(G_i(z)) − p(G_j(z)))]
    L_{φ_i} = c E_z[max(0, p(G_i(z)) − p(G_j(z)))]

The competing objective has each generator be better than its counterpart; the co-operation
objective has each message make its hearer better than its sender. So generators learn by the first
line and take what they hear as given, and message networks learn by the second alone, through a
hearer who stays as it is. An update:

    discriminator_steps times: draw x and z, deal z to the generators, and step D along L_D
    draw z, deal it, and step generators and message networks together, each on its own objective
    move the average of all, which makes the samples that are judged

From the paper are the two objectives, and that messages come from a hidden layer; it has two
generators, of which each hears the other. The rest is from memory or ours: more than two hear the
mean, a code's hearer has one counterpart, who is the next in turn, and messages are exchanged once.
With `message_dim` 0 nobody talks: the plain game of generators that share a batch.

Networks are fully connected, or DCGAN's with batch norm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class MpmGanSettings(GameSettings):
    """Settings of an MPM-GAN."""

    STRUCTURAL = (
        *("network", "num_generators", "message_dim"),
        *("latent_dim", "width", "discriminator_width", "depth"),
    )
    MAY_BE_ZERO: ClassVar = ("message_dim",)
    SPACE: ClassVar = {
        "generator_lr": "1e-4,5e-3,log",
        "discriminator_lr": "1e-4,5e-3,log",
        "num_generators": "2,3,4,8",
        "message_dim": "0,8,16,64",
        "competing_weight": "0,2",
        "conceding_weight": "0,2",
        "discriminator_steps": "1,2,3",
    }

    num_generators: int = 2
    """Generators, which share the batch; two or more."""
    message_dim: int = 16
    """Numbers of a message, each in (-1, 1); 0 for none."""
    competing_weight: float = 1.0
    """Weight a of a generator's objective to be better than its counterpart, at least 0."""
    conceding_weight: float = 1.0
    """Weight c of a message's objective to make its hearer better than its sender, at least 0."""
    network: Literal["mlp", "dcgan"] = "mlp"
    """Fully connected networks, or DCGAN's."""
    width: int = 32
    """Units of each of a generator's hidden layers, or channels of its last one."""
    discriminator_width: int = 128
    """Units of each of the discriminator's hidden layers, or channels of its first one."""
    depth: int = 3
    """Hidden layers of both networks; of mlp alone."""


def small() -> RunConfig:
    """Twenty-five Gaussians in a plane and four generators, in a minute and a half."""
    return RunConfig(
        data=DataConfig(name="gaussians25"),
        search=SearchConfig(rounds=20, interval=200),
        settings=MpmGanSettings(
            batch_size=128,
            num_generators=4,
            latent_dim=16,
            generator_lr=2e-3,
            discriminator_lr=2e-3,
            ema_decay=0.99,
        ),
    )


def digits() -> RunConfig:
    """Digits of 8x8 pixels, and two generators."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=200),
        settings=MpmGanSettings(
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
    """Two generators of DCGAN's form on CIFAR-10."""
    return RunConfig(
        data=DataConfig(name="cifar10", image_size=32),
        search=SearchConfig(rounds=100, interval=500),
        settings=MpmGanSettings(
            batch_size=64,
            network="dcgan",
            latent_dim=100,
            width=64,
            discriminator_width=64,
            message_dim=100,
            ema_decay=0.0,
        ),
    )


PRESETS = {"small": small, "digits": digits, "paper": paper}
SOURCES = {
    "paper": {
        "the abstract: two agents, and both objectives": ("num_generators",),
        "ours": (
            *("message_dim", "competing_weight", "conceding_weight", "batch_size"),
            "discriminator_steps",
        ),
        "ours, without effect here": ("depth",),
        "DCGAN, on which the paper's networks are modelled, from memory": (
            *("network", "width", "discriminator_width", "latent_dim"),
            *("generator_lr", "discriminator_lr", "beta1"),
        ),
        "Adam's default": ("beta2",),
        "none is published": ("ema_decay",),
    }
}
