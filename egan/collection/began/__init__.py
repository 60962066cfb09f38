"""BEGAN (Berthelot et al. 2017, "BEGAN: Boundary equilibrium ...", arXiv 1703.10717).

D is an autoencoder, and what it says of an image v is how badly it rebuilds it:

    ℓ(v) = |v − D(v)|, the mean over pixels

    L_D = ℓ(x) − k ℓ(G(z_D))
    L_G = ℓ(G(z_G))
    k <- clip(k + λ (γ ℓ(x) − ℓ(G(z_G))), 0, 1),      from 0 on

D rebuilds real images and, with weight k, not made ones; G makes what D rebuilds. k is moved so
that E[ℓ(G(z))] = γ E[ℓ(x)]: where G is behind, D has time for real images. γ (`gamma`) is the
dial: a small one keeps D at rebuilding, and G at few and neat images; with a large one D tells the
two apart more, and images vary more. λ is `balance_rate`. An update:

    D   down  L_D    `discriminator_steps` times, each on samples of its own
    G   down  L_G    new codes
    k   moves, by the last ℓ(x) and ℓ(G(z_G))
    average of G moves

k is a part of D's state, with running means of both errors, so a run that breaks off goes on alike.
Training is told by one number, M = ℓ(x) + |γ ℓ(x) − ℓ(G(z))|, which falls as images get better
(`convergence` in `metrics.csv`, beside k as `balance` and ℓ(G(z)) / ℓ(x) as `error_ratio`).

Networks: 3x3 convolutions with ELU, two at each size. The encoder halves by stride 2, and channels
grow by `width` at each size; a linear layer makes the code, which has as many numbers as z. Decoder
and G are alike, `width` channels at each size, doubled by repeating pixels; after each doubling the
first map, enlarged, is put beside it (`skips`). z is uniform in [−1, 1]. The last layer is linear:
D sees G's images as they are, and all others see them cut off at [−1, 1].

How small the code is beside the image matters: an autoencoder that rebuilds anything tells nothing,
and G then makes one image. The small preset has 8 numbers for 64 pixels.

Maps are halved down to 8x8, or to 4x4 where images have less than 32 pixels. The preset `paper` is
its largest model, of 128x128. It differs in this: rates are halved after a fixed number of updates,
there when M no longer falls; no layer is carried past at first (the paper's vanishing residuals);
and both networks have 30.0 million parameters, there 17.3 (from memory): how channels grow is taken
from carpedm20's code, since the paper says no more than that they do so linearly. D gives no logit,
so `--evolve` is refused.

Fitness: minus the Fréchet distance to the data in the features of a fixed classifier.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class BeganSettings(GameSettings):
    """Settings of a BEGAN."""

    STRUCTURAL = ("width", "latent_dim", "skips")
    MAY_BE_ZERO = ("halve_every",)
    SPACE: ClassVar = {
        "generator_lr": "1e-4,3e-3,log",
        "discriminator_lr": "1e-4,3e-3,log",
        "gamma": "0.2,1",
        "balance_rate": "1e-4,1e-1,log",
        "latent_dim": "4,8,16,32,64",
    }

    width: int = 32
    """Channels next to the image, in both networks (n)."""
    skips: bool = True
    """Whether the first map of decoder and generator is put beside each later one."""
    gamma: float = 0.5
    """The error of made images beside that of real ones that is aimed at: little for neat images,
    much for images that vary; 0 to 1."""
    balance_rate: float = 1e-3
    """How fast the weight of made images in the discriminator's loss moves (lambda_k)."""
    halve_every: int = 0
    """Updates after which both learning rates are halved, again and again; 0: they never are."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if self.gamma > 1:
            raise ValueError(f"--gamma must be in [0, 1], but got {self.gamma}.")


def small() -> RunConfig:
    """Digits of 8x8 pixels, in a minute."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=100),
        settings=BeganSettings(
            width=16,
            latent_dim=8,
            batch_size=16,
            generator_lr=5e-4,
            discriminator_lr=5e-4,
            gamma=0.7,
            balance_rate=5e-2,
            ema_decay=0.99,
        ),
    )


def paper() -> RunConfig:
    """Faces of 128x128 pixels as published; give the folder of yours by --data.path."""
    return RunConfig(
        data=DataConfig(name="folder", image_size=128, channels=3),
        search=SearchConfig(rounds=200, interval=1000),
        settings=BeganSettings(
            width=128,
            latent_dim=64,
            batch_size=16,
            generator_lr=1e-4,
            discriminator_lr=1e-4,
            halve_every=100_000,
            ema_decay=0.0,
        ),
    )


PRESETS = {"small": small, "paper": paper}
SOURCES = {
    "paper": {
        "section 4.1, from memory": (
            "width",
            "latent_dim",
            "batch_size",
            "generator_lr",
            "discriminator_lr",
        ),
        "section 3.4, from memory": ("balance_rate", "gamma"),
        "section 3.5, from memory": ("skips",),
        "carpedm20's BEGAN-tensorflow, config.py; the paper halves when M stalls": ("halve_every",),
        "carpedm20's BEGAN-tensorflow, config.py": ("beta1", "beta2"),
        "the paper, which trains both at once": ("discriminator_steps",),
        "the paper, which tells of none": ("ema_decay",),
    }
}
