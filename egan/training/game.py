"""What every generator against a discriminator shares: the game, and what each player may see.

A model defines its two networks, its codes, how a discriminator is asked, and the two losses. The
order of the game, optimisers, averages and states are here; so training, a search and an evolution
of the generator (`egan.evolution.evolve`) use the same losses.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

import mutations
from egan.config.settings import AdversarialSettings
from egan.losses.discriminator import discriminator_loss
from egan.tasks.generation import BATCH, Generative
from egan.training.averaging import ExponentialAveraging
from egan.training.model import Batch, Codes, moved
from mutations.objectives import Objective

GENERATOR = ("generator", "average")
DISCRIMINATOR = ("discriminator",)
"""The networks of either player; in an evolution, members hold the one, the environment the other.

A network that the discriminator's player learns (a head Q, say) is part of its module.
"""


class Adversarial(Generative):
    """G makes samples from codes, D tells them from real ones; each update trains D, then G.

    A subclass defines `generator_network` and `discriminator_network`, `codes`, and what differs
    from the plain game: `generate`, `logits`, `discriminator_loss`, `generator_loss`, `objective`.

    Attributes:
        generator: G, the current weights.
        discriminator: D; whatever it returns, `logits` makes one logit for each sample of it.
        average: G's exponential average, which makes the samples that are judged and shown.
    """

    evolves = True
    settings: AdversarialSettings

    def build(self) -> dict[str, nn.Module]:
        """Build G, D and the average of G."""
        generator = self.generator_network().to(self.device)
        discriminator = self.discriminator_network()
        self.averaging = ExponentialAveraging(self.settings.ema_decay)
        average = AveragedModel(generator, multi_avg_fn=self.averaging)
        return {"generator": generator, "discriminator": discriminator, "average": average}

    @abstractmethod
    def generator_network(self) -> nn.Module:
        """Build G for ``self.settings``, ``self.shape`` and ``self.num_classes``."""

    @abstractmethod
    def discriminator_network(self) -> nn.Module:
        """Build D."""

    @abstractmethod
    def codes(self, count: int, generator: torch.Generator) -> Codes:
        """Draw what `count` samples are made from, on the CPU: {"z": (count, Z), ...}."""

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Make samples (N, *shape) with G or its average; by default from codes["z"] alone."""
        samples: Tensor = network(codes["z"])
        return samples

    def logits(self, batch: Batch) -> Tensor:
        """Ask D for one logit for each sample (N,); by default it sees the samples alone."""
        logits: Tensor = self.discriminator(batch.samples)
        return logits

    def discriminator_loss(self, real: Batch, fake: Batch) -> Tensor:
        """What D minimises: −E[log D(x)] − E[log(1 − D(G(z)))], unless a model overrides it."""
        return discriminator_loss(self.logits(real), self.logits(fake))

    def generator_loss(self, fake: Batch, real: Batch, objective: Objective) -> Tensor:
        """What G minimises: the adversarial term, to which a model adds its own terms.

        Args:
            fake: Samples with their graph, and their codes.
            real: As many real samples.
            objective: The model's own, or a mutation's.
        """
        return self.adversarial_term(fake, real, objective)

    def objective(self) -> Objective:
        """Return G's own adversarial term; by default E-GAN's heuristic one, −½ E[log D(G(z))]."""
        return mutations.get("heuristic")

    def adversarial_term(self, fake: Batch, real: Batch, objective: Objective) -> Tensor:
        """Return an objective of D's logits; it is asked about real samples only where needed."""
        real_logits = None
        if objective.needs_real:
            with torch.no_grad():
                real_logits = self.logits(real)
        return objective.generator(self.logits(fake), real_logits)

    def update(self) -> None:
        """Train D `discriminator_steps` times, each on samples of its own, then G once."""
        for _ in range(self.settings.discriminator_steps):
            with torch.no_grad():
                fake = self.fake(self.settings.batch_size)
            self.train_discriminator(self.draw(), fake)
        fake, real = self.fake(self.settings.batch_size), self.draw()
        self.train_generator(self.generator_loss(fake, real, self.objective()))

    def fake(self, count: int) -> Batch:
        """Make samples from new codes."""
        codes = moved(self.codes(count, self.random), self.device)
        return Batch(self.generate(self.generator, codes), codes)

    def train_discriminator(self, real: Batch, fake: Batch) -> Tensor:
        """Take a step of D; return its loss."""
        loss = self.discriminator_loss(real, fake)
        self.descend("discriminator", loss)
        return loss.detach()

    def train_generator(self, loss: Tensor) -> None:
        """Take a step of G, and move its average."""
        self.descend("generator", loss)
        self.networks["average"].update_parameters(self.generator)  # type: ignore[operator]

    def made(self, codes: Codes, *, network: nn.Module | None = None) -> Tensor:
        """Make samples with the averaged generator, or another, from codes, all on the CPU."""
        network = network or self.average
        split = {name: torch.split(code, BATCH) for name, code in codes.items()}
        parts = [dict(zip(split, part, strict=True)) for part in zip(*split.values(), strict=True)]
        made = [self.generate(network, moved(part, self.device)) for part in parts]
        return torch.cat([samples.cpu() for samples in made])

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Make samples with the averaged generator."""
        codes = moved(self.codes(count, generator), self.device)
        return self.generate(self.average, codes)

    @property
    def generator(self) -> nn.Module:
        """G."""
        return self.networks["generator"]

    @property
    def discriminator(self) -> nn.Module:
        """D."""
        return self.networks["discriminator"]

    @property
    def average(self) -> nn.Module:
        """G's exponential average, a network like G."""
        return self.networks["average"].module  # type: ignore[return-value]

    def optimizer_options(self) -> Mapping[str, Mapping[str, Any]]:
        """Return Adam's rates, from `generator_lr`, `discriminator_lr`, `beta1` and `beta2`."""
        settings = self.settings
        betas = settings.beta1, settings.beta2
        return {
            "generator": {"lr": settings.generator_lr, "betas": betas},
            "discriminator": {"lr": settings.discriminator_lr, "betas": betas},
        }

    def apply_options(self) -> None:
        """Give the optimisers and the average their rates."""
        super().apply_options()
        self.averaging.decay = self.settings.ema_decay
