"""GAN (Goodfellow et al. 2014, "Generative adversarial nets", arXiv 1406.2661).

    min_G max_D V = E_x[log D(x)] + E_z[log(1 − D(G(z)))],      D = sigmoid(logit)

Each update ascends V in D, `discriminator_steps` times on new batches, then trains G once. For a
fixed G the best D is p / (p + p_g), and V is then 2 JSD(p, p_g) − log 4. Early on, D rejects every
sample and the gradient of log(1 − D) vanishes, so by default G maximises log D(G(z)) instead
(`generator_loss`: heuristic), as the paper advises; minimax is V itself. An update:

    discriminator_steps times: draw x and z, and step D along the gradient of −V
    draw z, and step G along the gradient of its loss
    move the average of G, which makes the samples that are judged

Both networks are fully connected: G of ReLU layers, D of LeakyReLU ones or, as in the paper, of
maxout units with dropout. Adam is the default; the paper's momentum is `optimizer`: sgd, under
which a factor of a loss counts, so that G's is whole there, without the ½ that it has as E-GAN's
mutation.

The paper does not print its sizes: the preset `paper` is its published configuration for MNIST,
`sources` says what comes from where. It deviates in this: images are in [−1, 1] and G ends in tanh
rather than in a sigmoid (with a bias of 0, not of the pixels' means); rates and momentum are
constant (there the rate is divided by 1.000004 after each update, momentum grows from .5 to .7
over 250 epochs); and G's samples are new ones, where the authors' code trains both players on one
batch at once. Another version of the configuration draws z uniformly, with the same variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import mutations
from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig
from egan.networks.latent import draw_codes
from egan.networks.maxout import Maxout
from egan.tasks import Codes, Generation
from egan.training.game import Game, Objective

SLOPE = 0.2


@dataclass(frozen=True, kw_only=True)
class GanSettings(GameSettings):
    """Settings of a GAN."""

    STRUCTURAL = (
        "latent_dim",
        "width",
        "discriminator_width",
        "depth",
        "pieces",
        "generator_range",
        "discriminator_range",
    )
    SPACE: ClassVar = {
        "generator_lr": "1e-5,3e-3,log",
        "discriminator_lr": "1e-5,3e-3,log",
        "discriminator_steps": "1,2,3,4,5",
        "beta1": "0,0.9",
        "dropout": "0,0.5",
        "generator_loss": "heuristic|minimax|least_squares|hinge",
    }

    width: int = 256
    """Units of each of the generator's hidden layers."""
    discriminator_width: int = 256
    """Units of each of the discriminator's hidden layers."""
    depth: int = 2
    """Hidden layers of both networks."""
    pieces: int = 1
    """Linear pieces of the discriminator's maxout units; 1 for LeakyReLU units."""
    dropout: float = 0.0
    """Share of the discriminator's hidden units that a training step leaves out."""
    input_dropout: float = 0.0
    """Share of the numbers of a sample that a training step leaves out before the discriminator."""
    generator_range: float = 0.0
    """Largest initial weight of the generator, uniform from 0 on either side; 0 for torch's own."""
    discriminator_range: float = 0.0
    """The same of the discriminator."""
    latent: Literal["normal", "uniform"] = "normal"
    """Distribution of z: N(0, 1), or uniform in [-1, 1]."""
    optimizer: Literal["adam", "sgd"] = "adam"
    """Adam, or gradient descent with beta1 as its momentum."""
    generator_loss: Literal["heuristic", "minimax", "least_squares", "hinge"] = "heuristic"
    """What the generator minimises; --list has the formulas."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        for name in ("dropout", "input_dropout"):
            if getattr(self, name) >= 1:
                flag, value = name.replace("_", "-"), getattr(self, name)
                raise ValueError(f"--{flag} must be in [0, 1), but got {value}.")


def small() -> RunConfig:
    """Digits of 8x8 pixels, in half a minute."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=200),
        settings=GanSettings(
            latent_dim=32,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
            beta1=0.0,
            beta2=0.99,
            dropout=0.3,
            ema_decay=0.998,
        ),
    )


def paper() -> RunConfig:
    """MNIST as published: 1200-1200 against two layers of 240 maxout units with 5 pieces.

    The authors' rate is .1 for both; as D's loss is half of the sum there, it is .05 of the whole.
    """
    return RunConfig(
        data=DataConfig(name="mnist", image_size=28),
        search=SearchConfig(rounds=300, interval=500),
        settings=GanSettings(
            batch_size=100,
            latent_dim=100,
            width=1200,
            discriminator_width=240,
            pieces=5,
            dropout=0.5,
            input_dropout=0.2,
            generator_range=0.05,
            discriminator_range=0.005,
            optimizer="sgd",
            generator_lr=0.1,
            discriminator_lr=0.05,
            beta1=0.5,
            ema_decay=0.0,
        ),
    )


CONFIGURATION = "authors' code, mnist.yaml"
SOURCES = {
    "paper": {
        CONFIGURATION: (
            "batch_size",
            "latent_dim",
            "latent",
            "width",
            "discriminator_width",
            "depth",
            "pieces",
            "dropout",
            "input_dropout",
            "generator_range",
            "discriminator_range",
            "optimizer",
            "generator_lr",
            "beta1",
        ),
        "authors' code, mnist.yaml (.1) and __init__.py (of half the loss)": ("discriminator_lr",),
        "authors' code, __init__.py": ("generator_loss",),
        "section 3, algorithm 1": ("discriminator_steps",),
        "authors' code: G is not averaged": ("ema_decay",),
        "ours, without effect here": ("beta2",),
    }
}


class Generator(nn.Module):
    """Codes (N, Z) -> samples (N, *shape): ReLU layers, then linear; tanh for images."""

    def __init__(self, latent_dim: int, shape: tuple[int, ...], *, width: int, depth: int) -> None:
        super().__init__()
        self.shape = shape
        units = [latent_dim, *[width] * depth]
        # z 32 -> 256 -> 256 -> 1x8x8: linear maps, a ReLU after each but the last
        self.layers = nn.Sequential()
        for before, after in pairwise(units):
            self.layers.extend([nn.Linear(before, after), nn.ReLU()])
        self.layers.append(nn.Linear(width, prod(shape)))

    def forward(self, codes: Tensor) -> Tensor:
        """Map codes (N, Z) to points (N, D), or images (N, C, H, W) in [-1, 1]."""
        samples: Tensor = self.layers(codes).unflatten(1, self.shape)
        return samples.tanh() if len(self.shape) == 3 else samples


class InputDropout(nn.Module):
    """Leave out a share of each sample in training, (N, *shape) -> (N, *shape).

    A class of its own, since the share is not that of the hidden layers.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, samples: Tensor) -> Tensor:
        """Return samples with zeros in them, the rest scaled to the same mean."""
        return F.dropout(samples, self.share, training=self.training)


class Discriminator(nn.Module):
    """Samples (N, *shape) -> logits (N,): LeakyReLU or maxout layers with dropout."""

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        width: int,
        depth: int,
        pieces: int,
        dropout: float,
        input_dropout: float,
    ) -> None:
        super().__init__()
        self.input_dropout = InputDropout(input_dropout)
        units = [prod(shape), *[width] * depth]
        # 1x8x8 -> 64 -> 256 [x pieces] -> 256 [x pieces] -> 1: dropout after each hidden layer
        self.layers = nn.Sequential(nn.Flatten())
        for before, after in pairwise(units):
            self.layers.append(nn.Linear(before, after * pieces))
            self.layers.append(nn.LeakyReLU(SLOPE) if pieces == 1 else Maxout(pieces))
            self.layers.append(nn.Dropout(dropout))
        self.layers.append(nn.Linear(width, 1))

    def forward(self, samples: Tensor) -> Tensor:
        """Map samples (N, *shape) to logits (N,)."""
        logits: Tensor = self.layers(self.input_dropout(samples)).squeeze(1)
        return logits


def draw_uniformly(network: nn.Module, limit: float) -> nn.Module:
    """Draw the weights anew, uniform in ±limit, with biases of 0; return the network.

    A limit of 0 changes nothing.
    """
    for module in network.modules():
        if isinstance(module, nn.Linear) and limit:
            nn.init.uniform_(module.weight, -limit, limit)
            nn.init.zeros_(module.bias)
    return network


class Gan(Game):
    """The plain game, on images of any size and on points."""

    task_type: ClassVar = Generation
    presets: ClassVar = {"small": small, "paper": paper}
    tiny: ClassVar = {"width": 8, "discriminator_width": 8, "batch_size": 8, "latent_dim": 4}
    live: ClassVar = {
        "dropout": (nn.Dropout, "p"),
        "input_dropout": (InputDropout, "share"),
    }
    sources: ClassVar = SOURCES
    settings: GanSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        s = self.settings
        network = Generator(s.latent_dim, self.shape, width=s.width, depth=s.depth)
        return draw_uniformly(network, s.generator_range)

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        s = self.settings
        network = Discriminator(
            self.shape,
            width=s.discriminator_width,
            depth=s.depth,
            pieces=s.pieces,
            dropout=s.dropout,
            input_dropout=s.input_dropout,
        )
        return draw_uniformly(network, s.discriminator_range)

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z), N(0, 1) or uniform in [-1, 1]."""
        s = self.settings
        return {"z": draw_codes(count, s.latent_dim, law=s.latent, rng=rng)}

    def objective(self) -> Objective:
        """Return what `generator_loss` names."""
        return self.published(mutations.get(self.settings.generator_loss))
