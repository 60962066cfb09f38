"""MAD-GAN: the game of several generators against one that tells them apart."""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import mutations
from egan.collection.mad_gan import PRESETS, SOURCES, MadGanSettings
from egan.collection.mad_gan.networks import discriminator, generators, log_odds
from egan.losses import discriminator as logistic
from egan.networks.agents import dealt
from egan.networks.latent import draw_codes
from egan.tasks import Batch, Codes, Generation
from egan.training.agents import OWNERS, SeveralGenerators
from egan.training.game import Half, Objective


class MadGan(SeveralGenerators):
    """Several generators, and a discriminator that has to tell which of them made a sample."""

    task_type: ClassVar = Generation
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    tiny: ClassVar = {"width": 8, "discriminator_width": 8, "batch_size": 8, "latent_dim": 4}
    discriminator_codes: ClassVar = (OWNERS,)
    settings: MadGanSettings

    def generator_network(self) -> nn.Module:
        """Build all generators, as one network."""
        return generators(self.settings, self.shape)

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        return discriminator(self.settings, self.shape)

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z), and deal them to the generators in turn: "owners" (count,)."""
        s = self.settings
        z = draw_codes(count, s.latent_dim, law=s.latent, rng=rng)
        return {"z": z, OWNERS: dealt(count, s.num_generators)}

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Let each generator make its samples."""
        samples: Tensor = network(codes["z"], codes[OWNERS])
        return samples

    def discriminate(self, batch: Batch) -> Tensor:
        """Return the log-odds of real to made (N,)."""
        return log_odds(self.discriminator(batch.samples))

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return −E[log D_i(G_i(z))], i being who made it."""
        return self.fake_half(fake, None)

    def fake_half(self, fake: Batch, half: Half | None) -> Tensor:
        """Return the same; a mutation's half takes the place of real or made, not of who."""
        outputs = self.computed(self.discriminator, fake.samples)
        loss = (half or logistic.fake_loss)(log_odds(outputs))
        if not self.settings.identify:
            return loss
        return loss + F.cross_entropy(outputs[:, :-1], fake.codes[OWNERS])

    def objective(self) -> Objective:
        """Return what `generator_loss` names."""
        return self.published(mutations.get(self.settings.generator_loss))

    def look(self) -> dict[str, float]:
        """Return all distances and, where samples have modes or classes, who makes which."""
        codes = self.codes(self.task.num_looked_at, self.rng)
        made = self.made(codes)
        scores: dict[str, float] = self.task.judged(made)
        modes = self.modes_of(made)
        if modes is None:
            return scores
        return {**scores, "specialisation": information(codes[OWNERS], modes)}

    def modes_of(self, samples: Tensor) -> Tensor | None:
        """Return the nearest mode of each sample (N,), or its class; None where there are none."""
        data = self.task.data
        if data.mixture is not None:
            centres = torch.from_numpy(data.mixture.centres.copy())
            return torch.cdist(samples, centres).argmin(dim=1)
        classes = self.task.features.classes(samples)
        return None if classes is None else torch.as_tensor(classes)


def information(owners: Tensor, modes: Tensor) -> float:
    """Return the mutual information of two labellings (N,) of the same samples, in nats."""
    from sklearn.metrics import mutual_info_score

    return float(mutual_info_score(owners.numpy(), modes.numpy()))
