"""TP-GAN (Huang et al. 2017, "Beyond face rotation", arXiv 1704.04086): faces turned to the front.

Of a view I_p of a face, from any side, G makes the frontal one, by two pathways. The global one
encodes the whole view in an identity code, a layer of maxout, and decodes that with noise z beside
it, with skip links. Four local ones do so with patches around both eyes, the nose and the mouth;
their maps are put where those are on a frontal face, merged by the larger, and go into the last
layers of the global one. D sees frontal views alone, and judges a map of 2x2 patches:

    L_D = −E[log D(I_f)] − E[log(1 − D(G(I_p, z)))]
    L_G = L_pixel + λ1 L_sym + λ2 L_adv + λ3 L_ip + λ4 L_tv + α L_ce

    L_pixel  mean absolute difference to the true frontal view I_f: of the view that is made, of
             smaller ones that are made on the way, and of the local pathways' patches
    L_sym    that of the half of the face that was turned away to the mirror of the other one
    L_adv    −E[log D(G)], the mean over patches
    L_ip     that of the last two layers of a frozen recogniser, between G and I_f
    L_tv     that of neighbouring pixels
    L_ce     cross-entropy of the person that the identity code tells

An update:

    draw views from the side, with the frontal one of the same person each, and step D on L_D
    draw such pairs, and step G on L_G
    move the average of G, which makes the views that are judged

A view whose nose points to the left is mirrored before, and what is made of it after, so that the
half that was turned away is always the right one, as in the paper.

Where this differs: L_G is divided by λ2, which changes nothing under Adam, so that under `--evolve`
a mutation takes the place of L_adv at its weight; λ2 0 leaves the game out. Landmarks of a source
are the paper's a detector's; here they are read off it by least squares, fitted once on the
training views and saved with the model, so that a picture is all it takes, and patches are put
where the mean head has them when it looks ahead. L_sym is of pixels, in the paper of a Laplacian
too. The weights inside L_pixel, 1.5, 1 and 1 of the whole size, a half and a quarter and 3 of
patches, are those of the authors' code, as far as we know it. The recogniser of L_ip learns from
frontal views of the training persons, from another seed than the one that judges; the paper's is
Light CNN, trained on millions of faces. No layer is normalised but those of D. Noise is uniform in
[-1, 1]. The average of G is ours; the preset `paper` leaves it out (`ema_decay` 0). The paper is
cited from memory.
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
    """Channels of the first layers; doubled from halving to halving, up to 8 times."""
    discriminator_width: int = 64
    """Channels of D's first layer; doubled likewise."""
    code_dim: int = 256
    """Numbers of the identity code, each the larger of two."""
    local: bool = True
    """Whether there are local pathways beside the global one."""
    patch_weight: float = 3.0
    """Weight of the local pathways' mean absolute difference to the true patches."""
    symmetry_weight: float = 0.3
    """λ1, of the difference of the half that was turned away to the mirror of the other one."""
    adversarial_weight: float = 1e-3
    """λ2, of the adversarial term; with 0 there is no game."""
    identity_weight: float = 3e-3
    """λ3, of the difference of a frozen recogniser's last two layers; 0 for no recogniser."""
    smoothness_weight: float = 1e-4
    """λ4, of the mean absolute difference of neighbouring pixels."""
    person_weight: float = 1e-3
    """Weight of the cross-entropy of the person that the identity code tells."""


def small() -> RunConfig:
    """Rendered heads of 32x32 pixels, whose halves are not alike: without L_sym."""
    return RunConfig(
        data=DataConfig(name="heads"),
        search=SearchConfig(rounds=10, interval=100),
        settings=TpGanSettings(
            batch_size=8,
            width=16,
            discriminator_width=16,
            code_dim=64,
            latent_dim=16,
            symmetry_weight=0.0,
            identity_weight=0.03,
            generator_lr=1.5e-3,
        ),
    )


def paper() -> RunConfig:
    """The paper's sizes, for views of 128x128 pixels of yours, with five landmarks."""
    return RunConfig(
        data=DataConfig(name="views", image_size=128, channels=3),
        search=SearchConfig(rounds=200, interval=1000),
        settings=TpGanSettings(
            batch_size=10, generator_lr=1e-4, discriminator_lr=1e-4, ema_decay=0.0
        ),
    )


PRESETS = {"small": small, "paper": paper}

SOURCES = {
    "paper": {
        "section 4, the weights of the terms, batch and rates": (
            *("symmetry_weight", "adversarial_weight", "identity_weight", "smoothness_weight"),
            *("person_weight", "batch_size", "generator_lr", "discriminator_lr"),
        ),
        "tables 1 and 2, and figure 2": ("width", "code_dim", "local", "latent_dim"),
        "the authors' code": ("patch_weight",),
        "one step of each": ("discriminator_steps",),
        "ours, not from the paper": ("discriminator_width", "beta1", "beta2", "ema_decay"),
    }
}
