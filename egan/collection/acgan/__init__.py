"""AC-GAN (Odena et al. 2016, "Conditional image synthesis with ...", arXiv 1610.09585).

D has two heads on one body: a logit t of real against made, and an auxiliary classifier P(c | x),
which is not told the class but has to find it:

    L_S = E_x[log σ(t(x))] + E_z,c[log(1 − σ(t(G(z, c))))]
    L_C = E_x,c[log P(c | x)] + E_z,c[log P(c | G(z, c))]

D maximises L_S + λ L_C. G maximises λ L_C − L_S, of which −L_S is E[log σ(t(G(z, c)))] here, whose
gradient does not vanish early on, as in the authors' later code; minimax is L_S itself. λ is
`class_weight`, 1 in the paper. An update:

    D   up    L_S + λ L_C   `discriminator_steps` times, each on samples of its own
    G   up    λ L_C − L_S   new codes; classes as the data have them
    average of G moves

A CGAN's D judges a sample beside the class that was asked for; here D learns what classes look
like, from made samples too. So G is paid for samples that are easy to tell, beside being real:
with a large λ it leaves out those of a class that look like another's, and classes vary less
(Gong et al. 2019, 1907.02690, have the reason: L_C has no H(c | x) of the samples in it).

G is a DCGAN that gets the class, one-hot, beside z; D is DCGAN's too, or with `--network paper`
the paper's, of 3x3 convolutions with stride 2 and 1 in turn, batch norm and dropout.

The preset `paper` is the network for CIFAR-10. It differs in this: no noise is added to what units
give (of the values that were tried, 0 is one), dropout's units are single ones, and G is averaged
or not as a setting says; there it is not.

Fitness: the share of samples that a classifier, fixed and not the discriminator, takes for the
class that was asked for, minus a tenth of the Fréchet distance to the data in its features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class AcganSettings(GameSettings):
    """Settings of an AC-GAN."""

    STRUCTURAL = ("network", "width", "discriminator_width", "latent_dim", "norm")
    SPACE: ClassVar = {
        "generator_lr": "5e-4,2e-2,log",
        "discriminator_lr": "5e-4,2e-2,log",
        "class_weight": "0.1,3,log",
        "latent_dim": "8,16,32,64",
    }

    network: Literal["conv", "paper"] = "conv"
    """DCGAN's networks, or the paper's."""
    width: int = 32
    """Channels of the generator's last hidden layer; they double inwards."""
    discriminator_width: int = 32
    """Channels of the discriminator's first layer; they double inwards."""
    norm: Literal["spectral", "none"] = "spectral"
    """Constraint on the weights of the discriminator's body; the paper's has batch norm."""
    dropout: float = 0.0
    """Share of hidden units of the paper's discriminator that a training step leaves out."""
    class_weight: float = 1.0
    """Weight of the auxiliary classifier's loss, in both players (lambda); 0: no classifier."""
    generator_loss: Literal["heuristic", "minimax"] = "heuristic"
    """What the generator does about the logit: maximise log D, or minimise log(1 - D)."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if self.dropout >= 1:
            raise ValueError(f"--dropout must be in [0, 1), but got {self.dropout}.")


def small() -> RunConfig:
    """MNIST's 5,000 at 16x16, in a minute."""
    return RunConfig(
        data=DataConfig(name="mnist5k", image_size=16),
        search=SearchConfig(rounds=15, interval=100),
        settings=AcganSettings(
            width=16,
            discriminator_width=16,
            latent_dim=32,
            generator_lr=8e-3,
            discriminator_lr=8e-3,
            beta2=0.99,
            ema_decay=0.99,
        ),
    )


def paper() -> RunConfig:
    """CIFAR-10 as published."""
    return RunConfig(
        data=DataConfig(name="cifar10", image_size=32),
        search=SearchConfig(rounds=50, interval=1000),
        settings=AcganSettings(
            network="paper",
            width=96,
            discriminator_width=16,
            latent_dim=100,
            norm="none",
            dropout=0.5,
            batch_size=100,
            ema_decay=0.0,
        ),
    )


PRESETS = {"small": small, "paper": paper}
SOURCES = {
    "paper": {
        "appendix A, table 2, from memory": (
            "network",
            "width",
            "discriminator_width",
            "latent_dim",
            "dropout",
            "batch_size",
            "generator_lr",
            "discriminator_lr",
            "beta1",
            "beta2",
        ),
        "section 3: L_S + L_C": ("class_weight",),
        "ours: its gradient does not vanish early on": ("generator_loss",),
        "algorithm of GAN, in turn": ("discriminator_steps",),
        "the paper, which tells of none": ("norm", "ema_decay"),
    }
}
