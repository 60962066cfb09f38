"""DANN (Ganin et al. 2016, "Domain-adversarial training of neural networks", arXiv 1505.07818).

Images of a source have labels, those of a target have none. A classifier C of features F learns the
labels; a discriminator D of the same features learns which domain an image is of, and the features
learn that it cannot be told:

    L_y = E_source[−log C(F(x))_y]
    L_d = −½ E_source[log(1 − σ(D(F(x))))] − ½ E_target[log σ(D(F(x)))]

    C descends L_y,     D descends L_d,     F descends L_y − λ L_d

all by one gradient of L_y + L_d, which a layer between F and D turns round: it is the identity
forwards and times −λ backwards. While p goes from 0 to 1 in `horizon` updates,

    λ = `reversal` · (2 / (1 + e^(−`steepness` p)) − 1)
    learning rate = `lr` / (1 + `fall` p)^`power`

so that D has learned something before F listens to it; D learns at the full rate. An update:

    draw labelled images of the source, and as many of the target
    descend L_y + L_d in F, C and D at once, the gradient from D to F turned round

Here images are in [−1, 1], where the paper subtracts their mean. The paper adapts MNIST to
MNIST-M, digits over photographs; give two folders (--data.name domains --data.pairs A B).

Fitness: the share of held-out target images that are told rightly, by labels that serve nothing
else; of the paper's measures without them, how well D tells domains apart is at every look.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.config import DataConfig, RunConfig, SearchConfig, Settings
from egan.data.domains import SOURCE, TARGET
from egan.reporting.pictures import scatter_picture
from egan.tasks import ADAPTED, Adaptation, Draw
from egan.training.model import Model

if TYPE_CHECKING:
    from PIL import Image

MARGIN = 0.1
"""Room around the points of a picture, as a share of what they take."""


@dataclass(frozen=True, kw_only=True)
class DannSettings(Settings):
    """Settings of a domain-adversarial network."""

    STRUCTURAL = ("kernel", "padding", "filters", "more_filters", "hidden", "domain_hidden")
    MAY_BE_ZERO = ("padding",)
    SPACE: ClassVar = {
        "lr": "3e-3,1e-1,log",
        "reversal": "1e-2,2,log",
        "steepness": "1,30,log",
        "domain_hidden": "25,50,100,200,400",
    }

    kernel: int = 5
    """Height and width of both convolutions."""
    padding: int = 0
    """Pixels of zeros on every side before each of them."""
    filters: int = 32
    """Channels of the first convolution."""
    more_filters: int = 48
    """Channels of the second."""
    hidden: int = 100
    """Units of both hidden layers of the classifier."""
    domain_hidden: int = 100
    """Units of the discriminator's hidden layer."""
    reversal: float = 1.0
    """What the discriminator's gradient is turned round by at last (lambda); 0 adapts nothing."""
    steepness: float = 10.0
    """How fast that is reached (gamma)."""
    horizon: int = 1500
    """Updates in which p goes from 0 to 1."""
    lr: float = 0.01
    """Learning rate at first (mu)."""
    fall: float = 10.0
    """How fast the learning rate falls (alpha)."""
    power: float = 0.75
    """By which power it does (beta)."""
    optimizer: Literal["sgd", "adam"] = "sgd"
    """Gradient descent with momentum, or Adam."""
    beta1: float = 0.9
    """Momentum."""
    batch_size: int = 64
    """Images of each domain per update."""


def small() -> RunConfig:
    """Digits of scikit-learn to those of MNIST at 8x8 pixels, in half a minute."""
    return RunConfig(
        data=DataConfig(name="digits_to_mnist"),
        search=SearchConfig(rounds=15, interval=100),
        settings=DannSettings(padding=2, lr=0.1),
    )


def paper() -> RunConfig:
    """MNIST to MNIST-M as published; give two folders of yours by --data.pairs."""
    return RunConfig(
        data=DataConfig(name="domains", image_size=28, channels=3),
        search=SearchConfig(rounds=100, interval=1000),
        settings=DannSettings(horizon=100_000),
    )


class Turned(torch.autograd.Function):
    """The identity forwards; backwards the gradient times −λ."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, factor: float) -> Tensor:
        """Return features as they are, of any shape."""
        ctx.factor = factor
        return features.view_as(features)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor, None]:
        """Return the gradient turned round."""
        return -ctx.factor * gradients[0], None


def turned(features: Tensor, factor: float) -> Tensor:
    """Return features whose gradient is turned round, and multiplied by a factor (λ)."""
    found: Tensor = Turned.apply(features, factor)  # type: ignore[no-untyped-call]
    return found


class Dann(Model):
    """A classifier whose features do not tell where an image comes from."""

    task_type: ClassVar = Adaptation
    presets: ClassVar = {"small": small, "paper": paper}
    sources: ClassVar = {
        "paper": {
            "figure 4a, the network for MNIST; from memory": (
                *("kernel", "filters", "more_filters", "hidden", "domain_hidden"),
            ),
            "ours: figure 4a does not say": ("padding",),
            "section 5.2.2, from memory": (
                *("reversal", "steepness", "lr", "fall", "power", "optimizer", "beta1"),
            ),
            "section 5.2.2, from memory: 128, a half of each domain": ("batch_size",),
            "ours": ("horizon",),
        }
    }
    learning: ClassVar = {"features": "lr", "classifier": "lr", "discriminator": "lr"}
    tiny: ClassVar = {"filters": 3, "more_filters": 4, "hidden": 8, "domain_hidden": 8}
    settings: DannSettings

    def build(self) -> dict[str, nn.Module]:
        """Build F, C and D.

        Raises:
            ValueError: The images are too small.
        """
        s = self.settings
        self.features = _features(self.shape, s)
        size = self.features(torch.zeros(1, *self.shape)).shape[1]
        self.classifier = nn.Sequential(
            *(nn.Linear(size, s.hidden), nn.ReLU()),
            *(nn.Linear(s.hidden, s.hidden), nn.ReLU()),
            nn.Linear(s.hidden, self.num_classes),
        )
        self.discriminator = nn.Sequential(
            *(nn.Linear(size, s.domain_hidden), nn.ReLU()), nn.Linear(s.domain_hidden, 1)
        )
        return {name: getattr(self, name) for name in self.learning}

    @property
    def progress(self) -> float:
        """How far training is (p), from 0 to 1."""
        return min(1.0, self.updates / self.settings.horizon)

    @property
    def reversal(self) -> float:
        """What D's gradient is turned round by just now (λ), from 0 to its setting."""
        s = self.settings
        return s.reversal * math.tanh(s.steepness * self.progress / 2)  # 2 / (1 + e^(-2x)) - 1

    def learning_rate(self, network: str) -> float:
        """Return the learning rate, as far as it has fallen."""
        s = self.settings
        return float(super().learning_rate(network) / (1 + s.fall * self.progress) ** s.power)

    def update(self) -> None:
        """Descend what is said of the source's classes and of domains once."""
        self.apply_settings()
        batch = self.draw()
        features = self.features(torch.cat([batch.samples, batch.codes[ADAPTED]]))
        told = self.classifier(features[: len(batch)])
        loss = F.cross_entropy(told, batch.labels) + self.domain_loss(features)
        self.descend(loss, *self.learning)

    def domain_loss(self, features: Tensor) -> Tensor:
        """Return L_d of features (2N, F), of the source first; their gradient is turned round."""
        logits = self.discriminator(turned(features, self.reversal))[:, 0]
        domains = torch.tensor([SOURCE, TARGET], dtype=logits.dtype, device=logits.device)
        truth = domains.repeat_interleave(len(features) // 2)
        return F.binary_cross_entropy_with_logits(logits, truth)

    def classify(self, images: Tensor) -> Tensor:
        """Return logits of the classes (N, K) of images (N, C, H, W) of either domain."""
        logits: Tensor = self.classifier(self.features(images.to(self.device)))
        return logits

    def held_out(self) -> list[Tensor]:
        """Return the features of held-out images, of the source and of the target."""
        task = self.task
        return [
            self.features(task.held_out.tensor(task.judged(domain)).to(self.device))
            for domain in (SOURCE, TARGET)
        ]

    def gauges(self) -> dict[str, float]:
        """Return how often D tells the domain of a held-out image, each domain counting half."""
        source, target = (self.discriminator(one)[:, 0] > 0 for one in self.held_out())
        return {"domain_accuracy": float((1 - source.float().mean() + target.float().mean()) / 2)}

    def pictures(self) -> dict[str, Draw]:
        """Show mistakes, and where features of both domains lie."""
        return super().pictures() | {"features": self.show_features}

    def show_features(self, rng: torch.Generator) -> Image.Image:  # noqa: ARG002 - no draws
        """Draw two principal components of features: of the target over those of the source."""
        source, target = (one.cpu().double() for one in self.held_out())
        points = principal(torch.cat([source, target]))
        room = MARGIN * float(points.max() - points.min()) + 1e-6
        limits = (float(points.min()) - room, float(points.max()) + room)
        before, after = points[: len(source)].numpy(), points[len(source) :].numpy()
        return scatter_picture(after, real=before, limits=limits)


def _features(shape: tuple[int, ...], s: DannSettings) -> nn.Sequential:
    """(C, H, W) → 32 channels, halved → 48, halved → flat, by the paper's numbers."""
    side = shape[-1]
    for _ in range(2):
        side = (side + 2 * s.padding - s.kernel + 1) // 2
    if side < 1:
        raise ValueError(
            f"images of {shape[-1]}x{shape[-1]} are too small for two convolutions of --kernel "
            f"{s.kernel}, each halved; give --padding {s.kernel // 2}, or a larger "
            "--data.image-size."
        )
    layers: list[nn.Module] = []
    for before, after in ((shape[0], s.filters), (s.filters, s.more_filters)):
        layers += [nn.Conv2d(before, after, s.kernel, padding=s.padding), nn.ReLU()]
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten())


def principal(rows: Tensor) -> Tensor:
    """Return the first two principal components of rows (N, F), (N, 2)."""
    rows = (rows - rows.mean(dim=0)).nan_to_num(0.0, 0.0, 0.0)  # of a model that has diverged
    axes = torch.linalg.eigh(rows.T @ rows).eigenvectors[:, -2:]
    found: Tensor = rows @ axes.flip(1)
    return found
