"""HF-PIM (Cao et al. 2018, "Learning a high fidelity pose invariant model", arXiv 1806.08472).

A reconstruction: the paper's ingredients are these, but its formulas of adversarial residual
dictionary learning, its weights and the order of its training are not public to us; they are ours.

Of a view x of a face, from any side, the frontal one is made as a texture that is warped. C finds
a dense field: u and v on the face of each pixel of the frontal view, and a mask M̂ of those that
show it; T finds the texture over u and v, which knows no pose; what is not the face is B's:

    ŷ(p) = M̂(p) T(x)(F̂(p)) + (1 − M̂(p)) B(x, M̂)(p),     F̂, M̂ = C(x)

No true texture is learned from. A dictionary with an encoder is the adversary: features e_n of a
texture leave residuals beside codewords d_k, pooled without order, and a logit t tells textures
that were made from those that were lifted off the true frontal view y through its field:

    r_nk = e_n − d_k,     w_nk = exp(−s_k |r_nk|²) / Σ_j exp(−s_j |r_nj|²)
    a = (Σ_n w_nk r_nk)_k / |·|

    L_A    = E[max(0, 1 − t(a(T_y)))] + E[max(0, 1 + t(a(T(x))))]
    L_D    = −E[log D(y)] − E[log(1 − D(ŷ))]
    L_F    = mean of |F̂ − F| on the face, plus the cross-entropy of M̂
    L_ARDL = −E[t(a(T(x)))] + E[|a(T(x)) − a(T_y)|²]
    L      = λ1 L_F + λ2 |ŷ − y| + λ3 L_ARDL − λ4 E[log D(ŷ)] + λ5 L_id + λ6 L_tv

L_id is the mean absolute difference of the last two layers of a frozen recogniser, L_tv that of
neighbouring pixels. An update:

    of the first `field_updates`: step C on λ1 L_F
    of the next `texture_updates`: C stays what its average is; step D on L_D and the dictionary on
    L_A; step T and B on L
    afterwards, at a tenth of the rates: the same, and step C on L too
    and always move the average of C, T and B, which makes the views that are judged

Where this differs from what we know of it: the field's truth is that of rendered heads, the
paper's a 3-D model that was fitted. Without any, `field_weight` 0 learns the field from pixels
alone, and lifts textures through F̂; then u and v are whatever serves, and C is not stepped first.
L is divided by λ4, which changes nothing under Adam, so that under `--evolve` a mutation takes the
place of the adversarial term at its weight; there all networks learn together from the start, at
the whole rates. The recogniser is another than the judge. The average is ours; the preset `paper`
leaves it out (`ema_decay` 0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class HfPimSettings(GameSettings):
    """Settings of HF-PIM."""

    STRUCTURAL = (
        *("field_width", "width", "discriminator_width", "bottleneck", "patch_layers"),
        *("codewords", "sharpness", "background"),
    )
    MAY_BE_ZERO = ("field_updates", "texture_updates")
    SPACE: ClassVar = {
        "pixel_weight": "3e-2,30,log",
        "texture_weight": "3e-3,3,log",
        "adversarial_weight": "3e-3,3,log",
        "identity_weight": "3e-3,3,log",
        "field_lr": "1e-4,5e-3,log",
        "generator_lr": "1e-4,5e-3,log",
        "discriminator_lr": "5e-5,2e-3,log",
    }

    field_width: int = 64
    """Channels of the first layer of C; doubled at each halving, up to 8 times."""
    width: int = 64
    """Channels of the first layer of T; doubled likewise."""
    bottleneck: int = 256
    """Numbers that C and T encode a view in, each its own."""
    background: bool = True
    """Whether B makes what is not the face; without it that is black."""
    discriminator_width: int = 64
    """Channels of the first layers of D and of the dictionary's encoder."""
    patch_layers: int = 2
    """Halvings of D: it judges patches of 16, 34 or 70 pixels with 1, 2 or 3."""
    codewords: int = 32
    """K, codewords of the dictionary."""
    sharpness: float = 1.0
    """Scales s_k of the codewords to begin with."""
    field_updates: int = 10_000
    """Updates of C alone, at the beginning; none with `field_weight` 0."""
    texture_updates: int = 100_000
    """Updates of the textures and the adversaries after them; C is frozen then."""
    field_lr: float = 2e-4
    """Adam's learning rate of C while it learns alone."""
    field_weight: float = 1.0
    """λ1, of the difference to the true field; with 0 the data need not have one."""
    pixel_weight: float = 1.0
    """λ2, of the mean absolute difference to the true frontal view."""
    texture_weight: float = 0.1
    """λ3, of the dictionary's terms; with 0 it is not learned."""
    adversarial_weight: float = 0.1
    """λ4, of the adversarial term of D; with 0 there is no such game."""
    identity_weight: float = 0.1
    """λ5, of the difference of a frozen recogniser's last two layers; 0 for no recogniser."""
    smoothness_weight: float = 1e-4
    """λ6, of the mean absolute difference of neighbouring pixels."""

    def check(self) -> None:
        """See that every number is in its range.

        Raises:
            ValueError: One is not.
        """
        super().check()
        if not self.sharpness:
            raise ValueError(f"--sharpness must be above 0, but got {self.sharpness}.")


def small() -> RunConfig:
    """Rendered heads of 32x32 pixels, whose fields are known: without L_id, which takes longer."""
    return RunConfig(
        data=DataConfig(name="heads"),
        search=SearchConfig(rounds=20, interval=100),
        settings=HfPimSettings(
            batch_size=8,
            field_width=16,
            width=20,
            bottleneck=128,
            discriminator_width=8,
            field_updates=1200,
            texture_updates=700,
            field_lr=3e-3,
            generator_lr=2e-3,
            texture_weight=0.03,
            adversarial_weight=0.01,
            identity_weight=0.0,
        ),
    )


def paper() -> RunConfig:
    """The paper's resolution, for views of 256x256 pixels of yours whose fields are known."""
    return RunConfig(
        data=DataConfig(name="views", image_size=256, channels=3),
        search=SearchConfig(rounds=200, interval=1000),
        settings=HfPimSettings(batch_size=8, ema_decay=0.0),
    )


PRESETS = {"small": small, "paper": paper}

SOURCES = {
    "paper": {
        "no code z": ("latent_dim",),
        "one step of each": ("discriminator_steps",),
        "ours: a reconstruction, the paper's are not public to us": (
            *("field_width", "width", "bottleneck", "background", "discriminator_width"),
            *("patch_layers", "codewords", "sharpness", "field_updates", "texture_updates"),
            *("field_lr", "field_weight", "pixel_weight", "texture_weight"),
            *("adversarial_weight", "identity_weight", "smoothness_weight"),
            *("batch_size", "generator_lr", "discriminator_lr", "beta1", "beta2", "ema_decay"),
        ),
    }
}
