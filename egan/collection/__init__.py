"""The collection: papers by name, one file each, to train, to tune and to evolve.

    python -m egan.run vae                                       train
    python -m egan.run vae --search pbt                          tune its settings while it trains
    python -m egan.run gan --evolve minimax,heuristic            evolve its generator

    model = collection.train("vae", data.load("digits"), updates=2000, seed=0)
    model = collection.load("runs/00003-vae/model.safetensors")
    samples = model.sample(64, torch.Generator().manual_seed(0))

A new paper is one file and one line below; CONTRIBUTING.md shows how. Importing this package costs
nothing: torch comes with the first model that is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from egan.lazy import lookup

if TYPE_CHECKING:
    from types import ModuleType

    from egan.collection.api import train
    from egan.collection.saved import load
    from egan.config import RunConfig
    from egan.training.model import Model

__all__ = ["MODELS", "Entry", "load", "paper", "preset", "presets", "train"]

Presets = Mapping[str, Callable[[], "RunConfig"]]


@dataclass(frozen=True)
class Entry:
    """A paper's line in the table.

    Attributes:
        target: Where its class is, as module:class; of a paper that is a folder, in its `model`.
        paper: Its title and arXiv number.
        family: What kind of model it is; an "adversarial" one is a game.
        task: The small task that it runs on if nothing is said.
        critic: What the discriminator gives where that is no logit. Its sigmoid is no probability
            then, which the mutations and E-GAN's fitness take it for.
    """

    target: str
    paper: str
    family: str
    task: str
    critic: str = ""

    @property
    def evolves(self) -> bool:
        """Whether its generator can be evolved: against a discriminator that gives logits."""
        return self.family == "adversarial" and not self.critic


MODELS: dict[str, Entry] = {
    "egan": Entry(
        "egan.collection.egan.model:Egan",
        paper="Evolutionary generative adversarial networks, 1803.00657",
        family="adversarial",
        task="digits",
    ),
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
        "egan.collection.cgan.model:Cgan",
        paper="Conditional generative adversarial nets, 1411.1784",
        family="adversarial",
        task="digits",
    ),
    "lsgan": Entry(
        "egan.collection.lsgan:Lsgan",
        paper="Least squares generative adversarial networks, 1611.04076",
        family="adversarial",
        task="digits",
        critic="a regression on two codes",
    ),
    "wgan": Entry(
        "egan.collection.wgan.model:Wgan",
        paper="Wasserstein GAN, 1701.07875, and Improved training of it, 1704.00028",
        family="adversarial",
        task="digits",
        critic="a score without a zero",
    ),
    "vae": Entry(
        "egan.collection.vae.model:Vae",
        paper="Auto-encoding variational Bayes, 1312.6114",
        family="variational",
        task="digits",
    ),
    "capsnet": Entry(
        "egan.collection.capsnet.model:CapsNet",
        paper="Dynamic routing between capsules, 1710.09829",
        family="recognition",
        task="digits",
    ),
    "introvae": Entry(
        "egan.collection.introvae.model:IntroVae",
        paper="IntroVAE, 1807.06358",
        family="variational",
        task="digits",
    ),
    "infogan": Entry(
        "egan.collection.infogan.model:Infogan",
        paper="InfoGAN, 1606.03657",
        family="adversarial",
        task="digits",
    ),
    "improved_gan": Entry(
        "egan.collection.improved_gan.model:ImprovedGan",
        paper="Improved techniques for training GANs, 1606.03498",
        family="adversarial",
        task="digits",
    ),
    "fgan": Entry(
        "egan.collection.fgan.model:Fgan",
        paper="f-GAN, 1606.00709",
        family="adversarial",
        task="digits",
    ),
    "biggan": Entry(
        "egan.collection.biggan.model:BigGan",
        paper="Large scale GAN training for high fidelity natural image synthesis, 1809.11096",
        family="adversarial",
        task="digits",
    ),
    "began": Entry(
        "egan.collection.began.model:Began",
        paper="BEGAN: boundary equilibrium generative adversarial networks, 1703.10717",
        family="adversarial",
        task="digits",
        critic="an autoencoder's error",
    ),
    "acgan": Entry(
        "egan.collection.acgan.model:Acgan",
        paper="Conditional image synthesis with auxiliary classifier GANs, 1610.09585",
        family="adversarial",
        task="mnist5k",
    ),
    "ppgn": Entry(
        "egan.collection.ppgn.model:Ppgn",
        paper="Plug & play generative networks, 1612.00005",
        family="adversarial",
        task="mnist5k",
    ),
    "sagan": Entry(
        "egan.collection.sagan.model:Sagan",
        paper="Self-attention generative adversarial networks, 1805.08318",
        family="adversarial",
        task="mnist5k",
    ),
    "stylegan": Entry(
        "egan.collection.stylegan.model:StyleGan",
        paper="A style-based generator architecture for GANs, 1812.04948",
        family="adversarial",
        task="shapes",
    ),
    "pggan": Entry(
        "egan.collection.pggan.model:Pggan",
        paper="Progressive growing of GANs, 1710.10196",
        family="adversarial",
        task="openmoji",
        critic="a score without a zero",
    ),
    "lapgan": Entry(
        "egan.collection.lapgan.model:Lapgan",
        paper="Deep generative image models using a Laplacian pyramid of adversarial networks, "
        "1506.05751",
        family="adversarial",
        task="openmoji",
    ),
    "pix2pix": Entry(
        "egan.collection.pix2pix.model:Pix2Pix",
        paper="Image-to-image translation with conditional adversarial networks, 1611.07004",
        family="adversarial",
        task="openmoji_lines",
    ),
    "adversarial_segmentation": Entry(
        "egan.collection.adversarial_segmentation.model:AdversarialSegmentation",
        paper="Semantic segmentation using adversarial networks, 1611.08408",
        family="adversarial",
        task="crowds",
    ),
    "capg_gan": Entry(
        "egan.collection.capg_gan.model:CapgGan",
        paper="Pose-guided photorealistic face rotation, CVPR 2018",
        family="adversarial",
        task="heads",
    ),
    "srgan": Entry(
        "egan.collection.srgan.model:Srgan",
        paper="Photo-realistic single image super-resolution using a GAN, 1609.04802",
        family="adversarial",
        task="openmoji",
    ),
    "age_cgan": Entry(
        "egan.collection.age_cgan.model:AgeCgan",
        paper="Face aging with conditional generative adversarial networks, 1702.01983",
        family="adversarial",
        task="aged_icons",
    ),
    "gan_int_cls": Entry(
        "egan.collection.gan_int_cls.model:GanIntCls",
        paper="Generative adversarial text to image synthesis, 1605.05396",
        family="adversarial",
        task="captioned_shapes",
    ),
    "simgan": Entry(
        "egan.collection.simgan.model:SimGan",
        paper="Learning from simulated and unsupervised images through adversarial training, "
        "1612.07828",
        family="adversarial",
        task="font_to_digits",
    ),
    "context_encoder": Entry(
        "egan.collection.context_encoder.model:ContextEncoder",
        paper="Context encoders: feature learning by inpainting, 1604.07379",
        family="adversarial",
        task="mnist5k",
    ),
    "gp_gan": Entry(
        "egan.collection.gp_gan.model:GpGan",
        paper="GP-GAN: towards realistic high-resolution image blending, 1703.07195",
        family="adversarial",
        task="openmoji",
        critic="a score without a zero",
    ),
    "cyclegan": Entry(
        "egan.collection.cyclegan.model:CycleGan",
        paper="Unpaired image-to-image translation by cycle-consistent networks, 1703.10593",
        family="adversarial",
        task="openmoji_lines",
        critic="a regression on two codes",
    ),
    "autoencoder": Entry(
        "egan.collection.autoencoder:Autoencoder",
        paper="Reducing the dimensionality of data with neural networks, Science 313, 2006",
        family="autoencoding",
        task="digits",
    ),
    "rbm": Entry(
        "egan.collection.rbm.model:Rbm",
        paper="Training products of experts by minimizing contrastive divergence, 2002; deep "
        "Boltzmann machines, AISTATS 2009",
        family="energy",
        task="digits",
    ),
    "pixelcnn": Entry(
        "egan.collection.pixelcnn.model:PixelCnn",
        paper="Pixel recurrent neural networks, 1601.06759, and Conditional image generation with "
        "PixelCNN decoders, 1606.05328",
        family="autoregressive",
        task="digits",
    ),
    "transforming_autoencoder": Entry(
        "egan.collection.transforming_autoencoder:TransformingAutoencoder",
        paper="Transforming auto-encoders, ICANN 2011",
        family="autoencoding",
        task="digits, moved",
    ),
    "dann": Entry(
        "egan.collection.dann:Dann",
        paper="Domain-adversarial training of neural networks, 1505.07818",
        family="recognition",
        task="digits_to_mnist",
    ),
    "seqgan": Entry(
        "egan.collection.seqgan.model:SeqGan",
        paper="SeqGAN: sequence generative adversarial nets with policy gradient, 1609.05473",
        family="policy gradient",
        task="oracle_language",
    ),
    "c_rnn_gan": Entry(
        "egan.collection.c_rnn_gan:CRnnGan",
        paper="C-RNN-GAN: continuous recurrent neural networks with adversarial training, "
        "1611.09904",
        family="adversarial",
        task="folk_tunes",
    ),
    "mad_gan": Entry(
        "egan.collection.mad_gan.model:MadGan",
        paper="Multi-agent diverse generative adversarial networks, 1704.02906",
        family="adversarial",
        task="gaussians25",
    ),
    "mpm_gan": Entry(
        "egan.collection.mpm_gan.model:MpmGan",
        paper="Message passing multi-agent GANs, 1612.01294",
        family="adversarial",
        task="gaussians25",
    ),
    "gman": Entry(
        "egan.collection.gman.model:Gman",
        paper="Generative multi-adversarial networks, 1611.01673",
        family="adversarial",
        task="digits",
    ),
    "gail": Entry(
        "egan.collection.gail:Gail",
        paper="Generative adversarial imitation learning, 1606.03476",
        family="imitation",
        task="cartpole",
    ),
    "gan_irl": Entry(
        "egan.collection.gan_irl:GanIrl",
        paper="A connection between GANs, inverse reinforcement learning, and energy-based "
        "models, 1611.03852",
        family="imitation",
        task="gridworld",
    ),
    "dissection": Entry(
        "egan.collection.dissection.model:Dissection",
        paper="GAN dissection: visualizing and understanding GANs, 1811.10597",
        family="analysis",
        task="scenes",
    ),
}

BARE = "egan"
"""The paper whose presets are known by their bare names: `digits`, `gaussians25`."""


def __getattr__(name: str) -> Any:
    """Import what needs torch when it is asked for."""
    homes = {"train": "egan.collection.api", "load": "egan.collection.saved"}
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(homes[name]), name)


def paper(name: str) -> type[Model]:
    """Return the class of a paper.

    Raises:
        ValueError: There is no such model.
    """
    module, _, attribute = lookup(MODELS, name, kind="model").target.partition(":")
    model: type[Model] = getattr(import_module(module), attribute)
    return model


def home(name: str) -> ModuleType:
    """Return the module whose docstring tells of a paper: its file, or its folder.

    Raises:
        ValueError: There is no such model.
    """
    module = lookup(MODELS, name, kind="model").target.partition(":")[0]
    return import_module(module.removesuffix(".model"))


def presets(name: str) -> Presets:
    """Return the presets of a paper by name, the default one first; of a folder without torch.

    Raises:
        ValueError: There is no such model.
    """
    found: Presets = getattr(home(name), "PRESETS", None) or paper(name).presets
    return found


def named(name: str) -> tuple[str, str]:
    """Return the paper and the preset that "vae", "gan:paper" or "gaussians25" names.

    Raises:
        ValueError: There is nothing of this name; near matches are offered.
    """
    model, colon, kind = name.partition(":")
    if model not in MODELS:
        lookup({**presets(BARE), **MODELS}, name, kind="preset or model")
        return BARE, name
    known = presets(model)
    default = next(iter(known))
    lookup(known, kind if colon else default, kind=f"preset of {model}")
    return model, kind or default


def preset(name: str) -> RunConfig:
    """Return the settings of a run that "vae", "gan:paper" or "gaussians25" names.

    Raises:
        ValueError: There is nothing of this name; near matches are offered.
    """
    model, kind = named(name)
    known = presets(model)
    shown = model if kind == next(iter(known)) else f"{model}:{kind}"
    return replace(known[kind](), preset=kind if model == BARE else shown)


def check_augmentation(config: RunConfig) -> None:
    """See that a paper's discriminator gives what ADA listens to, logits.

    Raises:
        ValueError: It does not.
    """
    name = named(config.preset)[0]
    tried = config.search.space.get("augment", "").split("|")
    critic = MODELS[name].critic
    if critic and "ada" in (getattr(config.settings, "augment", ""), *tried):
        raise ValueError(
            f"--augment ada listens to the sign of the discriminator's logits, but {name}'s gives "
            f"{critic}. Give --augment diffaugment."
        )
