"""AC-GAN: the game in which D has to find the class that G was told."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import mutations
from egan.collection.acgan import PRESETS, SOURCES, AcganSettings
from egan.collection.acgan.networks import Discriminator, generator
from egan.losses import discriminator as logistic
from egan.losses.games import whole
from egan.tasks import Batch, Classes, Codes, draw_labels
from egan.training.game import Game, Half, Objective

DISTANCE_WEIGHT = 0.1
NUM_HELD_OUT = 500
"""Real images whose classes a look asks D about."""


class Acgan(Game):
    """A generator that is told a class, against a discriminator that classifies."""

    task_type: ClassVar = partial(Classes, distance_weight=DISTANCE_WEIGHT)
    discriminator_codes: ClassVar = ("labels",)  # what its classifier learns to find
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    tiny: ClassVar = {"width": 4, "discriminator_width": 4, "batch_size": 8, "latent_dim": 4}
    live: ClassVar = {"dropout": (nn.Dropout, "p")}
    settings: AcganSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        return generator(self.settings, self.shape, self.num_classes)

    def discriminator_network(self) -> nn.Module:
        """Build D, with the classifier on its body."""
        return Discriminator(self.settings, self.shape, self.num_classes)

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z) from N(0, 1), and labels (count,) as the data have them."""
        z = torch.randn(count, self.settings.latent_dim, generator=rng)  # before labels: bits
        return {"z": z, "labels": draw_labels(self.task.data, count, rng)}

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Make samples of the classes "labels"."""
        condition = F.one_hot(codes["labels"], self.num_classes).to(codes["z"])
        samples: Tensor = network(torch.cat([codes["z"], condition], dim=1))
        return samples

    def judged(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return D's logits (N,) of a batch, and those of its classifier (N, K)."""
        assert isinstance(self.discriminator, Discriminator)
        features = self.computed(self.discriminator.body, batch.samples)
        logits = self.discriminator.head(features)
        self.hear(batch, logits)
        return logits, self.discriminator.classes(features)

    def real_loss(self, real: Batch) -> Tensor:
        """Return the half of −L_S − λ L_C on real samples."""
        return self.real_half(real, None)

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return the half on generated samples."""
        return self.fake_half(fake, None)

    def real_half(self, real: Batch, half: Half | None) -> Tensor:
        """Return the same, or with a mutation of D in place of its part of −L_S."""
        logits, classes = self.judged(real)
        return (half or logistic.real_loss)(logits) + self.classified(classes, real)

    def fake_half(self, fake: Batch, half: Half | None) -> Tensor:
        """Return the same, or with a mutation of D in place of its part of −L_S."""
        logits, classes = self.judged(fake)
        return (half or logistic.fake_loss)(logits) + self.classified(classes, fake)

    def classified(self, classes: Tensor, batch: Batch) -> Tensor:
        """Return −λ E[log P(c | x)] of the classifier's logits (N, K)."""
        return self.settings.class_weight * F.cross_entropy(classes, batch.labels)

    def objective(self) -> Objective:
        """Return G's part of L_S, without E-GAN's ½, which would change its weight by L_C."""
        return whole(mutations.get(self.settings.generator_loss))

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor | None:  # noqa: ARG002
        """Return −λ E[log P(c | G(z, c))]."""
        if not self.settings.class_weight:
            return None
        seen = self.seen(fake)
        return self.classified(self.judged(seen)[1], seen)

    def look(self) -> dict[str, float]:
        """Return all distances, the accuracy, and how often D's classifier is right on others."""
        data = self.task.held_out
        chosen = data.spread(NUM_HELD_OUT)
        real = Batch(data.tensor(chosen), {"labels": torch.from_numpy(data.labels[chosen])})
        found = self.judged(real.to(self.device))[1].argmax(dim=1).cpu()
        right = float((found == real.labels).float().mean())
        return {**super().look(), "classifier_accuracy": right}
