"""f-GAN (Nowozin et al. 2016, "f-GAN: training generative neural samplers", arXiv 1606.00709).

For a convex f, D_f(p‖q) = ∫ q f(p/q) is at least

    F(G, V) = E_x[g(V(x))] − E_z[f*(g(V(G(z))))]

with equality where g(V) = f'(p/q); f* is the conjugate of f, and g brings the network's output
V(x), any real number, to where f* is finite (`egan.losses.divergences` has the table of them). V
maximises F and G minimises it, so that G comes near the data in the divergence that was chosen: one
that seeks modes (reverse_kl) or covers them (kl). By the paper's advice for the start, `heuristic`
has G maximise E_z[g(V(G(z)))] instead.

The paper's single-step method takes both gradients at one point and moves both players at once.
It is `simultaneous`; else an update is:

    discriminator_steps times: draw x and z, and step V along the gradient of −F
    draw z, and step G along the gradient of its part of F, or of the heuristic
    move the average of G, which makes the samples that are judged

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
from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig
from egan.data.kinds import Points
from egan.losses.divergences import F_DIVERGENCES, FDivergence
from egan.networks.blocks import Logits
from egan.tasks import Batch, Codes, Generation
from egan.training.game import Game, Objective

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
class FganSettings(GameSettings):
    """Settings of an f-GAN."""

    STRUCTURAL = ("network", "latent_dim", "width", "discriminator_width", "depth")
    SPACE: ClassVar = {
        "divergence": "|".join(F_DIVERGENCES),
        "generator_lr": "1e-4,2e-3,log",
        "discriminator_lr": "1e-4,2e-3,log",
        "heuristic": "true|false",
        "bound": "2,20,log",
        "discriminator_width": "64,128,256,512",
    }

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


def small() -> RunConfig:
    """Digits of 8x8 pixels, in half a minute."""
    return RunConfig(
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


def line() -> RunConfig:
    """One Gaussian fitted to two, the paper's first experiment: where it lies shows the divergence.

    Of the divergences themselves, not of the heuristic.
    """
    return RunConfig(
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


def paper() -> RunConfig:
    """MNIST as published: 1200-1200 with batch norm against 240-240, batches of 4096, Adam."""
    return RunConfig(
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
    # 1 -> 64 -> 64 -> 1, tanh after each hidden layer
    layers = nn.Sequential()
    for i in range(depth):
        layers.extend([nn.Linear(width if i else num, width), nn.Tanh()])
    return layers.append(Logits(width))


class Fgan(Game):
    """The game of a divergence."""

    task_type: ClassVar = Generation
    presets: ClassVar = {"small": small, "line": line, "paper": paper}
    tiny: ClassVar = {"width": 8, "discriminator_width": 8, "batch_size": 8, "latent_dim": 4}
    live: ClassVar = {"bound": (Bounded, "bound")}
    settings: FganSettings

    def generator_network(self) -> nn.Module:
        """Build G.

        Raises:
            ValueError: It is to be linear, but the data are no points.
        """
        s = self.settings
        if s.network == "linear" and not isinstance(self.task.data.kind, Points):
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

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z) from N(0, 1)."""
        return {"z": torch.randn(count, self.settings.latent_dim, generator=rng)}

    @property
    def divergence(self) -> FDivergence:
        """The functions of the divergence."""
        return F_DIVERGENCES[self.settings.divergence]

    def real_loss(self, real: Batch) -> Tensor:
        """Return −E[g(V(x))], the half of −F on real samples."""
        return self.divergence.real_loss(self.logits(real))

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return E[f*(g(V(G(z))))], the half on generated ones."""
        return self.divergence.fake_loss(self.logits(fake))

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
        [loss] = self.generator_losses(fake, real, [self.objective()])
        gradient = self.gradient(loss, "generator")  # before V moves
        self.train_discriminator(real, Batch(fake.samples.detach(), fake.codes))
        self.follow(gradient, "generator")

    def estimate(self) -> float:
        """Return F of 1,000 real and as many made samples: about the divergence, if V is good."""
        count = self.task.num_judged
        real = Batch(self.task.data.draw(count, self.rng).to(self.device))
        fake = self.fake(count)
        return -float(self.discriminator_loss(real, fake).detach())

    def look(self) -> dict[str, float]:
        """Return all distances, and V's estimate of the divergence."""
        return {**super().look(), "divergence": self.estimate()}
