"""TP-GAN (Huang et al. 2017, "Beyond face rotation: global and local perception GAN for
photorealistic and identity preserving frontal view synthesis", arXiv 1704.04086).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class TpGanSettings(GameSettings):
    """Settings of TP-GAN."""

    STRUCTURAL = ("width", "discriminator_width", "code_dim", "latent_dim", "local")
    SPACE: ClassVar = {
        "adversarial_weight": "1e-4,1e-1,log",
        "identity_weight": "1e-4,1,log",
        "symmetry_weight": "0,1",
        "generator_lr": "1e-4,5e-3,log",
        "discriminator_lr": "5e-5,2e-3,log",
    }

    latent_dim: int = 100
    """Numbers of noise beside the identity code."""
    width: int = 64
    """Channels of the first layers, doubled from halving to halving, up to 8 times."""
    discriminator_width: int = 64
    """Channels of D's first layer, doubled likewise."""
    code_dim: int = 256
    """Numbers of the identity code, each the larger one of two."""
    local: bool = True
    """Whether there are local pathways beside the global one."""
    patch_weight: float = 3.0
    """Weight of the local pathways' mean absolute difference to the true patches."""
    symmetry_weight: float = 0.3
    """λ1, of the mean absolute difference of the half that was turned away to the other one."""
    adversarial_weight: float = 1e-3
    """λ2, of the adversarial term; with 0 there is no game."""
    identity_weight: float = 3e-3
    """λ3, of the difference of a frozen recogniser's last features; 0 for no recogniser."""
    smoothness_weight: float = 1e-4
    """λ4, of the mean absolute difference of neighbouring pixels."""
    person_weight: float = 1e-3
    """α, of the cross-entropy of the person that the identity code tells."""


def small() -> RunConfig:
    """Rendered heads of 32x32 pixels."""
    return RunConfig(
        data=DataConfig(name="heads"),
        search=SearchConfig(rounds=20, interval=100),
        settings=TpGanSettings(
            batch_size=16,
            width=16,
            discriminator_width=16,
            code_dim=64,
            latent_dim=16,
            generator_lr=1e-3,
        ),
    )


def paper() -> RunConfig:
    """The paper's sizes, for views of 128x128 pixels of yours, with five landmarks."""
    return RunConfig(
        data=DataConfig(name="views", image_size=128, channels=3),
        search=SearchConfig(rounds=200, interval=1000),
        settings=TpGanSettings(batch_size=10, generator_lr=1e-4, discriminator_lr=1e-4),
    )


PRESETS = {"small": small, "paper": paper}

SOURCES: dict[str, dict[str, tuple[str, ...]]] = {"paper": {}}
