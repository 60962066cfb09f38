"""WGAN (Arjovsky et al. 2017, arXiv 1701.07875) and WGAN-GP (Gulrajani et al., arXiv 1704.00028).

    W(p, q) = max over f of slope at most 1 of E_p[f(x)] − E_q[f(x)]

The critic f, D here, maximises the gap E_x[f(x)] − E_z[f(G(z))], which for the best f is the
Wasserstein-1 distance of data and samples; G maximises E_z[f(G(z))]. As a distance it falls
smoothly even where data and samples have nothing in common, so the critic is trained well. An
update:

    discriminator_steps (5) times: draw x and z, and step f along the gradient of the gap
    draw z, and step G along the gradient of E[f(G(z))]
    move the average of G, which makes the samples that are judged

What bounds the slope of f is `constraint`:

    clip      after each step every weight is clipped to [−c, c]; RMSProp, as momentum is harmful
    penalty   λ E[(‖∇f(x̂)‖ − 1)²] is added, x̂ uniform on the line from a sample to a real one; Adam

The penalty is of each sample's own gradient, so its critic has no batch norm. The gap, on held-out
data and without the penalty, is written to metrics.csv as `critic_gap`. A critic's score is no
logit (f and f + 1 are one critic), so mutations and E-GAN's fitness mean nothing here, and
`--evolve` is refused.

Presets of the papers: `paper` (clip, DCGAN's networks at 64x64 pixels) and `paper_gp` (penalty,
residual networks for CIFAR-10, whose critic has no norm at all and ends in the mean over the map);
constant rates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

import mutations
from egan import networks
from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig
from egan.losses.discriminator import gradient_penalty
from egan.networks import dcgan, residual
from egan.networks.halvings import halvings, map_sizes
from egan.tasks import Batch, Codes, Generation
from egan.training.game import Game, Objective

NUM_GAP = 500
NUM_KEPT = 2
"""Residual blocks of the critic that keep the size of the map."""


@dataclass(frozen=True, kw_only=True)
class WganSettings(GameSettings):
    """Settings of a WGAN; beta1 and beta2 are those of Adam, which the penalty goes with."""

    STRUCTURAL = (
        "network",
        "width",
        "discriminator_width",
        "latent_dim",
        "generator_norm",
        "critic_norm",
        "constraint",
    )
    SPACE: ClassVar = {
        "generator_lr": "1e-4,3e-3,log",
        "discriminator_lr": "1e-4,3e-3,log",
        "discriminator_steps": "1,2,3,5,10",
        "penalty_weight": "0.1,30,log",
        "beta1": "0,0.5",
    }

    network: Literal["conv", "residual", "mlp"] = "conv"
    """DCGAN's networks, residual ones, or fully connected ones for points."""
    width: int = 32
    """Channels of the generator's last hidden layer; or units of its hidden layers."""
    discriminator_width: int = 32
    """Channels of the critic's first layer; or units of its hidden layers."""
    generator_norm: Literal["batch", "none"] = "batch"
    """Normalisation in the generator."""
    critic_norm: Literal["none", "batch"] = "none"
    """Normalisation in the critic; the gradient penalty allows none."""
    constraint: Literal["penalty", "clip"] = "penalty"
    """What bounds the critic's slope: the gradient penalty, or clipped weights."""
    penalty_weight: float = 10.0
    """Weight of the gradient penalty (lambda)."""
    clip: float = 0.01
    """Largest absolute weight of a critic with clipped weights."""

    @property
    def optimizer(self) -> str:
        """RMSprop where weights are clipped, else Adam."""
        return "rmsprop" if self.constraint == "clip" else "adam"

    def check(self) -> None:
        """See that every number is in its range, and that norm and penalty go together."""
        super().check()
        if self.clip == 0:
            raise ValueError("--clip must be above 0, but got 0: every weight would be 0.")
        if self.constraint == "penalty" and self.critic_norm == "batch":
            raise ValueError(
                "--critic-norm batch mixes samples, but the gradient penalty is of each sample's "
                "own gradient. Give --critic-norm none, or --constraint clip."
            )


def small() -> RunConfig:
    """Digits of 8x8 pixels by the gradient penalty, in a minute."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=75),
        settings=WganSettings(
            latent_dim=32,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
            beta1=0.0,
            beta2=0.9,
            discriminator_steps=5,
            ema_decay=0.99,
        ),
    )


def clip() -> RunConfig:
    """Digits of 8x8 pixels by clipped weights."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=75),
        settings=WganSettings(
            constraint="clip",
            clip=0.05,
            latent_dim=32,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
            discriminator_steps=5,
            ema_decay=0.99,
        ),
    )


def gaussians25() -> RunConfig:
    """Twenty-five Gaussians in a plane, by the gradient penalty."""
    return RunConfig(
        data=DataConfig(name="gaussians25"),
        search=SearchConfig(rounds=20, interval=100),
        settings=WganSettings(
            network="mlp",
            width=128,
            discriminator_width=128,
            generator_norm="none",
            penalty_weight=0.1,
            latent_dim=2,
            batch_size=256,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
            beta1=0.0,
            beta2=0.9,
            discriminator_steps=5,
            ema_decay=0.99,
        ),
    )


def paper() -> RunConfig:
    """WGAN at 64x64 pixels as published; give the folder of yours by --data.path."""
    return RunConfig(
        data=DataConfig(name="folder", image_size=64, channels=3),
        search=SearchConfig(rounds=200, interval=1000),
        settings=WganSettings(
            constraint="clip",
            critic_norm="batch",
            width=64,
            discriminator_width=64,
            latent_dim=100,
            generator_lr=5e-5,
            discriminator_lr=5e-5,
            discriminator_steps=5,
            ema_decay=0.0,
        ),
    )


def paper_gp() -> RunConfig:
    """WGAN-GP on CIFAR-10 as published: residual networks of 128 channels."""
    return RunConfig(
        data=DataConfig(name="cifar10", image_size=32),
        search=SearchConfig(rounds=100, interval=1000),
        settings=WganSettings(
            network="residual",
            width=128,
            discriminator_width=128,
            latent_dim=128,
            generator_lr=2e-4,
            discriminator_lr=2e-4,
            beta1=0.0,
            beta2=0.9,
            discriminator_steps=5,
            ema_decay=0.0,
        ),
    )


def residual_generator(
    shape: tuple[int, ...], *, latent_dim: int, width: int, norm: str
) -> nn.Module:
    """Build blocks that double a map: codes (N, Z) -> images (N, C, H, W) in [-1, 1].

    Raises:
        ValueError: The images are not square, or not 4 to 7 pixels doubled.
    """
    base, times = halvings(shape)
    # z 128 -> 4x4x128 -> 8x8x128 -> 16x16x128 -> 32x32x128 => 32x32x3: blocks, and a convolution
    build = nn.BatchNorm2d if norm == "batch" else None
    blocks = [residual.ResidualBlock(width, width, resample="up", norm=build) for _ in range(times)]
    return nn.Sequential(
        nn.Linear(latent_dim, width * base * base),
        nn.Unflatten(1, (width, base, base)),
        *blocks,
        *([build(width)] if build else []),
        nn.ReLU(),
        nn.Conv2d(width, shape[0], 3, padding=1),
        nn.Tanh(),
    )


def residual_critic(shape: tuple[int, ...], *, width: int, norm: str) -> nn.Module:
    """Build two blocks that halve a map and two that keep it: images (N, C, H, W) -> (N,).

    Raises:
        ValueError: The images are not square, or not 4 to 7 pixels doubled.
    """
    halvings(shape)  # raises
    # 32x32x3 -> 16x16x128 -> 8x8x128 -> 8x8x128 -> 8x8x128 => 128 => 1: blocks, mean, linear
    build = nn.BatchNorm2d if norm == "batch" else None
    return nn.Sequential(
        residual.ResidualBlock(shape[0], width, resample="down", norm=build, preactivate=False),
        residual.ResidualBlock(width, width, resample="down", norm=build),
        *(residual.ResidualBlock(width, width, norm=build) for _ in range(NUM_KEPT)),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(width, 1),
        nn.Flatten(0),
    )


class Wgan(Game):
    """A generator against a critic of bounded slope."""

    task_type: ClassVar = Generation
    presets: ClassVar = {
        "small": small,
        "clip": clip,
        "gaussians25": gaussians25,
        "paper": paper,
        "paper_gp": paper_gp,
    }
    tiny: ClassVar = {"width": 4, "discriminator_width": 4, "batch_size": 8, "latent_dim": 4}
    settings: WganSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        s = self.settings
        options: dict[str, Any] = {
            "latent_dim": s.latent_dim,
            "width": s.width,
            "norm": s.generator_norm,
        }
        if s.network == "residual":
            return residual_generator(self.shape, **options)
        if s.network == "mlp":
            return networks.generator("mlp", self.shape, **options)
        base, _ = map_sizes(self.shape)
        return dcgan.generator(self.shape, **options, base=base)

    def discriminator_network(self) -> nn.Module:
        """Build the critic."""
        s = self.settings
        options: dict[str, Any] = {"width": s.discriminator_width, "norm": s.critic_norm}
        if s.network == "residual":
            return residual_critic(self.shape, **options)
        if s.network == "mlp":
            return networks.discriminator("mlp", self.shape, **options)
        base, _ = map_sizes(self.shape)
        return dcgan.discriminator(self.shape, **options, base=base)

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z) from N(0, 1)."""
        return {"z": torch.randn(count, self.settings.latent_dim, generator=rng)}

    def real_loss(self, real: Batch) -> Tensor:
        """Return −E[f(x)]."""
        return -self.logits(real).mean()

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return E[f(G(z))]."""
        return self.logits(fake).mean()

    def penalty(self, real: Batch, fake: Batch) -> Tensor | None:
        """Return λ E[(‖∇f(x̂)‖ − 1)²], where that is the constraint."""
        if self.settings.constraint == "clip":
            return None
        pair = real.samples, fake.samples
        penalty = gradient_penalty(self.discriminator, *pair, generator=self.rng)
        return self.settings.penalty_weight * penalty

    def objective(self) -> Objective:
        """Return −E[f(G(z))]."""
        return mutations.get("wasserstein")

    @torch.no_grad()
    def follow(self, gradient: Sequence[Tensor | None], *names: str) -> None:
        """Take a step, and clip the critic's weights where that is the constraint."""
        super().follow(gradient, *names)
        if self.settings.constraint == "clip" and "discriminator" in names:
            for parameter in self.discriminator.parameters():
                parameter.clamp_(-self.settings.clip, self.settings.clip)

    def look(self) -> dict[str, float]:
        """Return all distances, and the critic's gap on held-out data."""
        real = self.task.held_out.real(NUM_GAP).to(self.device)
        fake = self.samples(len(real), self.rng).to(self.device)
        gap = self.discriminator(real).mean() - self.discriminator(fake).mean()
        return {**super().look(), "critic_gap": float(gap.detach())}
