"""InfoGAN (Chen et al. 2016, "InfoGAN: interpretable representation learning", arXiv 1606.03657).

G makes x from noise z' and a code c that says something: a category, a slant. So that it does, a
head Q on D's body guesses the code from the sample, and both players help it:

    min_{G,Q} max_D V(D, G) − λ L_I,      L_I = E_c,x[log Q(c|x)] + H(c) <= I(c; x),   x = G(z', c)

with equality where Q is the posterior p(c|x). A categorical code of K values is uniform, H = log K,
Q a softmax; a continuous one is uniform in [−1, 1], H = log 2, Q a Gaussian of its own mean and of
deviation 1, as published, or of a learned one. λ is smaller for continuous codes. G's adversarial
term is −E[log D(x)].

The networks are the paper's for MNIST at 28x28, with a convolution more or less at other sizes:
G  linear, linear, transposed convolutions;  D  convolutions, linear;  Q  a hidden layer on top.

Fitness: how much c says about the class that a fixed classifier sees in x, as normalised mutual
information, minus a tenth of the Fréchet distance to the data; without classes, the distance alone.
Never by Q, which is the member's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import fitness
from egan.config import DataConfig, SearchConfig
from egan.config.collection import CollectionConfig
from egan.config.settings import AdversarialSettings
from egan.losses.discriminator import discriminator_loss, real_loss
from egan.losses.variational import gaussian_log_density
from egan.networks.blocks import Logits, initialise
from egan.networks.halvings import halvings
from egan.networks.latent import traverse
from egan.tasks.generation import ROW
from egan.training.game import Adversarial
from egan.training.model import Batch, Codes, Draw
from mutations.objectives import Objective

if TYPE_CHECKING:
    from PIL import Image

SLOPE = 0.1
MAX_FACTOR = 8
DISTANCE_WEIGHT = 0.1
REACH = 2.0
"""How far pictures walk along a continuous code, which training draws from [-1, 1]."""

NON_SATURATING = Objective(
    "non_saturating", lambda fake, _: real_loss(fake), needs_real=False, formula="-E[log D(G(z))]"
)


@dataclass(frozen=True, kw_only=True)
class InfoganSettings(AdversarialSettings):
    """Settings of an InfoGAN."""

    STRUCTURAL = (
        "latent_dim",
        "categorical_codes",
        "categories",
        "continuous_codes",
        "width",
        "hidden",
        "guess_width",
    )
    MAY_BE_ZERO = ("continuous_codes",)

    latent_dim: int = 62
    """Dimensions of the noise z', uniform in [-1, 1]."""
    categorical_codes: int = 1
    """How many categorical codes there are."""
    categories: int = 10
    """Values of each of them."""
    continuous_codes: int = 2
    """How many codes are uniform in [-1, 1]."""
    categorical_weight: float = 1.0
    """Weight (lambda) of the information in the categorical codes."""
    continuous_weight: float = 0.1
    """Weight (lambda) of the information in the continuous codes."""
    learned_deviation: bool = False
    """Whether Q learns the deviation of its guess of a continuous code, instead of 1."""
    width: int = 64
    """Channels at half the image's size, doubled at each halving."""
    hidden: int = 1024
    """Units of the linear layers next to the smallest maps."""
    guess_width: int = 128
    """Units of Q's own layer."""


def small() -> CollectionConfig:
    """Digits of 8x8 pixels, in a minute."""
    return CollectionConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=200),
        settings=InfoganSettings(
            latent_dim=128,
            learned_deviation=True,
            width=32,
            hidden=128,
            guess_width=64,
            generator_lr=1e-3,
            discriminator_lr=2e-4,
        ),
    )


def paper() -> CollectionConfig:
    """MNIST as published: a code of ten values and two continuous ones, 50 times 100 updates."""
    return CollectionConfig(
        data=DataConfig(name="mnist", image_size=28),
        search=SearchConfig(rounds=50, interval=100),
        settings=InfoganSettings(batch_size=128, generator_lr=1e-3, discriminator_lr=2e-4),
    )


class Guess(NamedTuple):
    """Q(c|x).

    Attributes:
        log_probabilities: Of the categories, (N, codes, K).
        mean: Of the continuous codes, (N, J).
        log_variance: Of the continuous codes, (N, J).
    """

    log_probabilities: Tensor
    mean: Tensor
    log_variance: Tensor


class Information(NamedTuple):
    """The bound L_I <= I(c; x) in nats, of the categorical and of the continuous codes."""

    categorical: Tensor
    continuous: Tensor


def channels(shape: tuple[int, ...], width: int) -> tuple[int, list[int]]:
    """Return the size of the smallest maps, and the channels at each halving."""
    base, times = halvings(shape)
    return base, [width * min(2**level, MAX_FACTOR) for level in range(times)]


def generator(s: InfoganSettings, shape: tuple[int, ...]) -> nn.Module:
    """Build G: noise and codes in one row (N, Z + codes * K + J) -> images in [-1, 1]."""
    base, widths = channels(shape, s.width)
    size = s.latent_dim + s.categorical_codes * s.categories + s.continuous_codes
    network = nn.Sequential()
    for before, after in pairwise([size, s.hidden, widths[-1] * base**2]):
        network.extend([nn.Linear(before, after), nn.BatchNorm1d(after), nn.ReLU()])
    network.append(nn.Unflatten(1, (widths[-1], base, base)))
    for before, after in pairwise([*widths[::-1], shape[0]]):
        network.append(nn.ConvTranspose2d(before, after, 4, stride=2, padding=1))
        network.extend([nn.BatchNorm2d(after), nn.ReLU()])
    return nn.Sequential(*list(network)[:-2], nn.Tanh())


class Discriminator(nn.Module):
    """Images (N, C, H, W) -> logits (N,), or Q's guess of their codes; one body for both."""

    def __init__(self, s: InfoganSettings, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.codes = s.categorical_codes, s.categories
        self.learned_deviation = s.learned_deviation
        base, widths = channels(shape, s.width)
        self.body = nn.Sequential(nn.Conv2d(shape[0], widths[0], 4, stride=2, padding=1))
        self.body.append(nn.LeakyReLU(SLOPE))
        for before, after in pairwise(widths):
            self.body.append(nn.Conv2d(before, after, 4, stride=2, padding=1))
            self.body.extend([nn.BatchNorm2d(after), nn.LeakyReLU(SLOPE)])
        self.body.append(nn.Flatten())
        self.body.extend(dense(widths[-1] * base**2, s.hidden))
        self.head = Logits(s.hidden)
        outputs = s.categorical_codes * s.categories + 2 * s.continuous_codes
        self.q = nn.Sequential(*dense(s.hidden, s.guess_width), nn.Linear(s.guess_width, outputs))

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N,)."""
        logits: Tensor = self.head(self.body(images))
        return logits

    def guess(self, features: Tensor) -> Guess:
        """Map the body's features (N, F) to Q(c|x)."""
        num = self.codes[0] * self.codes[1]
        outputs = self.q(features)
        logits = outputs[:, :num].unflatten(1, self.codes)
        mean, log_variance = outputs[:, num:].chunk(2, dim=1)
        if not self.learned_deviation:
            log_variance = torch.zeros_like(mean)
        return Guess(logits.log_softmax(dim=2), mean, log_variance)


def dense(before: int, after: int) -> list[nn.Module]:
    """Return a linear layer with batch norm."""
    return [nn.Linear(before, after), nn.BatchNorm1d(after), nn.LeakyReLU(SLOPE)]


def information(guess: Guess, codes: Codes) -> Information:
    """Return L_I = E[log Q(c|x)] + H(c) in nats, summed over the codes of either kind."""
    log_probabilities, mean, log_variance = guess
    told = log_probabilities.gather(2, codes["categories"][:, :, None])
    categorical = told.sum(dim=(1, 2)).mean() + told.shape[1] * math.log(guess[0].shape[2])
    density = gaussian_log_density(codes["continuous"], mean, log_variance)
    return Information(categorical, density.mean() + mean.shape[1] * math.log(2))


class Infogan(Adversarial):
    """A generator whose codes can be read off its samples."""

    presets: ClassVar = {"small": small, "paper": paper}
    space: ClassVar = {
        "generator_lr": "1e-4,1e-3,log",
        "discriminator_lr": "1e-4,1e-3,log",
        "categorical_weight": "0.05,3,log",
        "continuous_weight": "0.01,1,log",
        "latent_dim": "8,16,32,62",
        "continuous_codes": "1,2,3",
    }
    tiny: ClassVar = {"latent_dim": 4, "width": 4, "hidden": 8, "guess_width": 8, "batch_size": 8}
    needs_images = True
    settings: InfoganSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        network = generator(self.settings, self.shape)
        initialise(network, "normal")
        return network

    def discriminator_network(self) -> nn.Module:
        """Build D, with Q on its body."""
        network = Discriminator(self.settings, self.shape)
        initialise(network, "normal")
        return network

    def apply_options(self) -> None:
        """Give the optimisers, the average and Q what they read."""
        super().apply_options()
        self.recogniser.learned_deviation = self.settings.learned_deviation

    def codes(self, count: int, generator: torch.Generator) -> Codes:
        """Draw noise z' (count, Z), categories (count, codes) and continuous codes (count, J)."""
        s = self.settings
        size = count, s.categorical_codes
        return {
            "z": 2 * torch.rand(count, s.latent_dim, generator=generator) - 1,
            "categories": torch.randint(s.categories, size, generator=generator),
            "continuous": 2 * torch.rand(count, s.continuous_codes, generator=generator) - 1,
        }

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Make samples from noise and codes."""
        told = F.one_hot(codes["categories"], self.settings.categories).flatten(1)
        samples: Tensor = network(torch.cat([codes["z"], told, codes["continuous"]], dim=1))
        return samples

    def guess(self, samples: Tensor) -> Guess:
        """Return Q(c|x) of samples (N, C, H, W), generated or real."""
        d = self.recogniser
        return d.guess(d.body(samples))

    @property
    def recogniser(self) -> Discriminator:
        """D, which has Q on its body."""
        assert isinstance(self.discriminator, Discriminator)
        return self.discriminator

    def discriminator_loss(self, real: Batch, fake: Batch) -> Tensor:
        """Return −V − λ L_I: D and Q learn together."""
        d = self.recogniser
        features = d.body(fake.samples)
        game = discriminator_loss(self.logits(real), d.head(features))
        return game - self.weighted(information(d.guess(features), fake.codes))

    def generator_loss(self, fake: Batch, real: Batch, objective: Objective) -> Tensor:
        """Return the adversarial term − λ L_I."""
        told = information(self.guess(fake.samples), fake.codes)
        return self.adversarial_term(fake, real, objective) - self.weighted(told)

    def weighted(self, told: Information) -> Tensor:
        """Return λ L_I."""
        s = self.settings
        return s.categorical_weight * told.categorical + s.continuous_weight * told.continuous

    def objective(self) -> Objective:
        """Return −E[log D(G(z', c))]."""
        return NON_SATURATING

    def score(self) -> dict[str, float]:
        """Return what the categories say about the class that is seen, and the distance."""
        codes = self.codes(self.num_judged, self.random)
        made = self.made(codes)
        scores = self.appraised(made)
        seen = self.task.features.classes(made)
        if seen is None:
            return scores
        told = best_information(codes["categories"], torch.as_tensor(seen))
        return {**scores, "fitness": told - DISTANCE_WEIGHT * scores["frechet"], "nmi": told}

    def look(self) -> dict[str, float]:
        """Return all distances, what Q reads off samples, in nats, and off real images."""
        codes = self.codes(self.num_judged, self.random)
        told = information(self.guess(self.made(codes).to(self.device)), self.moved(codes))
        scores = {**super().look(), **{k: float(v) for k, v in told._asdict().items()}}
        if not self.num_classes:
            return scores
        return {**scores, "nmi": self.score()["nmi"], "nmi_of_real": self.score_real()}

    def score_real(self) -> float:
        """Return how much Q's categories of held-out images say about their classes (NMI)."""
        data = self.task.held_out
        chosen = data.spread(self.num_judged)
        guess = self.guess(data.tensor(chosen).to(self.device))
        assert data.labels is not None
        categories = guess.log_probabilities.argmax(dim=2).cpu()
        return best_information(categories, torch.from_numpy(data.labels[chosen]))

    def pictures(self) -> dict[str, Draw]:
        """Show samples by category, and a walk along each continuous code."""
        walks = {
            f"continuous_code_{i + 1}": _Walk(self, i)
            for i in range(self.settings.continuous_codes)
        }
        return {"categories": self.show_categories, **walks}

    def by_category(self, columns: int, generator: torch.Generator) -> Codes:
        """Return codes of a row for each of the first ten categories; columns share the rest."""
        rows = min(self.settings.categories, ROW)
        drawn = self.codes(columns, generator)
        codes = {name: code.repeat(rows, *[1] * (code.dim() - 1)) for name, code in drawn.items()}
        codes["categories"][:, 0] = torch.arange(rows).repeat_interleave(columns)
        return codes

    def show_categories(self, generator: torch.Generator) -> Image.Image:
        """Draw a row for each value of the first categorical code."""
        return self.show(self.made(self.by_category(ROW, generator)))

    def moved(self, codes: Codes) -> Codes:
        """Return codes where the networks are."""
        return {name: code.to(self.device) for name, code in codes.items()}


@dataclass(frozen=True)
class _Walk:
    """Draws a row for each category, in which one continuous code goes from -2 to 2."""

    model: Infogan
    dimension: int

    def __call__(self, generator: torch.Generator) -> Image.Image:
        codes = self.model.by_category(1, generator)
        values = torch.linspace(-REACH, REACH, ROW)
        walked = {name: code.repeat_interleave(ROW, dim=0) for name, code in codes.items()}
        walked["continuous"] = traverse(
            codes["continuous"], dimension=self.dimension, values=values
        )
        return self.model.show(self.model.made(walked))


def best_information(categories: Tensor, classes: Tensor) -> float:
    """Return the normalised mutual information of classes (N,) with the best code of (N, codes)."""
    columns = categories.unbind(dim=1)
    return max(fitness.normalized_mutual_information(column, classes) for column in columns)
