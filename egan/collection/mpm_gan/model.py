"""MPM-GAN: generators that compete, and messages that help whoever hears them."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.func import functional_call

from egan import networks
from egan.collection.mpm_gan import PRESETS, SOURCES, MpmGanSettings
from egan.collection.mpm_gan.networks import Speakers, form, speakers
from egan.networks.agents import dealt
from egan.tasks import Batch, Codes, Generation
from egan.training.agents import OWNERS, SeveralGenerators


class MpmGan(SeveralGenerators):
    """Several generators against one discriminator, who tell each other what they are about."""

    task_type: ClassVar = Generation
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    tiny: ClassVar = {
        "width": 8,
        "discriminator_width": 8,
        "batch_size": 8,
        "latent_dim": 4,
        "message_dim": 4,
    }
    settings: MpmGanSettings

    def generator_network(self) -> nn.Module:
        """Build all generators and their message networks, as one network."""
        return speakers(self.settings, self.shape)

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        s = self.settings
        return networks.discriminator(s.network, self.shape, width=s.discriminator_width, **form(s))

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z) from N(0, 1), and deal them in turn: "owners" (count,)."""
        s = self.settings
        z = torch.randn(count, s.latent_dim, generator=rng)
        return {"z": z, OWNERS: dealt(count, s.num_generators)}

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Let each generator make its samples, what it hears being given."""
        assert isinstance(network, Speakers)
        with torch.no_grad():
            heard = network.heard(codes["z"], codes[OWNERS])
        return network.answer(codes["z"], heard, codes[OWNERS])

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor | None:  # noqa: ARG002
        """Return what generators lose in competing, and what messages lose in conceding."""
        s = self.settings
        if not s.competing_weight and not (s.conceding_weight and s.message_dim):
            return None
        with torch.no_grad():
            target = self.probability(self.of_counterparts(fake))
        terms = []
        if s.competing_weight:
            own = self.probability(fake)
            terms.append(s.competing_weight * (target - own).relu().mean())
        if s.conceding_weight and s.message_dim:
            told = self.probability(self.as_told(fake))
            terms.append(s.conceding_weight * (target - told).relu().mean())
        return torch.stack(terms).sum()

    def probability(self, fake: Batch) -> Tensor:
        """Return D's probability that samples are real (N,)."""
        return self.logits(self.seen(fake)).sigmoid()

    def of_counterparts(self, fake: Batch) -> Batch:
        """Return what the next generator in turn makes of the same codes."""
        following = (fake.codes[OWNERS] + 1) % self.settings.num_generators
        codes = {**fake.codes, OWNERS: following}
        return Batch(self.computed(self.generate, self.generator, codes), codes)

    def as_told(self, fake: Batch) -> Batch:
        """Return the same samples, as a function of the messages alone."""
        network, codes = self.generator, fake.codes
        assert isinstance(network, Speakers)
        kept = {
            name: value if name.startswith("messages.") else value.detach()
            for name, value in network.named_parameters()
        }
        arguments = (codes["z"], codes[OWNERS])
        samples = self.computed(partial(functional_call, network, kept), arguments)
        return Batch(samples, codes)
