"""CapsNet (Sabour et al. 2017, "Dynamic routing between capsules", arXiv 1710.09829).

A capsule is a vector: its length says how surely something is there, its direction how it looks.
Primary capsules u_i come from convolutions; each predicts every class capsule, û_{j|i} = W_ij u_i,
and r rounds of routing, in training and afterwards, decide whose predictions count:

    b_ij = 0, then r times    c_i = softmax_j(b_i),  s_j = Σ_i c_ij û_{j|i},  v_j = squash(s_j),
                              b_ij += û_{j|i} · v_j
    squash(s) = ‖s‖² / (1 + ‖s‖²) · s / ‖s‖

Any number of classes T may be present at once. A decoder draws each of them from its capsule alone:

    L = Σ_k T_k max(0, m⁺ − ‖v_k‖)² + λ (1 − T_k) max(0, ‖v_k‖ − m⁻)²  +  w Σ (x − decoded)²

An update:

    draw images, shifted at random, and find the capsules of their classes
    decode each thing in them from the capsule of its class
    descend L in capsules and decoder at once

Here no gradient flows through the updates of b, and small images get a border. The preset
`overlapped` is the paper's task of two digits, one over the other; each is decoded on its own.

The preset `paper` has the paper's equations. The authors' code (Sarasra/models, research/capsules)
differs: class capsules have biases there, gradients flow through routing, the margin loss is halved
beside the same 0.0005, and weights start from truncated normal laws (deviation 0.05 in the first
convolution, 0.1 in the decoder) with biases of 0.1; here from torch's, and W_ij scaled by its size.

Fitness: the share of held-out images whose classes are exactly those of the longest capsules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from egan.config import DataConfig, RunConfig, SearchConfig, Settings


@dataclass(frozen=True, kw_only=True)
class CapsNetSettings(Settings):
    """Settings of a CapsNet."""

    STRUCTURAL = (
        "kernel",
        "padding",
        "filters",
        "primary_channels",
        "primary_dim",
        "class_dim",
        "hidden",
    )
    MAY_BE_ZERO = ("padding", "shift", "lr_half_life")
    SPACE: ClassVar = {
        "lr": "1e-4,1e-2,log",
        "routing_iterations": "1,2,3,4,5",
        "positive_margin": "0.8,0.95",
        "negative_margin": "0.05,0.2",
        "absent_weight": "0.25,1",
        "reconstruction_weight": "1e-5,1e-2,log",
        "primary_channels": "4,8,16,32",
        "primary_dim": "4|8",
        "class_dim": "8,16,32",
    }

    kernel: int = 9
    """Height and width of both convolutions; images must be at least twice as large, less 1."""
    padding: int = 0
    """Black pixels added on every side of an image, so that its border is seen as often."""
    filters: int = 256
    """Channels of the first convolution."""
    primary_channels: int = 32
    """Primary capsules at each place."""
    primary_dim: int = 8
    """Dimensions of a primary capsule."""
    class_dim: int = 16
    """Dimensions of a class's capsule."""
    hidden: int = 512
    """Units of the decoder's first hidden layer; the second has twice as many."""
    routing_iterations: int = 3
    """Rounds of routing (r)."""
    positive_margin: float = 0.9
    """Length that the capsule of a class that is present should have (m+)."""
    negative_margin: float = 0.1
    """Length that the capsule of an absent class may have (m-)."""
    absent_weight: float = 0.5
    """Weight of absent classes (lambda)."""
    reconstruction_weight: float = 0.0005
    """Weight of the squared error, summed over pixels in [0, 1]; 0 for no reconstruction."""
    shift: int = 0
    """Most pixels that images are shifted by in training, along each axis."""
    lr: float = 1e-3
    """Learning rate at the start."""
    lr_half_life: int = 0
    """Updates in which the learning rate falls to a half; 0 keeps it."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if not self.negative_margin < self.positive_margin <= 1:
            raise ValueError(
                "--negative-margin must be below --positive-margin, and that at most 1, but got "
                f"{self.negative_margin} and {self.positive_margin}."
            )


SMALL = CapsNetSettings(
    kernel=3,
    padding=1,
    filters=64,
    primary_channels=8,
    hidden=128,
    reconstruction_weight=0.005,
    lr=5e-3,
    lr_half_life=800,
)


def small() -> RunConfig:
    """Digits of 8x8 pixels, in half a minute."""
    data, search = DataConfig(name="digits"), SearchConfig(rounds=20, interval=50)
    return RunConfig(data=data, search=search, settings=SMALL)


def overlapped() -> RunConfig:
    """Two digits, one over the other on 12x12 pixels, in a minute."""
    data, search = DataConfig(name="overlapped_digits"), SearchConfig(rounds=20, interval=100)
    return RunConfig(data=data, search=search, settings=SMALL)


def paper() -> RunConfig:
    """MNIST as published: 1152 capsules of 8 dimensions, 8.2 million parameters."""
    return RunConfig(
        data=DataConfig(name="mnist", image_size=28),
        search=SearchConfig(rounds=100, interval=500),
        settings=CapsNetSettings(batch_size=128, shift=2, lr_half_life=34_000),
    )


PRESETS = {"small": small, "overlapped": overlapped, "paper": paper}
SOURCES = {
    "paper": {
        "section 2": ("routing_iterations",),
        "section 3, equation 4": ("positive_margin", "negative_margin", "absent_weight"),
        "section 4, figure 1": (
            "kernel",
            "filters",
            "primary_channels",
            "primary_dim",
            "class_dim",
        ),
        "section 4, figure 1: no border": ("padding",),
        "section 4.1, figure 2": ("hidden", "reconstruction_weight"),
        "section 5": ("shift",),
        "section 4, TensorFlow's default": ("lr",),
        "authors' code, experiment.py": ("batch_size",),
        "authors' code, experiment.py: 0.96 every 2,000 updates": ("lr_half_life",),
    }
}
