"""CGAN (Mirza and Osindero 2014, "Conditional generative adversarial nets", arXiv 1411.1784).

    min_G max_D E_x,y[log D(x|y)] + E_z,y[log(1 − D(G(z|y)|y))]

The condition y, here a class, joins z in the generator and x in the discriminator; the labels of
samples are drawn with those of the data. An update:

    discriminator_steps times: draw x with its y, z with another y, and step D on both
    draw z and y, and step G along the gradient of −½ E[log D(G(z|y)|y)]
    move the average of G, which makes the samples that are judged

How y joins is `conditioning`:

    concat       the paper's: y as further inputs of both, of a network on images as constant planes
    projection   D(x|y) = sigmoid(psi(f(x)) + <e_y, f(x)>)  (Miyato and Koyama 2018, 1802.05637)
    cbn          projection, and y as gain and shift of G's batch norm (de Vries et al., 1707.00683)

Networks are convolutional by default, with spectral norm in D and Adam. The paper's own, maxout on
MNIST, are the preset `paper`; images are in [−1, 1], so G ends in tanh rather than in a sigmoid,
and learning rate and momentum stay constant (the paper's move slowly).

Fitness: the share of samples that a classifier, fixed and not the discriminator, takes for the
class that was asked for, minus a tenth of the Fréchet distance to the data in its features.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import prod
from typing import TYPE_CHECKING, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig
from egan.networks import dcgan, latent
from egan.networks.blocks import Logits, Trunk, constrain
from egan.networks.conditioning import ConditionalNorm, ProjectionHead, concatenate
from egan.networks.halvings import halvings
from egan.networks.maxout import Maxout
from egan.tasks import ROW, Batch, Classes, Codes, Draw, draw_labels
from egan.training.game import Game

if TYPE_CHECKING:
    from PIL import Image

DISTANCE_WEIGHT = 0.1
MAX_FACTOR = 8


@dataclass(frozen=True, kw_only=True)
class CganSettings(GameSettings):
    """Settings of a CGAN."""

    STRUCTURAL = ("network", "conditioning", "width", "discriminator_width", "latent_dim", "norm")
    SPACE: ClassVar = {
        "generator_lr": "1e-4,3e-3,log",
        "discriminator_lr": "1e-4,3e-3,log",
        "conditioning": "concat|projection|cbn",
        "latent_dim": "8,16,32,64",
        "label_noise": "0,0.1",
    }

    network: Literal["conv", "maxout"] = "conv"
    """Convolutions, or the paper's layers of ReLU against maxout units."""
    conditioning: Literal["concat", "projection", "cbn"] = "concat"
    """How the label joins; see the top of this help."""
    width: int = 32
    """Channels of the generator's last hidden layer; or units of the paper's joint layer."""
    discriminator_width: int = 32
    """Channels of the discriminator's first layer; or maxout units of the paper's joint layer."""
    norm: Literal["spectral", "none"] = "spectral"
    """Constraint on the discriminator's weights."""
    dropout: float = 0.0
    """Share of the maxout discriminator's joint units that a training step leaves out."""
    latent: Literal["normal", "uniform"] = "normal"
    """Distribution of z: N(0, 1), or uniform in [-1, 1]."""
    optimizer: Literal["adam", "sgd"] = "adam"
    """Adam, or gradient descent with beta1 as its momentum."""
    label_noise: float = 0.0
    """Share of real samples whose label is replaced by a random one in training."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if self.dropout >= 1:
            raise ValueError(f"--dropout must be in [0, 1), but got {self.dropout}.")
        if self.label_noise > 1:
            raise ValueError(f"--label-noise must be in [0, 1], but got {self.label_noise}.")
        if self.network == "maxout" and self.conditioning != "concat":
            raise ValueError(
                f"--conditioning {self.conditioning} needs --network conv; with --network maxout, "
                "give --conditioning concat."
            )


def small() -> RunConfig:
    """Digits of 8x8 pixels, in a minute."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=100),
        settings=CganSettings(
            latent_dim=32, generator_lr=1e-3, discriminator_lr=1e-3, beta2=0.99, ema_decay=0.99
        ),
    )


def paper() -> RunConfig:
    """MNIST as published: 200 + 1000 units joined, against maxout units, by momentum."""
    return RunConfig(
        data=DataConfig(name="mnist", image_size=28),
        search=SearchConfig(rounds=300, interval=500),
        settings=CganSettings(
            network="maxout",
            width=1200,
            discriminator_width=240,
            norm="none",
            latent_dim=100,
            latent="uniform",
            batch_size=100,
            dropout=0.5,
            optimizer="sgd",
            generator_lr=0.1,
            discriminator_lr=0.1,
            ema_decay=0.0,
        ),
    )


class ConvGenerator(nn.Module):
    """Codes (N, Z) and conditions (N, K) -> images (N, C, H, W) in [-1, 1].

    A linear layer of both, then transposed convolutions of stride 2 after batch norm, which the
    condition scales and shifts where `conditional`.
    """

    def __init__(
        self, latent_dim: int, num_classes: int, shape: tuple[int, ...], *, width: int, cbn: bool
    ) -> None:
        super().__init__()
        self.base, times = halvings(shape)
        widths = [width * min(2**level, MAX_FACTOR) for level in range(times)][::-1]
        # z 32 + y 10 -> 4x4x128 -> 8x8x64 -> 16x16x32 -> 32x32x3; for digits 4x4x32 -> 8x8x1
        self.first = nn.Linear(latent_dim + num_classes, widths[0] * self.base**2)
        self.conditional = cbn
        self.norms, self.convolutions = nn.ModuleList(), nn.ModuleList()
        for before, after in zip(widths, [*widths[1:], shape[0]], strict=True):
            norm = ConditionalNorm(before, condition_dim=num_classes) if cbn else None
            self.norms.append(norm or nn.BatchNorm2d(before))
            self.convolutions.append(nn.ConvTranspose2d(before, after, 4, stride=2, padding=1))

    def forward(self, codes: Tensor, condition: Tensor) -> Tensor:
        """Map codes and conditions to images."""
        hidden = self.first(concatenate(codes, condition))
        hidden = hidden.reshape(len(hidden), -1, self.base, self.base)
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            normed = norm(hidden, condition) if self.conditional else norm(hidden)
            hidden = convolution(normed.relu())
        images: Tensor = hidden.tanh()
        return images


class ConcatDiscriminator(nn.Module):
    """Images (N, C, H, W) with a plane for each class -> logits (N,)."""

    def __init__(self, body: Trunk, num_classes: int) -> None:
        super().__init__()
        self.body = body
        self.head = Logits(body.num_features)
        self.num_classes = num_classes

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Map images and labels (N,) to logits (N,)."""
        planes = F.one_hot(labels, self.num_classes).float()
        logits: Tensor = self.head(self.body(concatenate(images, planes)))
        return logits


class ProjectionDiscriminator(nn.Module):
    """Images (N, C, H, W) -> features, whose product with the label's is added to their logit."""

    def __init__(self, body: Trunk, num_classes: int) -> None:
        super().__init__()
        self.body = body
        self.head = ProjectionHead(body.num_features, num_classes=num_classes)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Map images and labels (N,) to logits (N,)."""
        logits: Tensor = self.head(self.body(images), labels)
        return logits


class PaperGenerator(nn.Module):
    """The paper's: a sixth of the units see z, the others y; all meet in a joint layer."""

    def __init__(
        self, latent_dim: int, num_classes: int, shape: tuple[int, ...], *, width: int
    ) -> None:
        super().__init__()
        # z 100 -> 200 \
        #                 1200 -> 1200 -> 1x28x28
        # y 10 -> 1000 /
        part = max(1, width // 6)
        self.shape = shape
        self.codes = nn.Linear(latent_dim, part)
        self.condition = nn.Linear(num_classes, width - part)
        self.joint = nn.Linear(width, width)
        self.last = nn.Linear(width, prod(shape))

    def forward(self, codes: Tensor, condition: Tensor) -> Tensor:
        """Map codes (N, Z) and conditions (N, K) to samples (N, *shape)."""
        parts = self.codes(codes).relu(), self.condition(condition).relu()
        hidden = self.joint(torch.cat(parts, dim=1)).relu()
        samples: Tensor = self.last(hidden).reshape(len(codes), *self.shape)
        return samples.tanh()


class PaperDiscriminator(nn.Module):
    """The paper's: maxout units with 5 pieces for x and for y, then joint ones with 4."""

    def __init__(
        self, num_classes: int, shape: tuple[int, ...], *, width: int, dropout: float
    ) -> None:
        super().__init__()
        # x 1x28x28 -> 240 [x 5] \
        #                          290 -> 240 [x 4] -> 1
        # y 10 ------> 50 [x 5] /
        part = max(1, width * 50 // 240)
        self.num_classes = num_classes
        self.samples = nn.Sequential(nn.Flatten(), nn.Linear(prod(shape), 5 * width), Maxout(5))
        self.labels = nn.Sequential(nn.Linear(num_classes, 5 * part), Maxout(5))
        self.joint = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(width + part, 4 * width),
            Maxout(4),
            nn.Dropout(dropout),
            nn.Linear(width, 1),
        )

    def forward(self, samples: Tensor, labels: Tensor) -> Tensor:
        """Map samples (N, *shape) and labels (N,) to logits (N,)."""
        condition = F.one_hot(labels, self.num_classes).float()
        hidden = torch.cat([self.samples(samples), self.labels(condition)], dim=1)
        logits: Tensor = self.joint(hidden).squeeze(1)
        return logits


class Cgan(Game):
    """A generator that is told which class to make."""

    task_type: ClassVar = partial(Classes, distance_weight=DISTANCE_WEIGHT)
    discriminator_codes: ClassVar = ("labels",)
    presets: ClassVar = {"small": small, "paper": paper}
    tiny: ClassVar = {"width": 4, "discriminator_width": 4, "batch_size": 8, "latent_dim": 4}
    live: ClassVar = {"dropout": (nn.Dropout, "p")}
    settings: CganSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        s = self.settings
        if s.network == "maxout":
            return PaperGenerator(s.latent_dim, self.num_classes, self.shape, width=s.width)
        cbn = s.conditioning == "cbn"
        return ConvGenerator(s.latent_dim, self.num_classes, self.shape, width=s.width, cbn=cbn)

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        s, classes = self.settings, self.num_classes
        if s.network == "maxout":
            width, dropout = s.discriminator_width, s.dropout
            return PaperDiscriminator(classes, self.shape, width=width, dropout=dropout)
        concat = s.conditioning == "concat"
        channels = self.shape[0] + classes if concat else self.shape[0]
        body = dcgan.trunk((channels, *self.shape[1:]), width=s.discriminator_width)
        network = (ConcatDiscriminator if concat else ProjectionDiscriminator)(body, classes)
        if s.norm == "spectral":
            constrain(network)
        return network

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z), and labels (count,) as the data have them."""
        s = self.settings
        z = latent.draw_codes(count, s.latent_dim, law=s.latent, rng=rng)  # before labels: bits
        return {"z": z, "labels": draw_labels(self.task.data, count, rng)}

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Make samples of the classes "labels", or for "condition" (N, K), a mixture of them."""
        condition = codes.get("condition")
        if condition is None:
            condition = F.one_hot(codes["labels"], self.num_classes).float()
        samples: Tensor = network(codes["z"], condition)
        return samples

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D about samples and their classes."""
        logits: Tensor = self.discriminator(batch.samples, batch.labels)
        return logits

    @property
    def is_logistic(self) -> bool:
        """Whether both halves are E-GAN's: they are where labels are as they were."""
        return not self.settings.label_noise

    def real_loss(self, real: Batch) -> Tensor:
        """Return −E[log D(x|y)], with some labels replaced."""
        if self.settings.label_noise:
            real = Batch(real.samples, {"labels": self._noisy(real.labels)})
        return super().real_loss(real)

    def _noisy(self, labels: Tensor) -> Tensor:
        """Replace a share of labels (N,) by random ones."""
        chosen = torch.rand(len(labels), generator=self.rng) < self.settings.label_noise
        others = torch.randint(self.num_classes, (len(labels),), generator=self.rng)
        return torch.where(chosen.to(self.device), others.to(self.device), labels)

    def pictures(self) -> dict[str, Draw]:
        """Show a row for each class, and walks from class to class."""
        return super().pictures() | {"class_walks": self.show_walks}

    def show_walks(self, rng: torch.Generator) -> Image.Image:
        """Draw rows that walk from a class to the next, with one z."""
        classes = min(self.num_classes, ROW)
        z = self.codes(classes, rng)["z"]
        pure = torch.eye(self.num_classes)[:classes]
        t = torch.linspace(0, 1, ROW)[:, None]
        walks = [a + t * (b - a) for a, b in zip(pure, pure.roll(-1, 0), strict=True)]
        codes = {"z": z.repeat_interleave(ROW, dim=0), "condition": torch.cat(walks)}
        picture: Image.Image = self.task.show(self.made(codes))
        return picture
