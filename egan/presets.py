"""Presets: where the settings of a run start from. A new one is a function and a line in a table.

Each is a full `RunConfig`; the command line changes single settings of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from egan.config import (
    CommonConfig,
    DataConfig,
    DiscriminatorConfig,
    EvolutionConfig,
    FitnessConfig,
    GeneratorConfig,
    RunConfig,
)
from egan.lazy import lookup


def digits() -> RunConfig:
    """8x8 digits of scikit-learn, in one to two minutes on two cores (the default)."""
    return RunConfig(
        preset="digits",
        generations=2400,
        data=DataConfig(name="digits"),
        generator=GeneratorConfig(
            network="mlp",
            width=256,
            depth=2,
            latent_dim=32,
            lr=2e-3,
            betas=(0.0, 0.99),
            ema_decay=0.998,
        ),
        discriminator=DiscriminatorConfig(
            network="mlp",
            width=256,
            depth=2,
            lr=2e-3,
            betas=(0.0, 0.99),
            steps=2,
            r1_weight=0.3,
        ),
        evolution=EvolutionConfig(batch_size=64),
        fitness=FitnessConfig(diversity_weight=0.1, num_samples=128),
    )


def gaussians25() -> RunConfig:
    """25 Gaussians on a grid: a test of mode coverage."""
    return RunConfig(
        preset="gaussians25",
        generations=8000,
        data=DataConfig(name="gaussians25"),
        generator=GeneratorConfig(network="mlp", width=64, depth=3, latent_dim=2, ema_decay=0.998),
        discriminator=DiscriminatorConfig(
            network="mlp", width=64, depth=3, input_scale=4.0, r1_weight=0.1
        ),
        evolution=EvolutionConfig(batch_size=128),
        fitness=FitnessConfig(diversity_weight=0.1, num_samples=128),
    )


def gaussians8() -> RunConfig:
    """8 Gaussians on a circle."""
    return replace(
        gaussians25(), preset="gaussians8", generations=6000, data=DataConfig(name="gaussians8")
    )


def swiss_roll() -> RunConfig:
    """A spiral in the plane."""
    return replace(
        gaussians25(), preset="swiss_roll", generations=4000, data=DataConfig(name="swiss_roll")
    )


def images() -> RunConfig:
    """DCGAN networks for images of any of the sizes 8 to 256; the base of the next presets."""
    return RunConfig(
        preset="images",
        generations=20000,
        generator=GeneratorConfig(network="dcgan", width=64, latent_dim=100, lr=2e-4),
        discriminator=DiscriminatorConfig(network="dcgan", width=64, lr=2e-4, r1_weight=0.5),
        evolution=EvolutionConfig(batch_size=64),
        fitness=FitnessConfig(diversity_weight=0.01, num_samples=64),
    )


def folder() -> RunConfig:
    """Your own images: --data.path photos/ --data.image-size 32."""
    return replace(images(), preset="folder", data=DataConfig(name="folder"))


def cifar10() -> RunConfig:
    """CIFAR-10 from its python or binary files: --data.path cifar-10-batches-py/."""
    return replace(images(), preset="cifar10", data=DataConfig(name="cifar10", image_size=32))


def mnist() -> RunConfig:
    """MNIST and its kin from idx files: --data.path mnist/."""
    return replace(images(), preset="mnist", data=DataConfig(name="mnist", image_size=32))


def npz() -> RunConfig:
    """Images in a .npz file: --data.path images.npz."""
    return replace(images(), preset="npz", data=DataConfig(name="npz"))


def paper() -> RunConfig:
    """E-GAN on CIFAR-10 as published: fresh codes per child, batch norm in the discriminator."""
    return RunConfig(
        preset="paper",
        generations=100_000,
        data=DataConfig(name="cifar10", image_size=32),
        generator=GeneratorConfig(
            network="dcgan",
            width=128,
            init="normal",
            latent_dim=100,
            latent="uniform",
            lr=2e-4,
            betas=(0.5, 0.99),
            ema_decay=0.0,
        ),
        discriminator=DiscriminatorConfig(
            network="dcgan",
            width=128,
            norm="batch",
            init="normal",
            lr=2e-4,
            betas=(0.5, 0.99),
            steps=2,
        ),
        evolution=EvolutionConfig(batch_size=16, fresh_codes=True),
        fitness=FitnessConfig(diversity_weight=0.004, num_samples=256),
    )


def preset(name: str, *, kind: str = "preset or model") -> CommonConfig:
    """Return the settings that a preset of E-GAN, or a model such as "vae", names.

    Raises:
        ValueError: There is nothing of this name; near matches are offered.
    """
    from egan import collection

    if name.partition(":")[0] in collection.MODELS:
        return collection.preset(name)
    known = dict.fromkeys((*PRESETS, *collection.MODELS), name)
    lookup(known, name, kind=kind)
    return PRESETS[name]()


PRESETS: dict[str, Callable[[], RunConfig]] = {
    "digits": digits,
    "gaussians25": gaussians25,
    "gaussians8": gaussians8,
    "swiss_roll": swiss_roll,
    "folder": folder,
    "cifar10": cifar10,
    "mnist": mnist,
    "npz": npz,
    "paper": paper,
}
