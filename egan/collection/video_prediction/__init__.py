"""Adversarial video prediction (Mathieu et al. 2015, "Deep multi-scale video prediction").

"Deep multi-scale video prediction beyond mean square error", arXiv 1511.05440: of four frames X of
a film a generator makes the fifth, Y. It does so in several sizes k, from the smallest on, each
beside the enlarged prediction of the one before, and a discriminator in each size tells the true
next frame from that made:

    Ŷ_k = u(Ŷ_{k−1}) + G_k(X_k, u(Ŷ_{k−1}))
    L_D = −Σ_k E[log D_k(X_k, Y_k)] − Σ_k E[log(1 − D_k(X_k, Ŷ_k))]
    L_G = −λ_adv Σ_k E[log D_k(X_k, Ŷ_k)] + λ_p Σ_k ‖Y_k − Ŷ_k‖_p^p + λ_gdl Σ_k GDL(Y_k, Ŷ_k)
    GDL(Y, Ŷ) = Σ_{i,j} | |Y_{i,j} − Y_{i−1,j}| − |Ŷ_{i,j} − Ŷ_{i−1,j}| |^α
                      + | |Y_{i,j−1} − Y_{i,j}| − |Ŷ_{i,j−1} − Ŷ_{i,j}| |^α

The squared error alone is least for the mean of all that may come, which is blurred. The gradient
difference loss asks for edges as steep as the true ones; D, for a frame that may follow. An update:

    draw clips, and step D on the true next frames, and on those that G makes of other clips
    draw clips, and step G on L_G
    move the average of G, which makes the predictions that are judged

`scales` is the number of sizes, `distance` p, `order` α; the three weights are settings, and with
`adversarial_weight` 0 there is no game. `conditional` off has D see frames alone, as the best-known
public code does; `changes` has G_k add to the last frame of X_k, which is ours, as are
`pretraining` updates at the start of G alone. Further frames are predicted from predicted ones.

Where this differs: sums over pixels are means, in all three terms, and L_G is divided by λ_adv and
by the number of sizes, which changes nothing under Adam, so that under `--evolve` a mutation takes
the adversarial term's place at its weight. Adam takes the place of gradient descent. The last layer
of G_k is linear, and what is judged is cut to [−1, 1]. The average of G is ours; the preset `paper`
leaves it out. Tables and weights are cited from memory.

Fitness: PSNR plus sharpness difference of the next frame, in dB, on held-out clips.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class VideoPredictionSettings(GameSettings):
    """Settings of adversarial video prediction."""

    STRUCTURAL = ("width", "discriminator_width", "scales", "conditional", "changes")
    MAY_BE_ZERO = ("pretraining",)
    SPACE: ClassVar = {
        "adversarial_weight": "1e-3,0.3,log",
        "gradient_weight": "0,2",
        "distance": "l1|l2",
        "generator_lr": "1e-4,5e-3,log",
        "discriminator_lr": "5e-5,2e-3,log",
    }

    width: int = 128
    """Channels of the first layer of the generator in each size."""
    discriminator_width: int = 64
    """Channels of the discriminator's first layer in sizes below 16 pixels; twice that above."""
    scales: int = 4
    """Sizes in which frames are predicted and judged, each twice as large as the one before."""
    conditional: bool = True
    """Whether the discriminator sees the past beside the frame."""
    changes: bool = False
    """Whether the generator makes in each size the change from the last frame; else, as published,
    that from the enlarged prediction of the size before. For films that move little."""
    adversarial_weight: float = 0.05
    """Weight of the adversarial term; with 0 there is no game."""
    distance_weight: float = 1.0
    """Weight of the difference of pixels."""
    gradient_weight: float = 1.0
    """Weight of the gradient difference loss."""
    distance: Literal["l1", "l2"] = "l1"
    """The difference of pixels: absolute, or squared."""
    pretraining: int = 0
    """Updates at the start in which the generator learns without the discriminator, which rests."""
    order: float = 1.0
    """Power of differences of gradients (alpha)."""

    def check(self) -> None:
        """See that every number is in its range.

        Raises:
            ValueError: One is not.
        """
        super().check()
        if not self.order:
            raise ValueError(f"--order must be above 0, but got {self.order}.")
        if not (self.adversarial_weight or self.distance_weight or self.gradient_weight):
            raise ValueError(
                "--adversarial-weight, --distance-weight and --gradient-weight are all 0, but the "
                "generator must minimise something; leave one out."
            )


def small() -> RunConfig:
    """Two bouncing digits, 16x16 pixels, in three minutes."""
    return RunConfig(
        data=DataConfig(name="bouncing", image_size=16),
        search=SearchConfig(rounds=30, interval=80),
        settings=VideoPredictionSettings(
            batch_size=16,
            width=16,
            discriminator_width=8,
            scales=2,
            distance="l2",
            gradient_weight=0.3,
            adversarial_weight=0.02,
            pretraining=1200,
            generator_lr=2e-3,
            discriminator_lr=5e-4,
            beta1=0.5,
            ema_decay=0.98,
        ),
    )


def squared() -> RunConfig:
    """The squared error alone, on the same clips."""
    config = small()
    alone = {"adversarial_weight": 0.0, "gradient_weight": 0.0}
    return replace(config, settings=config.settings.tuned(alone))


def paper() -> RunConfig:
    """The paper's networks, for films of yours at 32x32 pixels."""
    return RunConfig(
        data=DataConfig(name="clips", image_size=32, channels=3),
        search=SearchConfig(rounds=200, interval=1000),
        settings=VideoPredictionSettings(
            batch_size=8,
            generator_lr=4e-5,
            discriminator_lr=4e-5,
            beta1=0.9,
            ema_decay=0.0,
        ),
    )


PRESETS = {"small": small, "squared": squared, "paper": paper}
SOURCES = {
    "paper": {
        "tables 1 and 2, from memory": ("width", "discriminator_width", "scales"),
        "section 4, from memory": (
            *("adversarial_weight", "distance_weight", "gradient_weight"),
            *("distance", "order", "conditional"),
        ),
        "public code: Adam for G, whose rate D has here too": (
            *("batch_size", "generator_lr", "discriminator_lr"),
        ),
        "Adam's own": ("beta1", "beta2"),
        "one step of each": ("discriminator_steps",),
        "no code z": ("latent_dim",),
        "ours": ("ema_decay", "changes", "pretraining"),
    }
}
