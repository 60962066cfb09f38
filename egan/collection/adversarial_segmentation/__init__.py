"""Adversarial segmentation (Luc et al. 2016, "Semantic segmentation using adversarial networks").

arXiv 1611.08408. A segmenter gives s(x), the probability of each class in each pixel of an image x,
whose true label map is y, one-hot; a discriminator tells true maps from made ones, each beside its
image:

    L_S = −E[Σ_k y_k log s_k(x)] − λ E[log D(x, s(x))]
    L_D = −E[log D(x, y)] − E[log(1 − D(x, s(x)))]

Cross-entropy looks at each pixel by itself: where it is unsure of a whole object it gives a
patchwork of the most probable classes. D looks at maps as a whole, and does not let that pass. λ is
`adversarial_weight`. An update:

    draw images with maps, and step D on true maps and on made ones of other images
    draw images with maps, and step S on L_S
    move the average of S, which makes the maps that are judged

`adversarial_weight` 0 leaves cross-entropy alone: the preset `cross_entropy`. What D sees of the
two is `pairing`: "product", each class's map times each channel of the image, "concat", one after
the other, or "map", the maps alone. `softness` τ makes true maps (1 − τ) y + τ / K, so that D
cannot go by their being 0 and 1; the paper's "scaling" makes the true class at least τ and the
others as S has them. With `hard` D sees of made maps too 0 and 1, the most probable class, and S
learns as if they were its probabilities. `pretraining` updates at the start are of S alone.

Where this differs: the paper's segmenters are a dilated VGG and a multi-scale network that were
trained before; here a U-Net with group norm starts from nothing. D is a PatchGAN's body with a
logit for each patch. L_S is divided by λ, which changes nothing under Adam, so that under
`--evolve` a mutation takes the adversarial term's place at its weight. The average of S is ours;
the preset of the paper's sizes leaves it out. Sections are cited from memory.

Fitness: mean IoU plus the F-measure of boundaries, on held-out images.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class SegmentationSettings(GameSettings):
    """Settings of adversarial segmentation."""

    STRUCTURAL = ("width", "discriminator_width", "halvings", "patch_layers", "pairing")
    MAY_BE_ZERO = ("pretraining",)
    SPACE: ClassVar = {
        "adversarial_weight": "1e-2,10,log",
        "discriminator_width": "8,16,32",
        "softness": "0,0.3",
        "generator_lr": "5e-4,1e-2,log",
        "discriminator_lr": "5e-5,2e-3,log",
    }

    width: int = 64
    """Channels of the segmenter's first layer; doubled at each halving."""
    halvings: int = 2
    """How often the segmenter halves an image."""
    discriminator_width: int = 64
    """Channels of the discriminator's first layer; doubled at each halving, up to 8 times."""
    patch_layers: int = 2
    """Halvings of the discriminator: it judges patches of 16, 34 or 70 pixels with 1, 2 or 3."""
    pairing: Literal["product", "concat", "map"] = "product"
    """What the discriminator sees: maps times the image, the image and maps, or maps alone."""
    adversarial_weight: float = 0.1
    """Weight of the adversarial term beside cross-entropy (lambda); with 0 there is no game."""
    hard: bool = False
    """Whether the discriminator sees made maps as the most probable class alone; the gradient goes
    to the probabilities all the same (straight-through)."""
    pretraining: int = 0
    """Updates at the start in which the segmenter learns by cross-entropy alone."""
    softness: float = 0.0
    """How far true maps are from 0 and 1 where the discriminator sees them (tau), below 1."""

    def check(self) -> None:
        """See that every number is in its range.

        Raises:
            ValueError: One is not.
        """
        super().check()
        if self.softness >= 1:
            raise ValueError(f"--softness must be in [0, 1), but got {self.softness}.")
        if self.patch_layers > 4:
            raise ValueError(f"--patch-layers must be from 1 to 4, but got {self.patch_layers}.")


def small() -> RunConfig:
    """Crowded scenes of shapes and lines, 32x32 pixels, in three minutes."""
    return RunConfig(
        data=DataConfig(name="crowds"),
        search=SearchConfig(rounds=16, interval=50),
        settings=SegmentationSettings(
            batch_size=8,
            width=8,
            discriminator_width=12,
            patch_layers=1,
            pairing="concat",
            hard=True,
            pretraining=400,
            adversarial_weight=3.0,
            generator_lr=4e-3,
            discriminator_lr=2e-3,
            ema_decay=0.98,
        ),
    )


def cross_entropy() -> RunConfig:
    """Cross-entropy alone, on the same scenes."""
    config = small()
    return replace(config, settings=config.settings.tuned({"adversarial_weight": 0.0}))


def paper() -> RunConfig:
    """Wide networks for images of 256x256 pixels and their masks, two folders of yours."""
    return RunConfig(
        data=DataConfig(name="masks", image_size=256, channels=3),
        search=SearchConfig(rounds=100, interval=400),
        settings=SegmentationSettings(
            batch_size=8, halvings=4, patch_layers=3, adversarial_weight=1.0, ema_decay=0.0
        ),
    )


PRESETS = {"small": small, "cross_entropy": cross_entropy, "paper": paper}
SOURCES = {
    "paper": {
        "section 4, from memory": ("adversarial_weight", "pairing", "softness", "hard"),
        "ours: the paper's segmenter is a VGG, trained elsewhere": (
            *("width", "halvings", "batch_size", "generator_lr", "pretraining"),
        ),
        "pix2pix's: the paper's discriminator is given in pictures": (
            *("discriminator_width", "patch_layers", "discriminator_lr", "beta1"),
        ),
        "Adam's own": ("beta2",),
        "one step of each": ("discriminator_steps",),
        "no code z": ("latent_dim",),
        "ours": ("ema_decay",),
    }
}
