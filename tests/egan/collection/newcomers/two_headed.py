"""Two heads (Odena et al. 2016, arXiv 1610.09585): D also tells the class of what it is shown.

L_C = E[log P(C = c | x)] + E[log P(C = c | G(z, c))];  D maximises L_S + L_C, G L_C − L_S
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import nn

from egan import networks
from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig
from egan.networks.blocks import Logits
from egan.tasks import Classes, draw_labels
from egan.training.game import Game


@dataclass(frozen=True, kw_only=True)
class AcGanSettings(GameSettings):
    """Settings of an AC-GAN."""

    STRUCTURAL = ("width", "latent_dim")
    SPACE: ClassVar = {"generator_lr": "1e-4,1e-2,log", "class_weight": "0.1,3,log"}

    width: int = 64
    """Units of the hidden layers."""
    class_weight: float = 1.0
    """Weight of what is told of the class."""


def small() -> RunConfig:
    """Digits of 8x8 pixels."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=10, interval=100),
        settings=AcGanSettings(generator_lr=1e-3, discriminator_lr=1e-3),
    )


def paper() -> RunConfig:
    """CIFAR-10."""
    data = DataConfig(name="cifar10", image_size=32)
    return RunConfig(data=data, settings=AcGanSettings(width=512))


class Discriminator(nn.Module):
    """Images -> a logit, and logits of the classes, from one body."""

    def __init__(self, body, num_classes):
        super().__init__()
        self.body, self.head = body, Logits(body.num_features)
        self.classes = nn.Linear(body.num_features, num_classes)


class AcGan(Game):
    """A conditional game in which D is not told the class, but tells it."""

    task_type: ClassVar = Classes
    presets: ClassVar = {"small": small, "paper": paper}
    tiny: ClassVar = {"width": 8, "latent_dim": 4, "batch_size": 8}
    discriminator_codes: ClassVar = ("labels",)
    settings: AcGanSettings

    def generator_network(self):
        """Build G."""
        s = self.settings
        latent_dim = s.latent_dim + self.num_classes
        return networks.generator("mlp", self.shape, latent_dim=latent_dim, width=s.width)

    def discriminator_network(self):
        """Build D."""
        body = networks.trunk("mlp", self.shape, width=self.settings.width)
        return Discriminator(body, self.num_classes)

    def codes(self, count, rng):
        """Draw z (count, Z), and labels as the data have them."""
        z = torch.randn(count, self.settings.latent_dim, generator=rng)
        return {"z": z, "labels": draw_labels(self.task.data, count, rng)}

    def generate(self, network, codes):
        """Make samples of the classes "labels"."""
        told = F.one_hot(codes["labels"], self.num_classes).float()
        return network(torch.cat([codes["z"], told], dim=1))

    def discriminate(self, batch):
        """Ask D whether samples are real."""
        return self.discriminator.head(self.discriminator.body(batch.samples))

    def class_loss(self, batch):
        """Return −L_C, weighted, of one half."""
        told = self.discriminator.classes(self.discriminator.body(batch.samples))
        return self.settings.class_weight * F.cross_entropy(told, batch.labels)

    def real_loss(self, real):
        """Add what D tells of the class of real samples."""
        return super().real_loss(real) + self.class_loss(real)

    def fake_loss(self, fake):
        """Add what it tells of generated ones."""
        return super().fake_loss(fake) + self.class_loss(fake)

    def generator_terms(self, fake, real):
        """Let samples show their class."""
        del real
        return self.class_loss(fake)
