"""Autoencoder (Hinton and Salakhutdinov 2006).

"Reducing the dimensionality of data with neural networks", Science 313. An encoder f tells a sample
in a few numbers, a decoder g tells the sample again from them:

    L = E_x[‖x − g(f(x̃))‖²]        or the cross-entropy of pixels brought to [0, 1]

x̃ is x, or x with a share of its numbers set to black (Vincent et al. 2008, "Extracting and
composing robust features with denoising autoencoders"). Tied, the matrices of g are those of f
transposed. Without hidden layers the best there is are principal components. An update:

    draw samples x, and what of them is set to black
    descend L in encoder and decoder at once

Nothing says which codes there are: g of z ~ N(0, 1), which `sample` makes, need not look like the
data. That is the problem that a VAE's prior and a GAN's discriminator are an answer to.

The paper trains its layers one by one as Boltzmann machines first, from which conjugate gradients
go on; here all layers start from torch's own law, and Adam trains them together. The preset `paper`
has the sizes of MNIST's network, told from memory.

Fitness: minus the mean squared error of a number of a held-out sample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.config import DataConfig, RunConfig, SearchConfig, Settings
from egan.data.kinds import Clips, Images, Points, Series
from egan.tasks import Needs, Reconstruction
from egan.training.model import Model

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}


@dataclass(frozen=True, kw_only=True)
class AutoencoderSettings(Settings):
    """Settings of an autoencoder."""

    STRUCTURAL = ("width", "depth", "latent_dim", "activation", "loss", "tied")
    MAY_BE_ZERO = ("depth",)
    SPACE: ClassVar = {"lr": "1e-4,1e-2,log", "noise": "0,0.5", "latent_dim": "2,4,8,16,32"}

    width: int = 256
    """Units of the first hidden layer; each further one has half as many."""
    depth: int = 2
    """Hidden layers of the encoder, and as many of the decoder; 0 for principal components."""
    latent_dim: int = 8
    """Dimensions of the code."""
    activation: Literal["relu", "tanh", "sigmoid"] = "relu"
    """Of hidden units; codes are linear."""
    loss: Literal["squared", "bernoulli"] = "squared"
    """Squared error, or the cross-entropy of pixels in [0, 1]."""
    noise: float = 0.0
    """Share of a sample's numbers that the encoder does not get to see."""
    tied: bool = False
    """Let the decoder's matrices be the encoder's, transposed."""
    lr: float = 3e-3
    """Learning rate."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if self.noise >= 1:
            raise ValueError(f"--noise must be a share in [0, 1), but got {self.noise}.")


def small() -> RunConfig:
    """Digits of 8x8 pixels, in half a minute."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=200),
        settings=AutoencoderSettings(),
    )


def paper() -> RunConfig:
    """MNIST as published: 784-1000-500-250-30 and back, of logistic units."""
    return RunConfig(
        data=DataConfig(name="mnist", image_size=28),
        search=SearchConfig(rounds=100, interval=1000),
        settings=AutoencoderSettings(
            width=1000, depth=3, latent_dim=30, activation="sigmoid", loss="bernoulli", lr=1e-3
        ),
    )


class Transposed(nn.Module):
    """Features (N, B) -> (N, A), by the matrix of a layer A -> B and biases of its own."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = (layer,)  # no part of this module: the encoder has it
        self.bias = nn.Parameter(torch.zeros(layer.in_features))

    def forward(self, features: Tensor) -> Tensor:
        """Map features back."""
        return F.linear(features, self.layer[0].weight.T, self.bias)


class Network(nn.Module):
    """Rows (N, D) -> codes (N, Z) -> rows (N, D), through hidden layers of W, W/2 ... units.

    D -> W -> W/2 -> ... -> Z -> ... -> W/2 -> W -> D
    """

    def __init__(self, sizes: Sequence[int], *, activation: str, tied: bool) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[activation]
        layers = [nn.Linear(a, b) for a, b in pairwise(sizes)]
        self.encoder = nn.ModuleList(layers)
        back = [Transposed(x) if tied else nn.Linear(x.out_features, x.in_features) for x in layers]
        self.decoder = nn.ModuleList(reversed(back))

    def encode(self, rows: Tensor) -> Tensor:
        """Return codes (N, Z)."""
        return self._through(self.encoder, rows)

    def decode(self, codes: Tensor) -> Tensor:
        """Return rows (N, D)."""
        return self._through(self.decoder, codes)

    def _through(self, layers: nn.ModuleList, features: Tensor) -> Tensor:
        for layer in layers[:-1]:
            features = self.activation(layer(features))
        last: Tensor = layers[-1](features)
        return last


class Autoencoder(Model):
    """Encoder and decoder that tell samples again."""

    task_type: ClassVar = Reconstruction
    needs: ClassVar = Needs(kinds=(Images, Clips, Points, Series))
    presets: ClassVar = {"small": small, "paper": paper}
    sources: ClassVar = {
        "paper": {
            "MNIST's network, from memory": ("width", "depth", "latent_dim", "activation", "loss"),
            "ours; as published it is 1000, after 100 in pretraining": ("batch_size",),
            "ours; as published conjugate gradients, without a rate": ("lr",),
            "Vincent et al.; as published there is none": ("noise",),
            "as published only before pretraining ends": ("tied",),
        }
    }
    learning: ClassVar = {"autoencoder": "lr"}
    tiny: ClassVar = {"width": 8, "latent_dim": 2, "batch_size": 8}
    settings: AutoencoderSettings

    def build(self) -> dict[str, nn.Module]:
        """Build encoder and decoder.

        Raises:
            ValueError: The cross-entropy is asked for of what are no pixels.
        """
        s = self.settings
        if s.loss == "bernoulli" and not self.task.data.kind.bounded:
            raise ValueError(
                f"--loss bernoulli is for images, but {self.task.data.name} has samples of shape "
                f"{self.shape}. Give --loss squared."
            )
        self.task.code_dim = s.latent_dim  # principal components beside it are to be as many
        hidden = [max(1, s.width // 2**i) for i in range(s.depth)]
        sizes = [prod(self.shape), *hidden, s.latent_dim]
        self.network = Network(sizes, activation=s.activation, tied=s.tied)
        return {"autoencoder": self.network}

    def encode(self, samples: Tensor) -> Tensor:
        """Map samples (N, *shape) to codes (N, Z)."""
        return self.network.encode(samples.flatten(1))

    def decode(self, codes: Tensor) -> Tensor:
        """Map codes (N, Z) to samples (N, *shape), images in [-1, 1]."""
        rows = self.network.decode(codes)
        if self.settings.loss == "bernoulli":
            rows = 2 * rows.sigmoid() - 1
        samples: Tensor = self.task.data.kind.clamp(torch.unflatten(rows, 1, self.shape))
        return samples

    def reconstruct(self, samples: Tensor) -> Tensor:
        """Tell samples (N, *shape) again."""
        return self.decode(self.encode(samples.to(self.device)))

    def update(self) -> None:
        """Descend the error once."""
        samples = self.draw().samples
        told = self.network.decode(self.encode(self.corrupted(samples)))
        self.descend(self.loss(told, samples.flatten(1)), "autoencoder")

    def corrupted(self, samples: Tensor) -> Tensor:
        """Return samples (N, *shape) with a share of their numbers black, or 0 of points."""
        if not self.settings.noise:
            return samples
        hidden = torch.rand(samples.shape, generator=self.rng) < self.settings.noise
        nothing = -1.0 if self.task.data.kind.bounded else 0.0
        return samples.masked_fill(hidden.to(samples.device), nothing)

    def loss(self, told: Tensor, rows: Tensor) -> Tensor:
        """Return the error of what was told of rows (N, D), of a number."""
        if self.settings.loss == "bernoulli":
            return F.binary_cross_entropy_with_logits(told, (rows + 1) / 2)
        return F.mse_loss(told, rows)

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Decode codes of N(0, 1), which nothing says that there are."""
        codes = torch.randn(count, self.settings.latent_dim, generator=rng)
        return self.decode(codes.to(self.device))
