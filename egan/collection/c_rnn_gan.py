"""C-RNN-GAN: continuous recurrent networks with adversarial training (Mogren 2016, 1611.09904).

A melody is a sequence of tones, each of four numbers: length, pitch, intensity, and the time since
the one before. At every tick G, an LSTM of two layers, is told noise and its own last tone; D, an
LSTM of two layers in both directions, tells at every tick, and its word is their mean:

    h_t = LSTM(h_{t−1}; z_t, x_{t−1}),     x_t = tanh(W h_t),     t(x) = (1/T) Σ_t w · [h→_t, h←_t]
    L_D = E[−log D(x)] + E[−log(1 − D(G(z)))],       L_G = E[−log D(G(z))] or ‖E f(x) − E f(G(z))‖²

with f what D's head is told, its mean over ticks. An update:

    for the first `pretrain_updates`: draw real melodies, and step G, told their tones in the place
        of its own, on the squared error of the next one
    then: draw real melodies, make as many, and take both losses
    step D on L_D, unless it is ahead: L_D < .7 L_G
    step G on L_G, unless it is ahead: L_G < .7 L_D

Whoever is ahead is frozen only while some loss is below `freeze_below` (2); 0 freezes nobody. The
public code, in older versions, freezes G in both cases and does not tell G its last tone. L_G is
the heuristic one for the paper's log(1 − D(G(z))), as everywhere in the collection. Tones are told
one by one, so that the time since the one before is the silence between them.

Evolving, generators have mutations in the place of L_G, nobody is frozen, and G is taught nothing
before.

Fitness: minus the share of tones out of scale, minus the divergence of steps from held-out data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig
from egan.tasks import Melodies
from egan.training.game import Batch, Codes, Game, Objective

AHEAD = 0.7


@dataclass(frozen=True, kw_only=True)
class CRnnGanSettings(GameSettings):
    """Settings of a C-RNN-GAN, beside those that all games have."""

    STRUCTURAL = ("width", "latent_dim")
    MAY_BE_ZERO = ("pretrain_updates",)
    SPACE: ClassVar = {
        "generator_lr": "1e-4,1e-2,log",
        "discriminator_lr": "1e-4,1e-2,log",
        "l2_weight": "0,1",
        "freeze_below": "0,2",
    }

    latent_dim: int = 8
    """Numbers of noise at a tick."""
    width: int = 64
    """Units of a layer of an LSTM, in either direction."""
    feature_matching: bool = False
    """Let G match the mean of what D's head is told, in the adversarial term's place."""
    pretrain_updates: int = 0
    """Updates at the start in which G learns to predict the next tone of real melodies, alone."""
    freeze_below: float = 2.0
    """Loss below which a side that is far ahead waits; 0 for never."""
    l2_weight: float = 0.0
    """Weight of the mean square of a network's weights in its loss."""


def small() -> RunConfig:
    """Folk tunes of Essen's collection, 32 notes each, in two minutes."""
    return RunConfig(
        data=DataConfig(name="folk_tunes"),
        search=SearchConfig(rounds=10, interval=100),
        settings=CRnnGanSettings(generator_lr=1e-3, discriminator_lr=1e-3),
    )


def paper() -> RunConfig:
    """Tunes of one's own, 350 units as published."""
    return RunConfig(
        data=DataConfig(name="abc"),
        search=SearchConfig(rounds=100, interval=1000),
        settings=CRnnGanSettings(
            width=350,
            l2_weight=1.0,
            batch_size=20,
            pretrain_updates=3000,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
        ),
    )


class Player(nn.Module):
    """Noise (N, T, Z) -> melodies (N, T, F) in [-1, 1], one tone after another.

    Z + F -> LSTM W -> LSTM W -> F, tanh
    """

    def __init__(self, latent_dim: int, features: int, *, width: int) -> None:
        super().__init__()
        self.features = features
        self.first = nn.LSTMCell(latent_dim + features, width)
        self.second = nn.LSTMCell(width, width)
        self.head = nn.Linear(width, features)

    def forward(self, z: Tensor, heard: Tensor | None = None) -> Tensor:
        """Play melodies; or say which tone follows each beginning of those that are heard."""
        tone, tones = z.new_zeros(len(z), self.features), []
        below = above = None
        for tick, noise in enumerate(z.unbind(dim=1)):
            below = self.first(torch.cat([noise, tone], dim=1), below)
            above = self.second(below[0], above)
            tones.append(self.head(above[0]).tanh())
            tone = tones[-1] if heard is None else heard[:, tick]
        return torch.stack(tones, dim=1)


class Listener(nn.Module):
    """Melodies (N, T, F) -> logits (N,), the mean over ticks.

    F -> LSTM W in both directions -> the same -> 1
    """

    def __init__(self, features: int, *, width: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, width, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(2 * width, 1)

    def hear(self, melodies: Tensor) -> Tensor:
        """Return what the head is told, its mean over ticks (N, 2 W)."""
        states: Tensor = self.lstm(melodies)[0]
        return states.mean(dim=1)

    def forward(self, melodies: Tensor) -> Tensor:
        """Return the logit of each melody: the head is linear, so that means may come first."""
        logits: Tensor = self.head(self.hear(melodies))
        return logits[:, 0]


class CRnnGan(Game):
    """A player of melodies against a listener."""

    task_type: ClassVar = Melodies
    presets: ClassVar = {"small": small, "paper": paper}
    tiny: ClassVar = {"width": 4, "latent_dim": 2, "batch_size": 8}
    sources: ClassVar = {
        "paper": {
            "1611.09904": ("width", "feature_matching", "freeze_below"),
            "its authors' code": ("batch_size", "l2_weight"),
            "its authors' code: 6 epochs, of some 500 batches": ("pretrain_updates",),
            "ours; as published gradient descent at .1": (
                *("generator_lr", "discriminator_lr", "beta1", "beta2", "ema_decay"),
                *("latent_dim", "discriminator_steps"),
            ),
        }
    }
    settings: CRnnGanSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        return Player(self.settings.latent_dim, self.shape[1], width=self.settings.width)

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        return Listener(self.shape[1], width=self.settings.width)

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, T, Z) uniformly from [0, 1], as published."""
        return {"z": torch.rand(count, self.shape[0], self.settings.latent_dim, generator=rng)}

    def real_penalty(self, real: Batch) -> Tensor | None:  # noqa: ARG002 - of weights alone
        """Return what D minimises beside its loss: the squares of its weights."""
        return self._decay(self.discriminator)

    def objective(self) -> Objective | None:
        """Return L_G's adversarial term; None where G matches features."""
        return None if self.settings.feature_matching else super().objective()

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor | None:
        """Return the distance of mean features, and the squares of G's weights, where asked for."""
        terms = [self._decay(self.generator)]
        if self.settings.feature_matching:
            with torch.no_grad():
                wanted = self.discriminator.hear(self.seen(real).samples).mean(dim=0)  # type: ignore[operator]
            found = self.discriminator.hear(self.seen(fake).samples).mean(dim=0)  # type: ignore[operator]
            terms.append(F.mse_loss(found, wanted, reduction="sum"))
        known = [term for term in terms if term is not None]
        return sum(known[1:], start=known[0]) if known else None

    def _decay(self, network: nn.Module) -> Tensor | None:
        if not self.settings.l2_weight:
            return None
        weights = [one for one in network.parameters() if one.ndim > 1]
        return (
            self.settings.l2_weight * torch.cat([one.flatten() for one in weights]).square().mean()
        )

    def update(self) -> None:
        """Teach G to predict, or take a step of both sides, or of the one that is not ahead."""
        if self.updates < self.settings.pretrain_updates:
            self.train_generator(self.surprise(self.draw()))
            return
        real, fake = self.draw(), self.fake(self.settings.batch_size)
        silent = Batch(fake.samples.detach(), fake.codes)
        loss = self.discriminator_loss(self.seen(real, learned=True), self.seen(silent))
        with torch.no_grad():
            other = F.softplus(-self.logits(self.seen(silent))).mean()
        ahead = side_ahead(float(loss.detach()), float(other), below=self.settings.freeze_below)
        if ahead != "discriminator":
            self.descend(loss, *self.sides.environment)
        if ahead != "generator":
            self.train_generator(self.generator_losses(fake, real, [self.objective()])[0])

    def surprise(self, real: Batch) -> Tensor:
        """Return G's mean squared error of the next tone of melodies (N, T, F)."""
        z = self.codes(len(real), self.rng)["z"].to(self.device)
        return F.mse_loss(self.computed(self.generator, z, real.samples), real.samples)


def side_ahead(discriminator: float, generator: float, *, below: float) -> str | None:
    """Return which side's loss is below .7 of the other's, and waits; None for neither.

    Args:
        discriminator: L_D.
        generator: L_G.
        below: Neither waits unless some loss is below this.
    """
    if min(discriminator, generator) >= below:
        return None
    if AHEAD * generator > discriminator:
        return "discriminator"
    return "generator" if AHEAD * discriminator > generator else None
