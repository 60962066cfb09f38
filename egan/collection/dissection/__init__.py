"""GAN Dissection (Bau et al. 2018, "GAN dissection ...", arXiv 1811.10597).

Which units u of a generator x = f(r), r a layer's maps, draw the objects of a class c? Not a model
that makes images but one that looks into another's generator:

    dissection      IoU_u,c = E|(r_u↑ > t) ∧ s_c(x)| / E|(r_u↑ > t) ∨ s_c(x)|
    ablation        x_a = f(r with 0 in units U at places P)
    insertion       x_i = f(r with k in units U at places P), k a unit's mean where class c is
    causal effect   δ = E[s_c(x_i)] − E[s_c(x_a)]

with s_c the segmentation and t where I(a; b) / H(a, b) of both masks is largest. U is found by a
relaxed choice α in [0, 1] of units, x_a = f((1 − α) r), x_i = f(α k + (1 − α) r) at P, by Adam on
−δ + λ‖α‖² from α proportional to the IoU; its largest entries are U.

An update, once the generator is trained and its units are compared with the classes:

    draw codes z, and places P for each class
    make x_i and x_a for the α of each class
    descend −δ + λ‖α‖² in α, for all classes at once

Here objects are of one colour each, as in `scenes` and `shapes`, so that the segmentation is known
exactly (`egan.judging.attributes.segment`) and needs no network; for the gradient it is smoothed.
P is one place of the map, to ablate where most of the class is, and to insert where it is not but
may be: as often as most of it is there. The authors keep those places of five where an insertion
adds most, and take 500 updates on 20 such pairs. Their generators are trained already (Progressive
GANs of LSUN). Here the generator is any convolutional one of the collection, given as its run's
model.safetensors (--subject), or a small DCGAN with hinge loss, which the first updates train.

Fitness: the causal effect of a fixed number of units, the mean over classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from egan.config import DataConfig, RunConfig, SearchConfig, Settings


@dataclass(frozen=True, kw_only=True)
class DissectionSettings(Settings):
    """Settings of a dissection."""

    STRUCTURAL = ("subject", "width", "layer")
    MAY_BE_ZERO = ("layer", "subject_updates")
    SPACE: ClassVar = {
        "layer": "0,1",
        "penalty": "1e-4,1,log",
        "num_units": "1,2,4,8,16",
        "threshold": "information|quantile",
        "lr": "1e-3,0.1,log",
    }

    subject: str = ""
    """The model.safetensors whose generator is looked into; by default one is trained first."""
    width: int = 48
    """Channels before the image in the generator that is trained."""
    subject_updates: int = 1200
    """Updates that train that generator."""
    subject_lr: float = 1e-3
    """Learning rate of that generator; its discriminator's is twice as large."""
    layer: int = 1
    """Which map is looked into, counted from the smallest, 0; there is one for each size."""
    num_units: int = 8
    """How many units are ablated or inserted."""
    threshold: Literal["information", "quantile"] = "information"
    """What makes a unit's mask: the most informative threshold, or its highest 0.5%."""
    lr: float = 0.01
    """Learning rate of the choice of units."""
    penalty: float = 0.005
    """Weight of the squared choice of units (lambda)."""


def small() -> RunConfig:
    """Scenes of 16x16 pixels with up to two objects, in a minute and a half."""
    return RunConfig(
        data=DataConfig(name="scenes", image_size=16),
        search=SearchConfig(rounds=14, interval=100),
        settings=DissectionSettings(num_units=2, penalty=0.2),
    )


def paper() -> RunConfig:
    """As many units as are looked into at 8x8 in a generator of 64x64 images; 20 of them chosen."""
    return RunConfig(
        data=DataConfig(name="scenes", image_size=64, channels=3),
        search=SearchConfig(rounds=300, interval=100),
        settings=DissectionSettings(width=128, subject_updates=20_000, num_units=20),
    )


SOURCES = {
    "paper": {
        "section 3.1": ("threshold",),
        "authors' code, aceoptimize.py": ("num_units", "lr", "penalty"),
        "authors' code, proggan.py: layer4, 512 maps of 8x8": ("layer", "width"),
        "ours": ("subject", "subject_updates", "subject_lr", "batch_size"),
    }
}
"""Where each value comes from."""

PRESETS = {"small": small, "paper": paper}
