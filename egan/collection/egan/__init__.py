"""E-GAN (Wang et al. 2018, "Evolutionary generative adversarial networks", arXiv 1803.00657).

Generators evolve in an environment, the discriminator that they share. A generation:

    variation    each parent makes a child per mutation, by one Adam step on its objective:
                     minimax        ½ E[log(1 − D(G(z)))]
                     heuristic     −½ E[log D(G(z))]
                     least squares  E[(D(G(z)) − 1)²]
    evaluation   F = F_q + γ F_d,   F_q = E[D(G(z))],   F_d = −log ‖∇_D (−E[log D(x)]
                     − E[log(1 − D(G(z)))])‖
    selection    the best children survive (parents never compete), and D learns from their samples

Siblings share one batch of codes, and D is trained after the generators, on the samples that were
scored, as in both of the authors' implementations; the listing of the paper trains D first. R1 and
a gradient penalty are options.

Where D wins, its gradient vanishes, and −log of the norm rewards generators that fool nobody: the
lower F_q, the higher F_d, without a bound. So a generation in which F_d of any child reaches a cap
(`diversity_cap`) is ranked by F_q alone. A cap that only bounds F_d would let the capped child win,
which is the worse one. With `inf` there is no such rule, as published.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from egan.config import DataConfig, EvolutionConfig, GameSettings, RunConfig
from egan.lazy import lookup
from egan.networks import DISCRIMINATORS, GENERATORS
from egan.networks.sizes import discriminator_size, generator_size

THREE = "minimax,heuristic,least_squares"


@dataclass(frozen=True, kw_only=True)
class EganSettings(GameSettings):
    """Settings of E-GAN's two networks."""

    STRUCTURAL = (
        *("network", "width", "discriminator_width", "depth", "latent_dim"),
        *("generator_norm", "discriminator_norm"),
    )
    MAY_BE_ZERO = ("depth",)
    SPACE: ClassVar = {
        "generator_lr": "1e-4,1e-2,log",
        "discriminator_lr": "1e-4,1e-2,log",
        "diversity_weight": "0,0.5",
        "discriminator_steps": "1,2,3",
        "r1_weight": "0.01,3,log",
    }

    network: str = "dcgan"
    """Networks: dcgan for images, mlp for points and tiny images."""
    width: int = 64
    """Channels or units of the generator's last hidden layer."""
    discriminator_width: int = 64
    """Channels or units of the discriminator's first hidden layer."""
    depth: int = 0
    """Hidden layers of both networks (mlp only); 0 for three."""
    generator_norm: Literal["none", "batch"] = "none"
    """Normalisation of the generator's hidden layers."""
    discriminator_norm: Literal["none", "batch", "spectral"] = "none"
    """Normalisation of the discriminator's hidden layers."""
    generator_init: Literal["default", "normal", "orthogonal"] = "default"
    """Initial weights of the generator: torch's default, N(0, 0.02), or orthogonal."""
    discriminator_init: Literal["default", "normal", "orthogonal"] = "default"
    """Initial weights of the discriminator."""
    latent: Literal["normal", "uniform"] = "normal"
    """Distribution of z: N(0, 1), or uniform in [-1, 1]."""
    generator_lr: float = 1e-3
    """Adam's learning rate of the generator."""
    discriminator_lr: float = 1e-3
    """Adam's learning rate of the discriminator."""
    beta2: float = 0.99
    """Adam's decay of the mean squared gradient."""
    input_scale: float = 1.0
    """Factor on the discriminator's input; above 1 it resolves fine structure sooner."""
    r1_weight: float = 0.0
    """Weight of R1, half the squared gradient norm on real samples."""
    gradient_penalty_weight: float = 0.0
    """Weight of the gradient penalty between real and generated samples (2 or 10 are usual)."""

    def check(self) -> None:
        """See that every number is in its range, and that there are such networks."""
        super().check()
        lookup(GENERATORS, self.network, kind="network (--network)")
        lookup(DISCRIMINATORS, self.network, kind="network (--network)")
        if self.input_scale == 0:
            raise ValueError(f"--input-scale must be a number above 0, but got {self.input_scale}.")

    def sizes(self, shape: tuple[int, ...]) -> Mapping[str, int]:
        """Return the parameters of both networks for samples of a shape, where they are known."""
        found = {
            "generator": generator_size(
                self.network,
                shape,
                latent_dim=self.latent_dim,
                width=self.width,
                depth=self.depth or None,
                norm=self.generator_norm,
            ),
            "discriminator": discriminator_size(
                self.network,
                shape,
                width=self.discriminator_width,
                depth=self.depth or None,
                norm=self.discriminator_norm,
            ),
        }
        return {name: size for name, size in found.items() if size is not None}


def digits() -> RunConfig:
    """8x8 digits of scikit-learn, in one to two minutes on two cores (the default)."""
    return RunConfig(
        data=DataConfig(name="digits", hold_out=False),
        settings=EganSettings(
            network="mlp",
            width=256,
            discriminator_width=256,
            depth=2,
            batch_size=64,
            latent_dim=32,
            generator_lr=2e-3,
            discriminator_lr=2e-3,
            beta1=0.0,
            ema_decay=0.998,
            discriminator_steps=2,
            r1_weight=0.3,
        ),
        evolve=THREE,
        generations=2400,
        evolution=EvolutionConfig(diversity_weight=0.1, num_samples=128),
    )


def gaussians25() -> RunConfig:
    """25 Gaussians on a grid: a test of mode coverage."""
    return RunConfig(
        data=DataConfig(name="gaussians25", hold_out=False),
        settings=EganSettings(
            network="mlp",
            batch_size=128,
            latent_dim=2,
            ema_decay=0.998,
            input_scale=4.0,
            r1_weight=0.1,
        ),
        evolve=THREE,
        generations=8000,
        evolution=EvolutionConfig(diversity_weight=0.1, num_samples=128),
    )


def gaussians8() -> RunConfig:
    """8 Gaussians on a circle."""
    data = DataConfig(name="gaussians8", hold_out=False)
    return replace(gaussians25(), generations=6000, data=data)


def swiss_roll() -> RunConfig:
    """A spiral in the plane."""
    data = DataConfig(name="swiss_roll", hold_out=False)
    return replace(gaussians25(), generations=4000, data=data)


def stacked_mnist() -> RunConfig:
    """Three digits as the channels of an image: 1,000 modes, in about three minutes; egan[data]."""
    return RunConfig(
        data=DataConfig(name="stacked_mnist", hold_out=False),
        settings=EganSettings(
            width=16,
            discriminator_width=16,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
            r1_weight=0.5,
        ),
        evolve=THREE,
        generations=1200,
        look_every=300,
        evolution=EvolutionConfig(diversity_weight=0.1, num_samples=64),
    )


def images(name: str, *, image_size: int | None = None) -> RunConfig:
    """DCGAN networks for images of any of the sizes 8 to 256; the base of the next presets."""
    return RunConfig(
        data=DataConfig(name=name, image_size=image_size, hold_out=False),
        settings=EganSettings(
            latent_dim=100, generator_lr=2e-4, discriminator_lr=2e-4, r1_weight=0.5
        ),
        evolve=THREE,
        generations=20000,
        evolution=EvolutionConfig(diversity_weight=0.01, num_samples=64),
    )


def folder() -> RunConfig:
    """Your own images: --data.path photos/ --data.image-size 32."""
    return images("folder")


def cifar10() -> RunConfig:
    """CIFAR-10 from its python or binary files: --data.path cifar-10-batches-py/."""
    return images("cifar10", image_size=32)


def mnist() -> RunConfig:
    """MNIST and its kin from idx files: --data.path mnist/."""
    return images("mnist", image_size=32)


def npz() -> RunConfig:
    """Images in a .npz file: --data.path images.npz."""
    return images("npz")


def paper() -> RunConfig:
    """E-GAN on CIFAR-10 by the paper's listing, and by its authors' script where that is open.

    `SOURCES` tells which value is whose. The script differs from the listing (batches of 32, three
    steps of D, beta2 .999), and from this in what the listing does not speak of: it adds a mirror
    image of every image, batch norm's gain starts at 1 where it is N(1, .02) here, and its siblings
    go on with the moments that the last one left in Adam. Unlike the listing, this trains D after
    the generators and on samples that were scored, as the script does.
    """
    return RunConfig(
        data=DataConfig(name="cifar10", image_size=32, hold_out=False),
        settings=EganSettings(
            width=128,
            discriminator_width=128,
            discriminator_norm="batch",
            generator_init="normal",
            discriminator_init="normal",
            batch_size=16,
            latent_dim=100,
            latent="uniform",
            generator_lr=2e-4,
            discriminator_lr=2e-4,
            beta1=0.5,
            beta2=0.99,
            ema_decay=0.0,
            discriminator_steps=2,
        ),
        evolve=THREE,
        generations=100_000,
        evolution=EvolutionConfig(
            fresh_codes=True, diversity_weight=0.004, diversity_cap=math.inf, num_samples=256
        ),
    )


LISTING = "the paper's Algorithm 1"
SCRIPT = "the authors' cifar10/train_cifar10.py"
NETWORKS = "the authors' models/models_uncond.py"
OURS = "ours"

SOURCES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "paper": {
        LISTING: (
            *("batch_size", "generator_lr", "discriminator_lr", "beta1", "beta2"),
            *("discriminator_steps", "evolve", "evolution.num_survivors", "evolution.selection"),
            *("evolution.fresh_codes", "evolution.random_mutation", "evolution.contest_every"),
            "evolution.bandit",
        ),
        SCRIPT: (
            *("latent", "ema_decay", "r1_weight", "gradient_penalty_weight", "input_scale"),
            *("generations", "evolution.diversity", "evolution.diversity_weight"),
            *("evolution.diversity_cap", "evolution.num_samples", "evolution.reuse_gradient"),
        ),
        NETWORKS: (
            *("network", "width", "discriminator_width", "depth", "latent_dim"),
            *("generator_norm", "discriminator_norm", "generator_init"),
        ),
        OURS: (
            *("discriminator_init", "evolution.niches", "evolution.mixture"),
            *("evolution.crossover", "evolution.discriminators", "evolution.share_every"),
            "evolution.losers_teach",
        ),
    }
}
"""By preset: where its values are from, and the settings of each source."""


PRESETS: dict[str, Callable[[], RunConfig]] = {
    "digits": digits,
    "gaussians25": gaussians25,
    "gaussians8": gaussians8,
    "swiss_roll": swiss_roll,
    "stacked_mnist": stacked_mnist,
    "folder": folder,
    "cifar10": cifar10,
    "mnist": mnist,
    "npz": npz,
    "paper": paper,
}
