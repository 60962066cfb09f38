"""f-GAN (Nowozin et al. 2016, "f-GAN: training generative neural samplers", arXiv 1606.00709).

For a convex f, D_f(p‖q) = ∫ q f(p/q) is at least

    F(G, V) = E_x[g(V(x))] − E_z[f*(g(V(G(z))))]

with equality where g(V) = f'(p/q); f* is the conjugate of f, and g brings the network's output
V(x), any real number, to where f* is finite (`egan.losses.divergences` has the table of them). V
maximises F and G minimises it, so that G comes near the data in the divergence that was chosen: one
that seeks modes (reverse_kl) or covers them (kl). By the paper's advice for the start, `heuristic`
has G maximise E_z[g(V(G(z)))] instead.

The paper's single-step method takes both gradients at one point and moves both players at once.
It is `simultaneous`; else V moves first, `discriminator_steps` times.

G is fully connected, with batch norm, or the linear map μ + σ z, with which a Gaussian is fitted as
in the paper's first experiment. V is fully connected, with tanh units for such a fit. Outputs are
held within ±`bound`, since f* of some is exponential.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from egan import networks
from egan.config import DataConfig, SearchConfig
from egan.config.collection import CollectionConfig
from egan.config.settings import AdversarialSettings
from egan.losses.divergences import F_DIVERGENCES, FDivergence
from egan.networks.blocks import Logits
from egan.training.game import Adversarial
from egan.training.gradients import set_gradients
from egan.training.model import Batch, Codes
from mutations.objectives import Objective

Divergence = Literal[
    "kl",
    "reverse_kl",
    "pearson",
    "squared_hellinger",
    "jensen_shannon",
    "gan",
    "total_variation",
]


@dataclass(frozen=True, kw_only=True)
class FganSettings(AdversarialSettings):
    """Settings of an f-GAN."""

    STRUCTURAL = ("network", "latent_dim", "width", "discriminator_width", "depth")

    divergence: Divergence = "gan"
    """What is minimised; gan is the usual game, twice the Jensen-Shannon divergence - log 4."""
    heuristic: bool = True
    """Whether G maximises E[g(V(G(z)))], which has stronger slopes at the start."""
    simultaneous: bool = False
    """Whether both players move at once, on the gradients of one pass."""
    bound: float = 10.0
    """Largest absolute value of the network's output V, which a smooth clip keeps."""
    network: Literal["mlp", "linear"] = "mlp"
    """Fully connected G and V, or G linear in z and V of tanh units."""
    width: int = 128
    """Units of each of the generator's hidden layers."""
    discriminator_width: int = 128
    """Units of each of V's hidden layers."""
    depth: int = 2
    """Hidden layers of both networks."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if self.bound == 0:
            raise ValueError("--bound must be above 0, but got 0.")
        if self.simultaneous and self.discriminator_steps > 1:
            raise ValueError(
                f"--discriminator-steps {self.discriminator_steps} has no place in --simultaneous, "
                "where each player takes one step; leave one of them out."
            )


def small() -> CollectionConfig:
    """Digits of 8x8 pixels, in half a minute."""
    return CollectionConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=200),
        settings=FganSettings(
            latent_dim=32,
            width=256,
            discriminator_width=256,
            generator_lr=5e-4,
            discriminator_lr=5e-4,
            beta1=0.0,
            beta2=0.99,
            ema_decay=0.998,
        ),
    )


def line() -> CollectionConfig:
    """One Gaussian fitted to two, the paper's first experiment: where it lies shows the divergence.

    Of the divergences themselves, not of the heuristic.
    """
    return CollectionConfig(
        data=DataConfig(name="bimodal"),
        search=SearchConfig(rounds=20, interval=200),
        settings=FganSettings(
            divergence="kl",
            heuristic=False,
            network="linear",
            latent_dim=1,
            discriminator_width=64,
            batch_size=1024,
            generator_lr=2e-3,
            discriminator_lr=5e-3,
            discriminator_steps=5,
            ema_decay=0.998,
        ),
    )


def paper() -> CollectionConfig:
    """MNIST as published: 1200-1200 with batch norm against 240-240, batches of 4096, Adam."""
    return CollectionConfig(
        data=DataConfig(name="mnist", image_size=28),
        search=SearchConfig(rounds=100, interval=100),
        settings=FganSettings(
            divergence="kl",
            latent_dim=100,
            width=1200,
            discriminator_width=240,
            batch_size=4096,
            simultaneous=True,
            generator_lr=2e-4,
            discriminator_lr=2e-4,
        ),
    )


class Linear(nn.Module):
    """Codes (N, Z) -> points (N, D) = μ + W z; with one dimension of each, μ + σ z."""

    def __init__(self, latent_dim: int, num: int) -> None:
        super().__init__()
        self.map = nn.Linear(latent_dim, num)

    def forward(self, codes: Tensor) -> Tensor:
        """Map codes (N, Z) to points (N, D)."""
        points: Tensor = self.map(codes)
        return points


class Bounded(nn.Module):
    """Keep outputs within ±b: b tanh(v / b), of slope 1 at 0."""

    def __init__(self, bound: float) -> None:
        super().__init__()
        self.bound = bound

    def forward(self, outputs: Tensor) -> Tensor:
        """Map outputs (N,) to (N,) in (-b, b)."""
        return self.bound * torch.tanh(outputs / self.bound)


def smooth(num: int, *, width: int, depth: int) -> nn.Sequential:
    """Build V of tanh units for points (N, D)."""
    layers = nn.Sequential()
    for i in range(depth):
        layers.extend([nn.Linear(width if i else num, width), nn.Tanh()])
    return layers.append(Logits(width))


class Fgan(Adversarial):
    """The game of a divergence."""

    presets: ClassVar = {"small": small, "line": line, "paper": paper}
    space: ClassVar = {
        "divergence": "|".join(F_DIVERGENCES),
        "generator_lr": "1e-4,2e-3,log",
        "discriminator_lr": "1e-4,2e-3,log",
        "heuristic": "true|false",
        "bound": "2,20,log",
        "discriminator_width": "64,128,256,512",
    }
    tiny: ClassVar = {"width": 8, "discriminator_width": 8, "batch_size": 8, "latent_dim": 4}
    settings: FganSettings

    def generator_network(self) -> nn.Module:
        """Build G.

        Raises:
            ValueError: It is to be linear, but the data are images.
        """
        s = self.settings
        if s.network == "linear" and len(self.shape) == 3:
            raise ValueError(
                f"--network linear is for points, but {self.task.data.name} has samples of shape "
                f"{self.shape}. Give --network mlp, or --data.name bimodal."
            )
        if s.network == "linear":
            return Linear(s.latent_dim, prod(self.shape))
        build = partial(networks.generator, "mlp", self.shape, norm="batch")
        return build(latent_dim=s.latent_dim, width=s.width, depth=s.depth)

    def discriminator_network(self) -> nn.Module:
        """Build V."""
        s = self.settings
        if s.network == "linear":
            body: nn.Module = smooth(prod(self.shape), width=s.discriminator_width, depth=s.depth)
        else:
            width, depth = s.discriminator_width, s.depth
            body = networks.discriminator("mlp", self.shape, width=width, depth=depth)
        return nn.Sequential(body, Bounded(s.bound))

    def apply_options(self) -> None:
        """Give the optimisers, the average and the bound their values."""
        super().apply_options()
        for module in self.discriminator.modules():
            if isinstance(module, Bounded):
                module.bound = self.settings.bound

    def codes(self, count: int, generator: torch.Generator) -> Codes:
        """Draw z (count, Z) from N(0, 1)."""
        return {"z": torch.randn(count, self.settings.latent_dim, generator=generator)}

    @property
    def divergence(self) -> FDivergence:
        """The functions of the divergence."""
        return F_DIVERGENCES[self.settings.divergence]

    def discriminator_loss(self, real: Batch, fake: Batch) -> Tensor:
        """Return −F."""
        return self.divergence.discriminator_loss(self.logits(real), self.logits(fake))

    def objective(self) -> Objective:
        """Return F's part on samples, or the heuristic in its place."""
        chosen = self.divergence
        loss: Callable[[Tensor], Tensor] = (
            chosen.heuristic_loss if self.settings.heuristic else chosen.generator_loss
        )
        formula = "-E[g(V)]" if self.settings.heuristic else "-E[f*(g(V))]"
        name = self.settings.divergence
        return Objective(name, lambda fake, _: loss(fake), needs_real=False, formula=formula)

    def update(self) -> None:
        """Train V, then G; or both at once, from the outputs of one pass."""
        if not self.settings.simultaneous:
            super().update()
            return
        fake, real = self.fake(self.settings.batch_size), self.draw()
        loss = self.generator_loss(fake, real, self.objective())
        parameters = list(self.generator.parameters())
        gradients = torch.autograd.grad(loss, parameters)
        self.train_discriminator(real, Batch(fake.samples.detach(), fake.codes))
        self.step_generator(parameters, gradients)

    def step_generator(self, parameters: list[nn.Parameter], gradients: tuple[Tensor, ...]) -> None:
        """Take a step of G along gradients that were taken before V moved."""
        set_gradients(parameters, gradients)
        self.optimizers["generator"].step()
        self.networks["average"].update_parameters(self.generator)  # type: ignore[operator]

    def estimate(self) -> float:
        """Return F of 1,000 real and as many made samples: about the divergence, if V is good."""
        real = Batch(self.task.data.draw(self.num_judged, self.random).to(self.device))
        fake = self.fake(self.num_judged)
        return -float(self.discriminator_loss(real, fake))

    def look(self) -> dict[str, float]:
        """Return all distances, and V's estimate of the divergence."""
        return {**super().look(), "divergence": self.estimate()}
