"""SeqGAN: sequence generative adversarial nets with policy gradient (Yu et al. 2016, 1609.05473).

A generator says token after token; a discriminator reads whole sequences. Tokens have no gradient,
so that G is a policy, and what it is rewarded by is D's word on whole sequences:

    ∇J = E_{y ~ G} [ Σ_t ∇ log G(y_t | y_1 ... y_{t−1}) (Q_t − b_t) ]
    Q_t = mean of D(y_1 ... y_t, rest) over rests that a roll-out policy says;   Q_T = D(y)

An update, by how many there were:

    first `pretrain_updates`: draw sequences, and descend −log G(y)
    then `discriminator_updates`: draw sequences, have G say as many, step D on the logistic loss
    then: have G say y, ascend ∇J; the roll-out policy follows, φ ← .8 φ + .2 θ;
          step D `discriminator_steps` times, each on sequences said anew

The baseline b_t is ours: the mean of Q_t of the *other* sequences of the batch, which leaves the
expectation as it is. So is the weight of an entropy bonus, 0. The estimator is unbiased where the
roll-out policy is G itself (`rollout_decay` 0); one that lags behind has smoother rewards. As
published D learns from 5 sets of 10,000 sequences, 3 epochs each, for every step of G, about 4,700
steps; here a step of D is a batch of as many real as said sequences. The phases are parts of one
schedule, so that a search, a break and a plot see one run. The paper says that this ratio decides
whether it works; here neither 4 nor 100 steps of D made samples better than contrary rewards did,
see `benchmarks/results/collection_seqgan.md`. For as much time a step of G has many sequences with
one rest each in the small preset, and the paper's 64 with 16 in the other.

D is a CNN for texts with filters of several lengths and a highway. G is an LSTM. Both start from
torch's own law; the gradients of G are clipped to a norm of 5. The preset `paper` has the published
sizes for texts of one's own, such as poems; the published oracle has 5,000 tokens, ours 50.

Fitness: minus the oracle's NLL of a token of samples where there is an oracle (a policy that says
less makes it better too: reports tell held-out NLL and distinct samples beside it); elsewhere minus
the divergence of n-grams from held-out data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from egan.config import DataConfig, RunConfig, SearchConfig, Settings


@dataclass(frozen=True, kw_only=True)
class SeqGanSettings(Settings):
    """Settings of a SeqGAN."""

    STRUCTURAL = ("width", "embedding", "reader_embedding", "filters", "windows")
    MAY_BE_ZERO = ("pretrain_updates", "discriminator_updates", "discriminator_steps")
    SPACE: ClassVar = {
        "lr": "1e-3,3e-2,log",
        "generator_lr": "1e-4,1e-2,log",
        "discriminator_lr": "1e-4,1e-2,log",
        "rollouts": "1,2,4,8,16",
        "discriminator_steps": "8,32,64,128",
        "entropy": "0,0.1",
    }

    width: int = 32
    """Units of G's LSTM."""
    embedding: int = 32
    """Numbers of an embedding of G."""
    reader_embedding: int = 32
    """Numbers of an embedding of D."""
    filters: int = 64
    """D's filters of a length; the paper has more of some."""
    windows: Literal["few", "paper"] = "few"
    """Lengths that D's filters see: 1, 2, 3 and 5 tokens, or 1 to 10, 15 and 20."""
    dropout: float = 0.25
    """Share of D's features that is left out in training."""
    weight_decay: float = 0.0
    """Weight of the squares of D's last layer."""
    pretrain_updates: int = 1000
    """Updates in which G learns by maximum likelihood."""
    discriminator_updates: int = 300
    """Updates after those, in which D alone learns."""
    discriminator_steps: int = 60
    """Steps of D for each step of the policy gradient."""
    policy_batch_size: int = 512
    """Sequences that are said for a step of the policy gradient."""
    rollouts: int = 1
    """Rests that are said for each part of a sequence (N)."""
    rollout_decay: float = 0.8
    """How much of itself the roll-out policy keeps after a step; 0 for G itself."""
    entropy: float = 0.0
    """Weight of the entropy of what G may say next."""
    temperature: float = 1.0
    """What logits of samples are divided by: below 1 they are likelier, and more alike."""
    lr: float = 1e-2
    """Adam's learning rate of G by maximum likelihood."""
    generator_lr: float = 3e-3
    """Adam's learning rate of G by the policy gradient."""
    discriminator_lr: float = 1e-3
    """Adam's learning rate of D."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if self.dropout >= 1:
            raise ValueError(f"--dropout must be in [0, 1), but got {self.dropout}.")
        if self.temperature <= 0:
            raise ValueError(f"--temperature must be above 0, but got {self.temperature}.")
        if self.policy_batch_size < 2:
            raise ValueError(
                f"--policy-batch-size must be 2 or more, but got {self.policy_batch_size}: a "
                "sequence is compared with the others of its batch."
            )


def small() -> RunConfig:
    """The oracle's language of 50 tokens, in two minutes."""
    return RunConfig(
        data=DataConfig(name="oracle_language"),
        search=SearchConfig(rounds=27, interval=50),
        settings=SeqGanSettings(),
    )


def tunes() -> RunConfig:
    """Pitches of folk songs, in three minutes; egan[data]."""
    return replace(small(), data=DataConfig(name="folk_pitches"))


def paper() -> RunConfig:
    """A text of one's own, with the sizes and rates of the authors' code."""
    return RunConfig(
        data=DataConfig(name="text"),
        search=SearchConfig(rounds=100, interval=250),
        settings=SeqGanSettings(
            reader_embedding=64,
            filters=100,
            windows="paper",
            weight_decay=0.2,
            pretrain_updates=18_750,
            discriminator_updates=6_000,
            discriminator_steps=4_700,
            policy_batch_size=64,
            rollouts=16,
            generator_lr=1e-2,
            discriminator_lr=1e-4,
        ),
    )


PRESETS = {"small": small, "tunes": tunes, "paper": paper}
SOURCES = {
    "paper": {
        "1609.05473, and its authors' code": (
            *("width", "embedding", "reader_embedding", "filters", "windows", "dropout"),
            *("weight_decay", "pretrain_updates", "rollouts", "rollout_decay", "batch_size"),
            "policy_batch_size",
            *("lr", "generator_lr", "discriminator_lr"),
        ),
        "5 sets of 10,000 real and as many said, 3 epochs each, in batches of 64 of both": (
            "discriminator_steps",
        ),
        "ours; as published 50 such sets of 3 epochs, about 47,000": ("discriminator_updates",),
        "ours; as published there is none": ("entropy", "temperature"),
    }
}
