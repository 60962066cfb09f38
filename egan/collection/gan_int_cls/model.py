"""GAN-INT-CLS; `egan.collection.gan_int_cls` tells the paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

import mutations
from egan.collection.gan_int_cls import PRESETS, SOURCES, GanIntClsSettings
from egan.collection.gan_int_cls.networks import Discriminator, Eye, Generator, text_encoder
from egan.data.dataset import CAPTIONS
from egan.losses import discriminator as logistic
from egan.losses.games import whole
from egan.losses.matching import matching_loss
from egan.tasks import Batch, Captions, Codes, draw_captions
from egan.training.game import Game, Half, Objective
from egan.training.sides import Sides

ENCODERS = ("text", "eye")


class GanIntCls(Game):
    """A generator that is told a caption, against a discriminator that knows wrong ones."""

    task_type: ClassVar = Captions
    sides: ClassVar = Sides(environment=("discriminator", *ENCODERS))
    discriminator_codes: ClassVar = (CAPTIONS,)
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

    @property
    def learning(self) -> Mapping[str, str]:  # type: ignore[override]
        """Both encoders have a rate of their own."""
        return {**super().learning, **dict.fromkeys(ENCODERS, "text_lr")}

    def generator_network(self) -> nn.Module:
        """Build G."""
        return Generator(self.settings, self.shape)

    def discriminators(self) -> dict[str, nn.Module]:
        """Build D, and the encoders of captions and of images, which all members share."""
        s = self.settings
        return {
            "discriminator": Discriminator(s, self.shape),
            "text": text_encoder(s, self.task.data),
            "eye": Eye(s, self.shape),
        }

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z) from N(0, 1), and captions (count, T) as the data have them."""
        z = torch.randn(count, self.settings.latent_dim, generator=rng)  # before captions: bits
        return {"z": z, CAPTIONS: draw_captions(self.task.data, count, rng)}

    @torch.no_grad()
    def told(self, captions: Tensor) -> Tensor:
        """Return φ (N, K) of captions (N, T); neither player trains it."""
        code: Tensor = self.networks["text"](captions)
        return code

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Make images of captions."""
        images: Tensor = network(codes["z"], self.told(codes[CAPTIONS]))
        return images

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D about images beside their captions."""
        logits: Tensor = self.discriminator(batch.samples, self.told(batch.codes[CAPTIONS]))
        return logits

    def real_loss(self, real: Batch) -> Tensor:
        """Return −E[log s_r] − w E[log(1 − s_w)]."""
        return self.real_half(real, None)

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return −f E[log(1 − s_f)]."""
        return self.fake_half(fake, None)

    def real_half(self, real: Batch, half: Half | None) -> Tensor:
        """Return the same, or with a mutation of D in place of −E[log s_r]."""
        if not self.settings.cls_weight:
            return (half or logistic.real_loss)(self.logits(real))
        maps = self.computed(self.discriminator.body, real.samples)  # type: ignore[arg-type]
        captions = real.codes[CAPTIONS]
        wrong = captions.roll(1, dims=0)
        right_logits, wrong_logits = (self.judged(maps, one) for one in (captions, wrong))
        self.hear(real, right_logits)
        loss = (half or logistic.real_loss)(right_logits)
        return loss + self.settings.cls_weight * wrong_loss(wrong_logits, wrong, captions)

    def judged(self, maps: Tensor, captions: Tensor) -> Tensor:
        """Return D's logits (N,) of images that its body has seen, beside captions (N, T)."""
        judge = self.discriminator.judged
        return self.computed(judge, maps, self.told(captions))  # type: ignore[arg-type]

    def fake_half(self, fake: Batch, half: Half | None) -> Tensor:
        """Return the same, or with a mutation of D in place of −E[log(1 − s_f)]."""
        return self.settings.fake_weight * (half or logistic.fake_loss)(self.logits(fake))

    def objective(self) -> Objective:
        """Return −E[log s_f], without E-GAN's ½, which would change its weight by the other."""
        return whole(mutations.get("heuristic"))

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

    def update(self) -> None:
        """Train the text encoder, or both players, as the number of updates says."""
        if self.is_first_phase:
            real = self.draw()
            self.descend(self.matching(real), *ENCODERS)
        else:
            super().update()

    @property
    def is_first_phase(self) -> bool:
        """Whether the text encoder still learns."""
        return self.updates < self.settings.text_updates

    def real_penalty(self, real: Batch) -> Tensor | None:
        """Return what the encoders minimise, in the first generations of an evolution."""
        return self.matching(real) if self.is_first_phase else None

    def matching(self, real: Batch) -> Tensor:
        """Return the hinge of wrong pairs of images and captions of a batch."""
        captions = real.codes[CAPTIONS]
        scores = self.networks["eye"](real.samples) @ self.networks["text"](captions).T
        same = (captions[:, None] == captions[None, :]).all(dim=2)
        return matching_loss(scores, same)


def wrong_loss(logits: Tensor, wrong: Tensor, captions: Tensor) -> Tensor:
    """Return −E[log(1 − s_w)] of logits (N,), over captions (N, T) that are not the right ones."""
    differ = (wrong != captions).any(dim=1).to(logits)
    return (nn.functional.softplus(logits) * differ).sum() / differ.sum().clamp(min=1)
