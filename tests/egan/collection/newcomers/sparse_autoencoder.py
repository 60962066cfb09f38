"""Sparse autoencoder: few numbers of a code are far from 0.

min E_x[‖x − g(f(x))‖² + λ ‖f(x)‖₁]
"""

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import torch
from torch import nn

from egan.config import DataConfig, RunConfig, SearchConfig, Settings
from egan.tasks import ROW, Generation
from egan.training.model import Model


@dataclass(frozen=True, kw_only=True)
class SparseAutoencoderSettings(Settings):
    """Settings of a sparse autoencoder."""

    STRUCTURAL = ("width", "latent_dim")
    SPACE: ClassVar = {"lr": "1e-4,1e-2,log", "latent_dim": "2,4,8"}

    width: int = 64
    """Units of the hidden layers."""
    latent_dim: int = 8
    """Dimensions of the code."""
    sparsity: float = 1e-3
    """Weight of the codes' absolute values (lambda)."""
    lr: float = 1e-3
    """Learning rate."""


def small() -> RunConfig:
    """Digits of 8x8 pixels."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=10, interval=100),
        settings=SparseAutoencoderSettings(),
    )


def paper() -> RunConfig:
    """MNIST."""
    data = DataConfig(name="mnist", image_size=28)
    return RunConfig(data=data, settings=SparseAutoencoderSettings(width=1000, latent_dim=30))


class SparseAutoencoder(Model):
    """Encoder and decoder of one hidden layer each."""

    task_type: ClassVar = Generation
    presets: ClassVar = {"small": small, "paper": paper}
    learning: ClassVar = {"encoder": "lr", "decoder": "lr"}
    tiny: ClassVar = {"width": 8, "latent_dim": 2, "batch_size": 8}
    settings: SparseAutoencoderSettings

    def build(self):
        """Build encoder and decoder."""
        s, size = self.settings, prod(self.shape)
        encoder = [nn.Flatten(), nn.Linear(size, s.width), nn.ReLU()]
        decoder = [nn.Linear(s.latent_dim, s.width), nn.ReLU(), nn.Linear(s.width, size)]
        return {
            "encoder": nn.Sequential(*encoder, nn.Linear(s.width, s.latent_dim)),
            "decoder": nn.Sequential(*decoder, nn.Tanh(), nn.Unflatten(1, self.shape)),
        }

    def again(self, samples):
        """Decode the codes of samples (N, *shape)."""
        return self.networks["decoder"](self.networks["encoder"](samples))

    def update(self):
        """Descend the squared error in both."""
        samples = self.draw().samples
        codes = self.networks["encoder"](samples)
        error = (self.networks["decoder"](codes) - samples).square().mean()
        loss = error + self.settings.sparsity * codes.abs().mean()
        self.descend(loss, "encoder", "decoder")

    def sample(self, count, rng):
        """Decode codes of N(0, 1)."""
        return self.networks["decoder"](torch.randn(count, self.settings.latent_dim, generator=rng))

    def look(self):
        """Add the error on held-out samples."""
        samples = self.task.held_out.real(100)
        error = float((self.again(samples) - samples).square().mean())
        return {**super().look(), "reconstruction_error": error}

    def pictures(self):
        """Show samples, and reconstructions."""
        return super().pictures() | {"reconstructions": self.show_reconstructions}

    def show_reconstructions(self, rng):
        """Draw held-out images over what is told of them again."""
        del rng
        images = self.task.held_out.real(ROW)
        return self.task.show(torch.cat([images, self.again(images)]), row_names=("real", "again"))
