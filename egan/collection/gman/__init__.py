"""GMAN (Durugkar et al. 2016, "Generative multi-adversarial networks", arXiv 1611.01673).

One generator meets N discriminators, each of which plays the usual game with it:

    V_i = E_x[log D_i(x)] + E_z[log(1 − D_i(G(z)))],      D_i maximises V_i

G minimises a soft maximum of them, so that it listens to those that it fools least:

    F(V) = Σ_i w_i V_i,      w = softmax(λ V)

At λ = 0 it is their mean, a forgiving teacher, and as λ grows it is the largest, a critic as hard
as the best of N. With `learn_softness` G chooses λ = log(1 + e^Λ) itself: it minimises F − c λ over
its weights and Λ, where c is `softness_reward`, which pays for harder critics. An update:

    discriminator_steps times: draw x and z, and step all D_i
    draw x and z, and step G (and Λ) along the gradient of F(V) (− c λ)
    move the average of G, which makes the samples that are judged

By default G minimises the same soft maximum of −E[log D_i(G(z))] (`generator_loss`: minimax is the
published one, of V). D_i differ in their initial weights, with `varied` in their widths, and with
`split` each learns from samples of its own, its share of the batch. All minimise the mean of their
losses: under Adam its steps are those of their own. An evolution puts a mutation of all logits in
the place of F, whose mean is λ = 0.

Networks are fully connected, or DCGAN's with batch norm. What is said of the paper and of the paper
preset is told from memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class GmanSettings(GameSettings):
    """Settings of a GMAN."""

    STRUCTURAL = (
        *("network", "num_discriminators", "varied", "learn_softness"),
        *("latent_dim", "width", "discriminator_width", "depth"),
    )
    SPACE: ClassVar = {
        "generator_lr": "1e-4,5e-3,log",
        "discriminator_lr": "1e-4,5e-3,log",
        "num_discriminators": "1,2,3,5",
        "softness": "0,10",
        "split": "true|false",
        "generator_loss": "heuristic|minimax",
    }

    num_discriminators: int = 3
    """Discriminators that one generator meets."""
    softness: float = 1.0
    """The lambda of the soft maximum over discriminators, from 0, their mean; where it is learned,
    its start."""
    learn_softness: bool = False
    """Whether the generator chooses the softness, see the reward."""
    softness_reward: float = 0.001
    """What the generator gets for each unit of a softness that it chooses."""
    split: bool = False
    """Whether each discriminator learns from a share of the batch of its own."""
    varied: bool = False
    """Whether discriminators have all, half and a quarter of the width in turn."""
    network: Literal["mlp", "dcgan"] = "mlp"
    """Fully connected networks, or DCGAN's."""
    width: int = 256
    """Units of each of the generator's hidden layers, or channels of its last one."""
    discriminator_width: int = 128
    """Units of each of a discriminator's hidden layers, or channels of its first one."""
    depth: int = 2
    """Hidden layers of all networks; of mlp alone."""
    latent: Literal["normal", "uniform"] = "normal"
    """Distribution of z: N(0, 1), or uniform in [-1, 1]."""
    generator_loss: Literal["heuristic", "minimax"] = "heuristic"
    """What the generator minimises of each discriminator."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if self.learn_softness and self.softness == 0:
            raise ValueError("--softness must be above 0 where it is learned, but got 0.0.")


def small() -> RunConfig:
    """Digits of 8x8 pixels and three discriminators, in a minute."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=200),
        settings=GmanSettings(
            latent_dim=32,
            generator_lr=2e-3,
            discriminator_lr=2e-3,
            beta2=0.99,
            ema_decay=0.998,
        ),
    )


def learned() -> RunConfig:
    """The same, where the generator chooses the softness."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=200),
        settings=GmanSettings(
            latent_dim=32,
            learn_softness=True,
            generator_lr=2e-3,
            discriminator_lr=2e-3,
            beta2=0.99,
            ema_decay=0.998,
        ),
    )


def paper() -> RunConfig:
    """CIFAR-10 with five discriminators of three widths, and a softness that G chooses."""
    return RunConfig(
        data=DataConfig(name="cifar10", image_size=32),
        search=SearchConfig(rounds=100, interval=500),
        settings=GmanSettings(
            batch_size=100,
            num_discriminators=5,
            learn_softness=True,
            split=True,
            varied=True,
            network="dcgan",
            latent_dim=100,
            width=32,
            discriminator_width=32,
            latent="uniform",
            generator_loss="minimax",
            ema_decay=0.0,
        ),
    )


PRESETS = {"small": small, "learned": learned, "paper": paper}
SOURCES = {
    "paper": {
        "section 4, from memory": ("learn_softness", "softness_reward", "generator_loss"),
        "section 6, from memory": ("num_discriminators",),
        "appendix, networks, from memory": (
            *("network", "latent_dim", "latent", "width", "discriminator_width", "varied"),
        ),
        "appendix, experimental setup, from memory": (
            *("batch_size", "split", "generator_lr", "discriminator_lr", "beta1"),
        ),
        "algorithm 1, from memory": ("discriminator_steps",),
        "ours: where the choice starts": ("softness",),
        "ours, without effect here": ("depth",),
        "Adam's default": ("beta2",),
        "none is published": ("ema_decay",),
    }
}
