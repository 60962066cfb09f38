"""Improved GAN (Salimans et al. 2016, "Improved techniques for training GANs", arXiv 1606.03498).

Each technique is a setting, and any of them may be switched off:

    feature matching          G minimises ‖E f(x) − E f(G(z))‖², f being D's last hidden layer
    minibatch discrimination  D sees how close the other samples of its batch are
    historical averaging      both players pay λ ‖θ − (1/t) Σ_i θ[i]‖²
    one-sided smoothing       D's target on real samples is 1 − s, on generated ones 0
    virtual batch norm        G normalises by a fixed reference batch and the sample itself
    K + 1 classes             D is a classifier, "generated" being one class more

With `labels_per_class`, D learns the classes from so few labels, and from all other images that
they are real. Its K logits l (that of "generated" is fixed at 0) give log Z = logsumexp(l),
D(x) = Z / (Z + 1), and

    L_D = −E[log softmax(l)_y] + ½ w (E[softplus(−log Z)] + E[softplus(log Z(G(z)))])

Without labels D has one logit, and L_D is the logistic game alone. The networks are the paper's for
MNIST: D fully connected, with weight norm and Gaussian noise on every layer, and G of softplus
units with batch norm. Here learning rates stay constant, images are in [−1, 1] and G ends in tanh.
The paper advises feature matching for accuracy and minibatch discrimination for looks, not both.
Fitness: the accuracy on held-out labels where D is a classifier, else the distance of samples.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any, ClassVar, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm
from torch.optim.swa_utils import AveragedModel

import mutations
from egan.config import DataConfig, SearchConfig
from egan.config.collection import CollectionConfig
from egan.config.settings import AdversarialSettings
from egan.data.splits import few_labels, subset
from egan.losses.averaging import feature_matching, historical_averaging
from egan.losses.discriminator import fake_loss, real_loss
from egan.losses.semi_supervised import class_evidence
from egan.networks.blocks import GaussianNoise, Trunk
from egan.networks.minibatch import MinibatchDiscrimination
from egan.networks.virtual_norm import VirtualBatchNorm
from egan.training.game import Adversarial
from egan.training.model import Batch, Codes, draw
from mutations.objectives import Objective
from population.state import State

DIVISORS = (1, 2, 4, 4, 4)
"""The discriminator's hidden layers: 1000, 500, 250, 250 and 250 units in the paper."""
NUM_REFERENCE = 64
NORMS = {"batch": nn.BatchNorm1d, "virtual": VirtualBatchNorm, "none": nn.Identity}
HISTORIES = {player: f"{player}_history" for player in ("generator", "discriminator")}
"""The networks that are a player's mean over its history."""

NOTHING = Objective(
    "none", lambda fake, _: torch.zeros_like(fake).sum(), needs_real=False, formula="0"
)


@dataclass(frozen=True, kw_only=True)
class ImprovedGanSettings(AdversarialSettings):
    """Settings of an improved GAN."""

    STRUCTURAL = (
        "latent_dim",
        "width",
        "depth",
        "activation",
        "discriminator_width",
        "norm",
        "num_kernels",
        "kernel_dim",
        "closeness",
        "labels_per_class",
    )
    MAY_BE_ZERO = ("num_kernels", "labels_per_class")

    latent_dim: int = 100
    """Dimensions of the latent code z, uniform in [0, 1)."""
    width: int = 500
    """Units of the generator's hidden layers."""
    depth: int = 2
    """How many of them there are."""
    activation: Literal["softplus", "relu"] = "softplus"
    """Of the generator; relu makes sharper edges."""
    discriminator_width: int = 1000
    """Units of the discriminator's first layer; the others have 1/2, 1/4, 1/4 and 1/4 of them."""
    generator_loss: Literal["none", "heuristic", "minimax", "least_squares", "hinge"] = "none"
    """The generator's adversarial term; none leaves feature matching alone."""
    matching_weight: float = 1.0
    """Weight of feature matching."""
    num_kernels: int = 0
    """Kernels (B) of minibatch discrimination; 0 for none."""
    kernel_dim: int = 5
    """Dimensions (C) of each of them."""
    closeness: Literal["sum", "mean"] = "sum"
    """Over the rest of the batch; the mean does not depend on its size."""
    historical_weight: float = 0.0
    """Weight (lambda) of historical averaging, for both players."""
    smoothing: float = 0.0
    """What one-sided label smoothing takes from the target of real samples."""
    norm: Literal["batch", "virtual", "none"] = "batch"
    """The generator's normalisation: by the batch, by a fixed reference batch, or none."""
    noise: float = 0.3
    """Deviation of the noise on the discriminator's input."""
    hidden_noise: float = 0.5
    """Deviation of the noise on its hidden layers."""
    labels_per_class: int = 0
    """Labels of each class that D learns from, or as many as the rarest has; 0 for a plain D."""
    unlabelled_weight: float = 1.0
    """Weight (w) of telling real samples from generated ones beside the classes."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if self.smoothing >= 1:
            raise ValueError(f"--smoothing must be in [0, 1), but got {self.smoothing}.")


def small() -> CollectionConfig:
    """Digits of 8x8 pixels, for looks: minibatch discrimination, smoothing, virtual batch norm."""
    return CollectionConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=200),
        settings=ImprovedGanSettings(
            latent_dim=32,
            width=128,
            discriminator_width=256,
            generator_loss="heuristic",
            matching_weight=0.0,
            num_kernels=16,
            smoothing=0.1,
            norm="virtual",
            noise=0.1,
            hidden_noise=0.1,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
            ema_decay=0.998,
        ),
    )


def semi_supervised() -> CollectionConfig:
    """Digits of 8x8 pixels, ten labels of each class: feature matching for a better classifier."""
    return CollectionConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=100),
        settings=ImprovedGanSettings(
            latent_dim=50,
            width=128,
            discriminator_width=256,
            labels_per_class=10,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
        ),
    )


def modes() -> CollectionConfig:
    """Twenty-five Gaussians in a plane, with minibatch discrimination against collapse."""
    return CollectionConfig(
        data=DataConfig(name="gaussians25"),
        search=SearchConfig(rounds=20, interval=250),
        settings=ImprovedGanSettings(
            latent_dim=8,
            width=128,
            depth=3,
            activation="relu",
            discriminator_width=128,
            generator_loss="heuristic",
            matching_weight=0.0,
            num_kernels=8,
            closeness="mean",
            norm="none",
            noise=0.03,
            hidden_noise=0.0,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
            ema_decay=0.998,
        ),
    )


def paper() -> CollectionConfig:
    """MNIST with a hundred labels, as published but for the falling learning rate."""
    return CollectionConfig(
        data=DataConfig(name="mnist", image_size=28),
        search=SearchConfig(rounds=300, interval=600),
        settings=ImprovedGanSettings(
            batch_size=100, labels_per_class=10, generator_lr=3e-3, discriminator_lr=3e-3
        ),
    )


class Generator(nn.Module):
    """Codes (N, Z) -> samples (N, *shape): hidden layers, then linear; tanh for images.

    With virtual batch norm, the codes of the reference batch go the same way, beside the others.
    """

    reference: Tensor

    def __init__(self, s: ImprovedGanSettings, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape
        self.virtual = s.norm == "virtual"
        self.activation = F.relu if s.activation == "relu" else F.softplus
        self.layers, self.norms = nn.ModuleList(), nn.ModuleList()
        for before, after in pairwise([s.latent_dim, *[s.width] * s.depth]):
            self.layers.append(nn.Linear(before, after, bias=s.norm == "none"))
            self.norms.append(NORMS[s.norm](after))
        self.last = weight_norm(nn.Linear(s.width, prod(shape)))
        if self.virtual:
            self.register_buffer("reference", torch.rand(NUM_REFERENCE, s.latent_dim))

    def forward(self, codes: Tensor) -> Tensor:
        """Map codes (N, Z) to points (N, D), or images (N, C, H, W) in [-1, 1]."""
        hidden = torch.cat([self.reference, codes]) if self.virtual else codes
        for layer, norm in zip(self.layers, self.norms, strict=True):
            hidden = layer(hidden)
            normed = norm(hidden, hidden[:NUM_REFERENCE]) if self.virtual else norm(hidden)
            hidden = self.activation(normed)
        samples: Tensor = self.last(hidden[-len(codes) :]).unflatten(1, self.shape)
        return samples.tanh() if len(self.shape) == 3 else samples


class Discriminator(nn.Module):
    """Samples (N, *shape) -> logits of the classes (N, K), that of "generated" being 0."""

    def __init__(self, s: ImprovedGanSettings, shape: tuple[int, ...], num_classes: int) -> None:
        super().__init__()
        units = [prod(shape), *[max(1, s.discriminator_width // part) for part in DIVISORS]]
        layers: list[nn.Module] = [nn.Flatten(), GaussianNoise(s.noise)]
        for before, after in pairwise(units):
            layers += [weight_norm(nn.Linear(before, after)), nn.ReLU()]
            layers += [GaussianNoise(s.hidden_noise)]
        self.body = Trunk(layers, num_features=units[-1])
        self.minibatch: nn.Module = nn.Identity()
        if s.num_kernels:
            sizes = {"num_kernels": s.num_kernels, "kernel_dim": s.kernel_dim}
            mean = s.closeness == "mean"
            self.minibatch = MinibatchDiscrimination(units[-1], mean=mean, **sizes)
        self.head = weight_norm(nn.Linear(units[-1] + s.num_kernels, num_classes))

    def forward(self, samples: Tensor) -> Tensor:
        """Map samples (N, *shape) to logits (N, K)."""
        logits: Tensor = self.head(self.minibatch(self.body(samples)))
        return logits


class ImprovedGan(Adversarial):
    """The game with the paper's techniques, or a classifier that learns from few labels."""

    presets: ClassVar = {
        "small": small,
        "semi_supervised": semi_supervised,
        "modes": modes,
        "paper": paper,
    }
    space: ClassVar = {
        "generator_lr": "3e-4,1e-2,log",
        "discriminator_lr": "3e-4,1e-2,log",
        "unlabelled_weight": "0.1,3,log",
        "noise": "0,0.6",
        "matching_weight": "0.1,10,log",
        "historical_weight": "1e-4,1,log",
        "smoothing": "0,0.3",
        "num_kernels": "0,8,32,100",
        "kernel_dim": "3,5,8",
    }
    tiny: ClassVar = {"width": 8, "discriminator_width": 16, "batch_size": 8, "latent_dim": 4}
    settings: ImprovedGanSettings

    def build(self) -> dict[str, nn.Module]:
        """Build G, its average, D, and the mean of either over its history."""
        if self.settings.labels_per_class:
            self.labelled = subset(self.task.data, self._few())
        networks = super().build()
        means = {mean: AveragedModel(networks[name]) for name, mean in HISTORIES.items()}
        return networks | means

    def _few(self) -> Any:
        labels = self.task.data.labels
        if labels is None:
            problem = f"needs labels, but {self.task.data.name} has none"
            raise ValueError(
                f"--labels-per-class {problem}. Give labelled data, or --labels-per-class 0."
            )
        rarest = int(np.unique(labels, return_counts=True)[1].min())
        return few_labels(labels, per_class=min(self.settings.labels_per_class, rarest))

    def generator_network(self) -> nn.Module:
        """Build G."""
        return Generator(self.settings, self.shape)

    def discriminator_network(self) -> nn.Module:
        """Build D: of as many classes as the data have, or of one."""
        classes = self.num_classes if self.settings.labels_per_class else 1
        return Discriminator(self.settings, self.shape, classes)

    def codes(self, count: int, generator: torch.Generator) -> Codes:
        """Draw z (count, Z), uniform in [0, 1)."""
        return {"z": torch.rand(count, self.settings.latent_dim, generator=generator)}

    def logits(self, batch: Batch) -> Tensor:
        """Return log Z, D's logit, of samples (N, *shape)."""
        return class_evidence(self.discriminator(batch.samples))

    def discriminator_loss(self, real: Batch, fake: Batch) -> Tensor:
        """Return L_D, smoothed, and what its history adds."""
        s = self.settings
        on_real, on_fake = self.logits(real), self.logits(fake)
        smoothed = (1 - s.smoothing) * real_loss(on_real) + s.smoothing * fake_loss(on_real)
        game = smoothed + fake_loss(on_fake)
        if s.labels_per_class:
            few = draw(self.labelled, s.batch_size, self.random, self.device)
            supervised = F.cross_entropy(self.discriminator(few.samples), few.labels)
            game = supervised + 0.5 * s.unlabelled_weight * game
        return game + self.historical_term("discriminator")

    def generator_loss(self, fake: Batch, real: Batch, objective: Objective) -> Tensor:
        """Return the adversarial term, feature matching, and what G's history adds."""
        loss = self.historical_term("generator")
        if objective is not NOTHING:
            loss = loss + self.adversarial_term(fake, real, objective)
        if self.settings.matching_weight:
            body: Any = self.discriminator.body
            matching = feature_matching(body(real.samples), body(fake.samples))
            loss = loss + self.settings.matching_weight * matching
        return loss

    def objective(self) -> Objective:
        """Return what `generator_loss` names."""
        name = self.settings.generator_loss
        return NOTHING if name == "none" else mutations.get(name)

    def historical_term(self, player: str) -> Tensor:
        """Return λ ‖θ − mean of θ‖² of a player."""
        weight = self.settings.historical_weight
        if not weight:
            return torch.zeros((), device=self.device)
        mean: Any = self.networks[HISTORIES[player]]
        network = self.networks[player]
        return weight * historical_averaging(network.parameters(), mean.module.parameters())

    def train_discriminator(self, real: Batch, fake: Batch) -> Tensor:
        """Take a step of D, and move the mean of its history."""
        loss = super().train_discriminator(real, fake)
        self._remember("discriminator")
        return loss

    def train_generator(self, loss: Tensor) -> None:
        """Take a step of G, and move its averages."""
        super().train_generator(loss)
        self._remember("generator")

    def _remember(self, player: str) -> None:
        mean: Any = self.networks[HISTORIES[player]]
        mean.update_parameters(self.networks[player])

    def part(self, names: Iterable[str]) -> State:
        """Return the state of some networks, with their histories, and their optimisers."""
        remembered = [HISTORIES[name] for name in names if name in HISTORIES]
        return super().part(list(dict.fromkeys([*names, *remembered])))

    def apply_options(self) -> None:
        """Give the optimisers, the average and the noise their rates."""
        super().apply_options()
        first, *others = (m for m in self.discriminator.modules() if isinstance(m, GaussianNoise))
        first.std = self.settings.noise
        for one in others:
            one.std = self.settings.hidden_noise

    def accuracy(self) -> float:
        """Return the share of held-out samples whose class D tells."""
        data = self.task.held_out
        assert data.labels is not None
        chosen = data.spread(self.num_judged)
        told = self.discriminator(data.tensor(chosen).to(self.device)).argmax(dim=1).cpu()
        return float((told == torch.from_numpy(data.labels[chosen])).float().mean())

    def score(self) -> dict[str, float]:
        """Return D's accuracy where it is a classifier, else the distance of samples."""
        if not self.settings.labels_per_class:
            return super().score()
        accuracy = self.accuracy()
        return {"fitness": accuracy, "accuracy": accuracy}

    def look(self) -> dict[str, float]:
        """Return all distances, and D's accuracy where it is a classifier."""
        told = {"accuracy": self.accuracy()} if self.settings.labels_per_class else {}
        return super().look() | told
