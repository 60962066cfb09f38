"""Boltzmann machines, restricted (RBM) and deep (DBM): binary units, joined layer by layer.

    E(v, h) = −a·v − b·h − v W h,      p(v, h) = exp(−E) / Z
    P(h_j = 1 | v) = σ(b_j + Σ_i v_i w_ij),      P(v_i = 1 | h) = σ(a_i + Σ_j w_ij h_j)

of pixels v that are black or white, and hidden units h. The gradient of log p(v) is an expectation
under the data less one under the machine, of v_i h_j for w_ij, v_i for a_i, h_j for b_j. The second
one is taken after k rounds of Gibbs sampling from the data (contrastive divergence, CD-k: Hinton
2002, "Training products of experts by minimizing contrastive divergence"), or from chains that go
on from update to update (persistent: Tieleman 2008, "Training restricted Boltzmann machines using
approximations to the likelihood gradient").

A second hidden layer makes it a DBM (Salakhutdinov and Hinton 2009, "Deep Boltzmann machines",
AISTATS): the first expectation is then one under a factorial q(h | v), found by the mean-field
equations, and log p(v) has the lower bound E_q[−E] + H(q) − log Z, which with one hidden layer is
log p(v) itself. An update:

    draw samples, and find their hidden units' means
    go on with the chains by k rounds of Gibbs sampling
    descend E(data, means) − E(chains)

`pretraining` trains layer after layer by CD-1 first, as RBMs whose layer at an end of the machine
counts twice.

Samples come from a chain that starts in noise: neighbours in it are alike, for long where the
machine has learned well. The report shows how alike: a machine's drawback. Z is estimated by
annealed importance sampling (Salakhutdinov and Murray 2008), which is likely to find it too small,
so that log-likelihoods are flattered where chains hardly move; of few units it is summed.

The fitness, in nats, needs no Z: the pseudo-likelihood Σ_i log P(v_i | all others) of held-out
data, of a DBM by its bounds, and of large images of some pixels. The paper presets' sizes and rates
are told from memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from egan.config import DataConfig, RunConfig, SearchConfig, Settings


@dataclass(frozen=True, kw_only=True)
class RbmSettings(Settings):
    """Settings of a Boltzmann machine."""

    STRUCTURAL = ("hidden", "second_hidden", "num_chains", "optimizer")
    MAY_BE_ZERO = ("second_hidden", "pretraining")
    SPACE: ClassVar = {
        "lr": "1e-3,0.3,log",
        "gibbs_steps": "1,5,10",
        "hidden": "16,32,64,128,256",
        "weight_decay": "1e-5,1e-2,log",
        "beta1": "0,0.9",
        "persistent": "true|false",
    }

    hidden: int = 64
    """Units of the hidden layer."""
    second_hidden: int = 0
    """Units of a second one on top, which makes the machine a deep one; 0 for none."""
    persistent: bool = True
    """Let chains go on from update to update; else each starts at a sample of the data."""
    num_chains: int = 100
    """Chains that go on."""
    gibbs_steps: int = 1
    """Rounds of Gibbs sampling in an update (k)."""
    mean_field_steps: int = 10
    """Rounds of the mean-field equations; with one hidden layer the first is enough."""
    pretraining: int = 0
    """Updates of each hidden layer on its own at first."""
    sampling_steps: int = 200
    """Rounds of Gibbs sampling from noise to a sample."""
    lr: float = 0.1
    """Learning rate."""
    optimizer: Literal["sgd", "adam"] = "sgd"
    """Gradient descent with momentum, or Adam."""
    beta1: float = 0.5
    """Momentum."""
    weight_decay: float = 2e-4
    """Weight of half of the weights' squares."""


def small() -> RunConfig:
    """Digits of 8x8 pixels in black and white, in half a minute."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=200),
        settings=RbmSettings(),
    )


def deep() -> RunConfig:
    """The same with a second hidden layer: a deep Boltzmann machine, in a minute."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=200),
        settings=RbmSettings(second_hidden=32, pretraining=500, gibbs_steps=5),
    )


def mnist() -> RunConfig:
    """5,000 digits of MNIST in black and white, in a few minutes."""
    return RunConfig(
        data=DataConfig(name="mnist5k"),
        search=SearchConfig(rounds=20, interval=200),
        settings=RbmSettings(hidden=200),
    )


def paper() -> RunConfig:
    """MNIST, 500 hidden units, contrastive divergence."""
    return RunConfig(
        data=DataConfig(name="mnist", image_size=28),
        search=SearchConfig(rounds=100, interval=600),
        settings=RbmSettings(hidden=500, persistent=False, batch_size=100, beta1=0.9),
    )


def paper_deep() -> RunConfig:
    """MNIST, a deep machine of 500 and 1,000 hidden units."""
    return RunConfig(
        data=DataConfig(name="mnist", image_size=28),
        search=SearchConfig(rounds=300, interval=600),
        settings=RbmSettings(
            hidden=500,
            second_hidden=1000,
            batch_size=100,
            gibbs_steps=5,
            pretraining=60_000,
            lr=0.001,
            beta1=0.9,
        ),
    )


PRESETS = {"small": small, "deep": deep, "mnist": mnist, "paper": paper, "paper_deep": paper_deep}
_COMMON = {
    "authors' code, from memory": ("batch_size", "lr", "beta1", "weight_decay", "optimizer"),
    "ours": ("sampling_steps",),
}
SOURCES = {
    "paper": {
        **_COMMON,
        "the first layer of the deep machine's paper, from memory": ("hidden", "second_hidden"),
        "Hinton 2002: CD-1": ("gibbs_steps", "persistent"),
        "of no effect here": ("mean_field_steps", "pretraining", "num_chains"),
    },
    "paper_deep": {
        **_COMMON,
        "Salakhutdinov and Hinton 2009, section 4, from memory": (
            *("hidden", "second_hidden", "num_chains", "gibbs_steps", "mean_field_steps"),
            "persistent",
        ),
        "authors' code, from memory: 100 epochs of 600 batches": ("pretraining",),
    },
}
