"""BigGAN (Brock et al. 2018, "Large scale GAN training ...", arXiv 1809.11096).

    L_D = E_x,y[max(0, 1 − t(x, y))] + E_z,y[max(0, 1 + t(G(z, y), y))]
    L_G = −E_z,y[t(G(z, y), y)] + β Σ_W ‖W Wᵀ ⊙ (1 − I)‖_F²,      β = 1e-4

G and D are residual, with spectral norm in both, orthogonal initial weights and self-attention
where the maps are half as large as the image. What makes it large beside batch and width:

    shared embedding    one e(y), which every conditional batch norm projects to gain and shift
    hierarchical z      z is cut into parts: the first makes the smallest map, the others join e(y),
                        one in each block
    truncation          z is drawn anew where |z_i| > τ: the smaller τ, the better the single sample
                        and the less they vary; batch norm's averages are taken anew for each τ

Attention is SAGAN's (Zhang et al. 2018, 1805.08318), the head of D is a projection (Miyato and
Koyama 2018, 1802.05637). Channels double from the image inwards, up to 16 times the width, as the
paper's do at 128x128; parts of z may differ in size by one.

Fitness: the share of samples that a fixed classifier takes for the class that was asked for, minus
the Fréchet distance to the data in its features. Large models collapse late; the runs keep the best
state, and `metrics.csv` has the largest singular values of either network's weights.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

import mutations
from egan.config import DataConfig, SearchConfig
from egan.config.collection import CollectionConfig
from egan.config.settings import AdversarialSettings
from egan.losses.games import hinge_loss
from egan.networks.blocks import (
    constrain,
    initialise,
    largest_singular_value,
    orthogonal_penalty,
)
from egan.networks.conditioning import ConditionalNorm, ProjectionHead
from egan.networks.halvings import halvings
from egan.networks.latent import interpolate, truncated_normal
from egan.networks.residual import ResidualBlock
from egan.tasks.classes import Conditional
from egan.tasks.generation import ROW
from egan.training.model import Batch, Codes, Draw, draw_labels
from mutations.objectives import Objective

if TYPE_CHECKING:
    from PIL import Image

MAX_FACTOR = 16
THRESHOLDS = (float("inf"), 2.0, 1.5, 1.0, 0.5, 0.04)
NUM_STANDING = 250
"""Samples that batch norm's averages are taken over for a picture."""


@dataclass(frozen=True, kw_only=True)
class BigGanSettings(AdversarialSettings):
    """Settings of a BigGAN."""

    STRUCTURAL = ("width", "latent_dim", "embedding_dim", "hierarchical", "attention")

    width: int = 32
    """Channels next to the image, in both networks; they double inwards."""
    embedding_dim: int = 32
    """Dimensions of the shared embedding of a class."""
    hierarchical: bool = True
    """Whether each block gets a part of z of its own."""
    attention: bool = True
    """Whether places attend to each other, in maps half as large as the image."""
    orthogonal_weight: float = 1e-4
    """Weight of the orthogonal penalty on G (beta); 0 switches it off."""


def small() -> CollectionConfig:
    """Digits of 8x8 pixels, in a minute and a half."""
    return CollectionConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=12, interval=100),
        settings=BigGanSettings(
            width=16,
            latent_dim=24,
            batch_size=64,
            generator_lr=5e-4,
            discriminator_lr=1e-3,
            beta1=0.0,
            ema_decay=0.99,
        ),
    )


def paper() -> CollectionConfig:
    """ImageNet at 128x128 as published, from a folder with a subfolder for each class."""
    return CollectionConfig(
        data=DataConfig(name="folder", image_size=128),
        search=SearchConfig(rounds=200, interval=1000),
        settings=BigGanSettings(
            width=96,
            latent_dim=120,
            embedding_dim=128,
            batch_size=2048,
            generator_lr=5e-5,
            discriminator_lr=2e-4,
            beta1=0.0,
            discriminator_steps=2,
            ema_decay=0.9999,
        ),
    )


def stages(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the size of the smallest map and how often it is doubled: 8 -> (2, 2), 128 -> (4, 5).

    Raises:
        ValueError: The shape is not that of square images which can be halved.
    """
    base, times = halvings(shape)
    return (base // 2, 2) if times == 1 and base % 2 == 0 else (base, times)


def widths(width: int, times: int) -> list[int]:
    """Return the channels of times + 1 maps, from the image inwards."""
    return [width * min(2**level, MAX_FACTOR) for level in range(times + 1)]


class SelfAttention(nn.Module):
    """x + gain * attended(x): each place of (N, C, H, W) sums up values of all, by likeness.

    Keys and values are pooled 2x2; the gain is learned and starts at 0. SAGAN, arXiv 1805.08318.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner, half = max(1, channels // 8), max(1, channels // 2)
        self.queries = nn.Conv2d(channels, inner, 1, bias=False)
        self.keys = nn.Sequential(nn.Conv2d(channels, inner, 1, bias=False), nn.MaxPool2d(2))
        self.values = nn.Sequential(nn.Conv2d(channels, half, 1, bias=False), nn.MaxPool2d(2))
        self.last = nn.Conv2d(half, channels, 1, bias=False)
        self.gain = nn.Parameter(torch.zeros(()))

    def forward(self, hidden: Tensor) -> Tensor:
        """Map features (N, C, H, W) to features (N, C, H, W)."""
        queries, keys, values = (
            part(hidden).flatten(2) for part in (self.queries, self.keys, self.values)
        )
        weights_NPQ = (queries.transpose(1, 2) @ keys).softmax(dim=2)
        attended = (values @ weights_NPQ.transpose(1, 2)).unflatten(2, hidden.shape[2:])
        mixed: Tensor = hidden + self.gain * self.last(attended)
        return mixed


class Generator(nn.Module):
    """Codes (N, Z) and classes (N,) -> images (N, C, H, W) in [-1, 1]."""

    def __init__(
        self, shape: tuple[int, ...], *, num_classes: int, settings: BigGanSettings
    ) -> None:
        super().__init__()
        self.base, times = stages(shape)
        self.num_parts = times + 1 if settings.hierarchical else 1
        if settings.latent_dim < self.num_parts:
            raise ValueError(
                f"--latent-dim must be {self.num_parts} or more for images of {shape[1]} pixels, "
                f"a part for each block, but got {settings.latent_dim}; or give "
                "--no-hierarchical."
            )
        channels = widths(settings.width, times)[::-1]
        sizes = [
            len(part) for part in torch.arange(settings.latent_dim).tensor_split(self.num_parts)
        ]
        self.embedding = nn.Embedding(num_classes, settings.embedding_dim)
        self.first = nn.Linear(sizes[0], channels[0] * self.base**2)
        joined = [settings.embedding_dim + size for size in sizes[1:] or [0] * times]
        self.blocks = nn.ModuleList(
            ResidualBlock(
                before,
                after,
                resample="up",
                norm=partial(ConditionalNorm, condition_dim=size, linear=_unbiased),
            )
            for (before, after), size in zip(pairwise(channels), joined, strict=True)
        )
        self.attention = SelfAttention(channels[-2]) if settings.attention else nn.Identity()
        self.last = nn.Sequential(
            nn.BatchNorm2d(channels[-1]),
            nn.ReLU(),
            nn.Conv2d(channels[-1], shape[0], 3, padding=1),
            nn.Tanh(),
        )
        initialise(self, "orthogonal")
        for part in (self.first, self.blocks, self.attention, self.last):
            constrain(part)

    def forward(self, codes: Tensor, classes: Tensor) -> Tensor:
        """Map codes and classes (N,), or mixtures of them (N, K), to images."""
        mixed = classes.is_floating_point()
        embedded = classes @ self.embedding.weight if mixed else self.embedding(classes)
        first, *others = codes.tensor_split(self.num_parts, dim=1)
        hidden = self.first(first).unflatten(1, (-1, self.base, self.base))
        for index, block in enumerate(self.blocks):
            if index == len(self.blocks) - 1:
                hidden = self.attention(hidden)
            part = others[index : index + 1]
            hidden = block(hidden, torch.cat([embedded, *part], dim=1))
        images: Tensor = self.last(hidden)
        return images


class Discriminator(nn.Module):
    """Images (N, C, H, W) and classes (N,) -> logits (N,)."""

    def __init__(
        self, shape: tuple[int, ...], *, num_classes: int, settings: BigGanSettings
    ) -> None:
        super().__init__()
        _, times = stages(shape)
        channels = [shape[0], *widths(settings.width, times)]
        self.blocks = nn.ModuleList(
            ResidualBlock(
                before,
                after,
                resample="down" if index < times else "none",
                preactivate=index > 0,
            )
            for index, (before, after) in enumerate(pairwise(channels))
        )
        self.attention = SelfAttention(channels[1]) if settings.attention else nn.Identity()
        self.head = ProjectionHead(channels[-1], num_classes=num_classes)
        initialise(self, "orthogonal")
        constrain(self)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Map images and classes to logits."""
        hidden = self.attention(self.blocks[0](images))
        for block in self.blocks[1:]:
            hidden = block(hidden)
        logits: Tensor = self.head(hidden.relu().sum(dim=(2, 3)), labels)
        return logits


class BigGan(Conditional):
    """A class-conditional generator with a dial between fidelity and variety."""

    presets: ClassVar = {"small": small, "paper": paper}
    space: ClassVar = {
        "generator_lr": "1e-5,1e-3,log",
        "discriminator_lr": "1e-5,1e-3,log",
        "discriminator_steps": "1|2|4",
        "orthogonal_weight": "1e-5,1e-3,log",
        "ema_decay": "0.98,0.999",
        "attention": "true|false",
    }
    tiny: ClassVar = {"width": 2, "latent_dim": 6, "embedding_dim": 3, "batch_size": 8}
    paper_classes = 1000
    paper_parameters: ClassVar = {"generator": 70.4, "discriminator": 88.0}
    settings: BigGanSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        return Generator(self.shape, num_classes=self.num_classes, settings=self.settings)

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        return Discriminator(self.shape, num_classes=self.num_classes, settings=self.settings)

    def codes(self, count: int, generator: torch.Generator) -> Codes:
        """Draw z (count, Z) from N(0, 1), and labels (count,) as the data have them."""
        z = torch.randn(count, self.settings.latent_dim, generator=generator)
        return {"z": z, "labels": draw_labels(self.task.data, count, generator)}

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Make samples of the classes "labels", or for "condition" (N, K), a mixture of them."""
        samples: Tensor = network(codes["z"], codes.get("condition", codes.get("labels")))
        return samples

    def discriminator_loss(self, real: Batch, fake: Batch) -> Tensor:
        """Return L_D."""
        return hinge_loss(self.logits(real), self.logits(fake))

    def generator_loss(self, fake: Batch, real: Batch, objective: Objective) -> Tensor:
        """Return the adversarial term, and the orthogonal penalty on G."""
        loss = self.adversarial_term(fake, real, objective)
        if self.settings.orthogonal_weight:
            loss = loss + self.settings.orthogonal_weight * orthogonal_penalty(self.generator)
        return loss

    def objective(self) -> Objective:
        """Return −E[t]."""
        return mutations.get("hinge")

    def truncated_codes(self, count: int, generator: torch.Generator, *, threshold: float) -> Codes:
        """Draw z (count, Z), no |z_i| above a threshold τ, and labels as the data have them.

        From one state of `generator`, codes of all thresholds have the same labels and signs.
        """
        dim = self.settings.latent_dim
        z = truncated_normal(count, dim, threshold=threshold, generator=generator)
        return {"z": z, "labels": draw_labels(self.task.data, count, generator)}

    def standing(self, codes: Codes) -> nn.Module:
        """Return the averaged generator with batch norm's averages over some codes.

        Those of training, of changing weights and of z without truncation, do not fit others.
        """
        network = deepcopy(self.average)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.reset_running_stats()
                module.momentum = None  # the mean of all batches alike
                module.train()
        self.made(codes, network=network)
        return network.eval()

    def look(self) -> dict[str, float]:
        """Return all distances, the accuracy, and the largest singular value of any weight."""
        players = {"generator": self.generator, "discriminator": self.discriminator}
        values = {
            f"{name}_singular_value": largest_singular_value(one) for name, one in players.items()
        }
        return {**super().look(), **values}

    def pictures(self) -> dict[str, Draw]:
        """Show a row for each class, one for each threshold, and walks from class to class."""
        return {
            "class_rows": self.show_rows,
            "truncation": self.show_truncation,
            "walks": self.show_walks,
        }

    def show_truncation(self, generator: torch.Generator) -> Image.Image:
        """Draw two rows for each threshold, infinity to 0.04, with a class in each column."""
        columns, start = min(self.num_classes, ROW), generator.get_state()
        labels = torch.arange(columns).repeat(2)
        rows = []
        for threshold in THRESHOLDS:
            generator.set_state(start)
            codes = self.truncated_codes(NUM_STANDING, generator, threshold=threshold)
            shown = {"z": codes["z"][: len(labels)], "labels": labels}
            rows.append(self.made(shown, network=self.standing(codes)))
        return self.show(torch.cat(rows), columns=columns)

    def show_walks(self, generator: torch.Generator) -> Image.Image:
        """Draw walks from one z and class to the next."""
        classes = min(self.num_classes, ROW)
        z = self.codes(classes, generator)["z"]
        pure = torch.eye(self.num_classes)[:classes]
        ends = torch.cat([z, pure], dim=1)
        walks = torch.cat(
            [interpolate(a, b, steps=ROW) for a, b in zip(ends, ends.roll(-1, 0), strict=True)]
        )
        codes = {"z": walks[:, : z.shape[1]], "condition": walks[:, z.shape[1] :]}
        return self.show(self.made(codes))


def _unbiased(inputs: int, outputs: int) -> nn.Module:
    return nn.Linear(inputs, outputs, bias=False)
