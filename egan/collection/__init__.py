"""The collection: models by name, one file each, to train, to tune and to evolve.

    python -m egan.run vae                                       train
    python -m egan.run vae --search pbt                          tune its settings while it trains
    python -m egan.run gan --evolve minimax,heuristic            evolve its generator

A new model is one file and one line below; CONTRIBUTING.md shows how. Importing this package costs
nothing: torch comes with the first model that is loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING

from egan.lazy import lookup

if TYPE_CHECKING:
    from egan.config.collection import CollectionConfig
    from egan.training.model import Model


@dataclass(frozen=True)
class Entry:
    """A model's line in the table.

    Attributes:
        target: Where its class is, as module:class.
        paper: Its title and arXiv number.
        family: What kind of model it is; "adversarial" ones can be evolved.
        task: The small task that it runs on if nothing is said.
    """

    target: str
    paper: str
    family: str
    task: str


MODELS: dict[str, Entry] = {
    "gan": Entry(
        "egan.collection.gan:Gan",
        paper="Generative adversarial nets, 1406.2661",
        family="adversarial",
        task="digits",
    ),
    "dcgan": Entry(
        "egan.collection.dcgan:Dcgan",
        paper="Unsupervised representation learning with deep convolutional GANs, 1511.06434",
        family="adversarial",
        task="digits",
    ),
    "cgan": Entry(
        "egan.collection.cgan:Cgan",
        paper="Conditional generative adversarial nets, 1411.1784",
        family="adversarial",
        task="digits",
    ),
    "lsgan": Entry(
        "egan.collection.lsgan:Lsgan",
        paper="Least squares generative adversarial networks, 1611.04076",
        family="adversarial",
        task="digits",
    ),
    "wgan": Entry(
        "egan.collection.wgan:Wgan",
        paper="Wasserstein GAN, 1701.07875, and Improved training of it, 1704.00028",
        family="adversarial",
        task="digits",
    ),
    "vae": Entry(
        "egan.collection.vae:Vae",
        paper="Auto-encoding variational Bayes, 1312.6114",
        family="variational",
        task="digits",
    ),
    "capsnet": Entry(
        "egan.collection.capsnet:CapsNet",
        paper="Dynamic routing between capsules, 1710.09829",
        family="recognition",
        task="digits",
    ),
    "introvae": Entry(
        "egan.collection.introvae:IntroVae",
        paper="IntroVAE, 1807.06358",
        family="variational",
        task="digits",
    ),
    "infogan": Entry(
        "egan.collection.infogan:Infogan",
        paper="InfoGAN, 1606.03657",
        family="adversarial",
        task="digits",
    ),
    "improved_gan": Entry(
        "egan.collection.improved_gan:ImprovedGan",
        paper="Improved techniques for training GANs, 1606.03498",
        family="adversarial",
        task="digits",
    ),
    "fgan": Entry(
        "egan.collection.fgan:Fgan",
        paper="f-GAN, 1606.00709",
        family="adversarial",
        task="digits",
    ),
    "biggan": Entry(
        "egan.collection.biggan:BigGan",
        paper="Large scale GAN training for high fidelity natural image synthesis, 1809.11096",
        family="adversarial",
        task="digits",
    ),
    "stylegan": Entry(
        "egan.collection.stylegan:StyleGan",
        paper="A style-based generator architecture for GANs, 1812.04948",
        family="adversarial",
        task="shapes",
    ),
    "dissection": Entry(
        "egan.collection.dissection:Dissection",
        paper="GAN dissection: visualizing and understanding GANs, 1811.10597",
        family="analysis",
        task="scenes",
    ),
}

DEFAULT = "small"
"""The preset of a model that is meant if none is named; "paper" has the paper's own sizes."""


def load(name: str) -> type[Model]:
    """Return the class of a model.

    Raises:
        ValueError: There is no such model.
    """
    module, _, attribute = lookup(MODELS, name, kind="model").target.partition(":")
    model: type[Model] = getattr(import_module(module), attribute)
    return model


def preset(name: str) -> CollectionConfig:
    """Return the settings of a run that "gan" or "gan:paper" names.

    Raises:
        ValueError: There is no such model, or it has no such preset.
    """
    model, _, kind = name.partition(":")
    presets = load(model).presets
    build: Callable[[], CollectionConfig] = lookup(
        presets, kind or DEFAULT, kind=f"preset of {model}"
    )
    shown = model if kind in ("", DEFAULT) else name
    return replace(build(), preset=shown)
