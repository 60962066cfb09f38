"""Adversarial training by hand, without the engine: what `generation_cost.py` compares it with."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

import mutations
from egan import networks
from egan.losses.discriminator import fake_loss, real_loss
from egan.training.model import stream

if TYPE_CHECKING:
    from egan.collection.egan import EganSettings
    from egan.config import RunConfig
    from egan.data.dataset import Dataset


class ByHand:
    """The same networks, trained by hand: a plain GAN step and the reference order of work."""

    def __init__(self, config: RunConfig, dataset: Dataset) -> None:
        self.dataset, self.config = dataset, config
        settings: Any = config.settings
        self.latent_dim = settings.latent_dim
        self.batch, self.scored = settings.batch_size, config.evolution.num_samples
        self.survivors = config.evolution.num_survivors
        torch.manual_seed(0)
        self.generator, self.discriminator = both(settings, dataset.shape)
        adam = partial(torch.optim.Adam, lr=2e-4, betas=(0.5, 0.99), fused=True)
        self.generator_optimizer = adam(self.generator.parameters())
        self.discriminator_optimizer = adam(self.discriminator.parameters())
        state = (self.generator.state_dict(), self.generator_optimizer.state_dict())
        self.parents = [copy.deepcopy(state) for _ in range(self.survivors)]
        self.draws = 0

    def _codes(self, count: int) -> torch.Tensor:
        self.draws += 1
        return torch.randn(count, self.latent_dim, generator=stream(self.draws))

    def _real(self, count: int) -> torch.Tensor:
        self.draws += 1
        return self.dataset.draw(count, stream(self.draws))

    def _mutate(self, objective: str) -> None:
        self.discriminator.requires_grad_(False)
        logits = self.discriminator(self.generator(self._codes(self.batch)))
        self.generator_optimizer.zero_grad()
        torch.autograd.backward(mutations.get(objective).generator(logits, None))
        self.generator_optimizer.step()
        self.discriminator.requires_grad_(True)

    def _learn(self, fake: torch.Tensor) -> None:
        real = self._real(len(fake))
        loss = real_loss(self.discriminator(real)) + fake_loss(self.discriminator(fake))
        self.discriminator_optimizer.zero_grad()
        torch.autograd.backward(loss)
        self.discriminator_optimizer.step()

    def plain(self) -> None:
        """Move G once and D once, each on fakes of its own."""
        self._mutate("heuristic")
        with torch.no_grad():
            fake = self.generator(self._codes(self.batch))
        self._learn(fake)

    def reference(self) -> None:
        """Make, score and select children one by one, as if they had nothing in common."""
        children = []
        for parent in self.parents:
            for objective in self.config.mutations:
                weights, moments = copy.deepcopy(parent)
                self.generator.load_state_dict(weights)
                self.generator_optimizer.load_state_dict(moments)
                self._mutate(objective)
                fitness, fake = self._score()
                state = (self.generator.state_dict(), self.generator_optimizer.state_dict())
                children.append((fitness, copy.deepcopy(state), fake))
        best = sorted(children, key=lambda child: -child[0])[: self.survivors]
        self.parents = [state for _, state, _ in best]
        share = self.batch // self.survivors
        self._learn(torch.cat([fake[:share] for _, _, fake in best]))

    def _score(self) -> tuple[float, torch.Tensor]:
        with torch.no_grad():
            fake = self.generator(self._codes(self.scored))
        logits = self.discriminator(fake)
        loss = real_loss(self.discriminator(self._real(self.scored))) + fake_loss(logits)
        gradient = torch.autograd.grad(
            loss, list(self.discriminator.parameters()), create_graph=True
        )
        norm = torch.cat([part.detach().flatten() for part in gradient]).norm()
        return float(logits.detach().sigmoid().mean() - 0.01 * norm.log()), fake

    def forward_seconds(self) -> tuple[float, float]:
        """Return CPU seconds of a forward pass of the generator and of the discriminator."""
        g = _seconds(lambda: self.generator(self._codes(self.batch)))
        fake = self.generator(self._codes(self.batch)).detach()
        return g, _seconds(lambda: self.discriminator(fake))


def both(settings: EganSettings, shape: tuple[int, ...]) -> tuple[nn.Module, nn.Module]:
    """Build the two networks of E-GAN's settings for samples of a shape."""
    name = settings.network
    depth = settings.depth or None
    generator = networks.generator(
        name, shape, latent_dim=settings.latent_dim, width=settings.width, depth=depth
    )
    width = settings.discriminator_width
    return generator, networks.discriminator(name, shape, width=width, depth=depth)


def _seconds(function: Callable[[], Any], count: int = 10) -> float:
    function()
    times = []
    with torch.no_grad():
        for _ in range(count):
            started = time.process_time()
            function()
            times.append(time.process_time() - started)
    return float(np.median(times))
