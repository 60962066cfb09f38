"""GAN-INT-CLS; `egan.collection.gan_int_cls` tells the paper."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from egan.collection.gan_int_cls import PRESETS, SOURCES, GanIntClsSettings
from egan.collection.gan_int_cls.networks import Generator
from egan.data.dataset import CAPTIONS
from egan.losses import discriminator as logistic
from egan.tasks import Batch, Codes
from egan.training.captioned import CaptionedGame


class GanIntCls(CaptionedGame):
    """The game of captions, with captions between captions."""

    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    tiny: ClassVar = {
        "width": 4,
        "discriminator_width": 4,
        "batch_size": 8,
        "latent_dim": 4,
        "text_dim": 4,
        "condition_dim": 4,
        "text_updates": 0,
    }
    settings: GanIntClsSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        return Generator(self.settings, self.shape)

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Make images of captions."""
        images: Tensor = network(codes["z"], self.told(codes[CAPTIONS]))
        return images

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor | None:  # noqa: ARG002
        """Return −v E[log D(G(z, φ'), φ')] of what is between the halves of a batch."""
        s, half = self.settings, len(fake) // 2
        if not s.int_weight or not half:
            return None
        codes = self.told(fake.codes[CAPTIONS])
        between = s.int_beta * codes[:half] + (1 - s.int_beta) * codes[half : 2 * half]
        made = self.computed(self.generator, fake.codes["z"][:half], between)
        seen = self.seen(Batch(made)).samples
        logits = self.computed(self.discriminator, seen, between)
        return s.int_weight * logistic.real_loss(logits)
