"""CAPG-GAN (Hu et al. 2018, "Pose-guided photorealistic face rotation", CVPR).

Of a view I_a of a face, a generator makes the view that is asked for by where its landmarks are to
be: G(I_a, g_a, g_b), with g_a and g_b the landmarks of source and target as heat-maps, one a
landmark. Two agents judge, a couple: the first sees the source beside the view, whether both show
one person, the second the heat-maps beside it, whether the pose is the one that was asked for:

    L_D = Σ_k −E[log D_k(·, I_b)] − E[log(1 − D_k(·, G))],     D_1(I_a, ·), D_2(g_b, ·)
    L_G = λ_pix L_pix − λ_adv Σ_k E[log D_k(·, G)] + λ_id L_id + λ_tv L_tv

    L_pix   mean absolute difference to the true view I_b, at full, half and a quarter of the size
    L_id    mean squared difference of features of a frozen recogniser
    L_tv    mean absolute difference of neighbouring pixels

An update:

    draw views with a source each, and step both agents on L_D
    draw views with a source each, and step G on L_G
    move the average of G, which makes the views that are judged

Where this differs: L_G is divided by 2 λ_adv, which changes nothing under Adam, so that under
`--evolve` a mutation takes the place of both adversarial terms at their weight; λ_adv 0 leaves them
out. Landmarks of a source are the paper's a detector's; here they are read off it by least squares,
fitted once on the training views and saved with the model, so that a picture is all it takes. In
training g_b are the true landmarks of the target, with `asked_mean` those of the mean head at its
yaw; when a yaw is asked for they are always the latter. The recogniser of L_id learns from frontal
views of the training persons, from another seed than the one that judges; the paper's is Light CNN,
trained on millions of faces. L_pix and L_tv are means over pixels. Agents judge patches. The
bottleneck of the U-Net is fully connected. The average of G is ours; the preset `paper` leaves it
out (`ema_decay` 0). The paper is cited from memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class CapgGanSettings(GameSettings):
    """Settings of CAPG-GAN."""

    STRUCTURAL = ("width", "discriminator_width", "bottleneck", "patch_layers", "agents")
    SPACE: ClassVar = {
        "adversarial_weight": "1e-3,1,log",
        "identity_weight": "1e-3,1,log",
        "sigma": "1,3",
        "generator_lr": "2e-4,5e-3,log",
        "discriminator_lr": "5e-5,2e-3,log",
    }

    width: int = 64
    """Channels of the U-Net's first layer; doubled at each halving, up to 8 times."""
    discriminator_width: int = 64
    """Channels of each agent's first layer; doubled at each halving, up to 8 times."""
    bottleneck: int = 256
    """Numbers that a view is encoded in."""
    patch_layers: int = 2
    """Halvings of the agents: they judge patches of 16, 34 or 70 pixels with 1, 2 or 3."""
    agents: Literal["both", "identity", "pose"] = "both"
    """Who judges: the couple, or the agent of one's own that sees the source, or the heat-maps."""
    sigma: float = 1.0
    """Deviation of a landmark's heat-map, in pixels."""
    asked_mean: bool = False
    """Whether landmarks that are asked for in training are the mean head's at the target's yaw."""
    pixel_weight: float = 10.0
    """Weight of the mean absolute difference to the true view."""
    adversarial_weight: float = 0.1
    """Weight of the adversarial term of each agent; with 0 there is no game."""
    identity_weight: float = 0.02
    """Weight of the squared difference of a frozen recogniser's features; 0 for no recogniser."""
    smoothness_weight: float = 1e-4
    """Weight of the mean absolute difference of neighbouring pixels."""

    def check(self) -> None:
        """See that every number is in its range.

        Raises:
            ValueError: One is not.
        """
        super().check()
        if not self.sigma:
            raise ValueError(f"--sigma must be above 0, but got {self.sigma}.")


def small() -> RunConfig:
    """Rendered heads of 32x32 pixels, in three minutes: without L_id, whose recogniser takes more."""
    return RunConfig(
        data=DataConfig(name="heads"),
        search=SearchConfig(rounds=20, interval=100),
        settings=CapgGanSettings(
            batch_size=16,
            width=24,
            discriminator_width=16,
            adversarial_weight=0.02,
            identity_weight=0.0,
            generator_lr=2e-3,
        ),
    )


def paper() -> RunConfig:
    """The sizes for views of 128x128 pixels of yours, with landmarks."""
    return RunConfig(
        data=DataConfig(name="views", image_size=128, channels=3),
        search=SearchConfig(rounds=200, interval=1000),
        settings=CapgGanSettings(batch_size=8, ema_decay=0.0),
    )


PRESETS = {"small": small, "paper": paper}

SOURCES = {
    "paper": {
        "section 4.1, the weights of the terms": (
            *("pixel_weight", "adversarial_weight", "identity_weight", "smoothness_weight"),
        ),
        "section 3.1: the couple, and heat-maps of the target's own landmarks": (
            *("agents", "asked_mean"),
        ),
        "ours, of pix2pix's size: its layers are told in a figure": (
            *("width", "discriminator_width", "patch_layers", "bottleneck"),
        ),
        "no code z": ("latent_dim",),
        "one step of each": ("discriminator_steps",),
        "ours, not from the paper": (
            *("sigma", "batch_size", "generator_lr", "discriminator_lr", "beta1", "beta2"),
            "ema_decay",
        ),
    }
}
