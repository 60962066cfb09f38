"""A game whose players are told a caption, before a discriminator that knows wrong ones.

φ is a text encoder that learns first, beside an encoder of images, so that captions find their
images, and then is fixed. With s = σ(D(image, φ)) D ascends, on three kinds of pairs,

    E[log s_r] + w E[log(1 − s_w)] + f E[log(1 − s_f)]

s_r of real images and their captions, s_w of real images and other ones' captions, s_f of samples.
Reed et al. 2016, arXiv 1605.05396, have it first; StackGAN has it too.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

import mutations
from egan.config.captioned import CaptionedSettings
from egan.data.dataset import CAPTIONS
from egan.losses import discriminator as logistic
from egan.losses.games import whole
from egan.losses.matching import matching_loss, wrong_loss
from egan.networks.captions import Discriminator, Eye, text_encoder
from egan.tasks import Captions, draw_captions
from egan.tasks.base import Batch, Codes
from egan.training.game import Game, Half, Objective
from egan.training.sides import Sides

ENCODERS = ("text", "eye")


class CaptionedGame(Game):
    """A generator that is told a caption, against a discriminator that knows wrong ones.

    A paper defines `generator_network` and `generate`, and what else G minimises.
    """

    task_type: ClassVar = Captions
    sides: ClassVar = Sides(environment=("discriminator", *ENCODERS))
    discriminator_codes: ClassVar = (CAPTIONS,)
    settings: CaptionedSettings

    @property
    def learning(self) -> Mapping[str, str]:  # type: ignore[override]
        """Both encoders have a rate of their own."""
        return {**super().learning, **dict.fromkeys(ENCODERS, "text_lr")}

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        return Discriminator(self.settings, self.shape)

    def discriminators(self) -> dict[str, nn.Module]:
        """Build D, and the encoders of captions and of images, which all members share."""
        return {
            "discriminator": self.discriminator_network(),
            "text": text_encoder(self.settings, self.task.data),
            "eye": Eye(self.settings, self.shape),
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

    @abstractmethod
    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Make images of captions."""

    @property
    def judge(self) -> nn.Module:
        """The discriminator in use, where there are several."""
        return self.discriminator

    def in_use(self, images: Tensor) -> Tensor:
        """Return images (N, C, H, W) at the size at which they are judged, by default their own."""
        return images

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D about images beside their captions."""
        images = self.in_use(batch.samples)
        logits: Tensor = self.judge(images, self.told(batch.codes[CAPTIONS]))
        return logits

    def judged(self, maps: Tensor, captions: Tensor) -> Tensor:
        """Return D's logits (N,) of images that its body has seen, beside captions (N, T)."""
        judge = self.judge.judged
        return self.computed(judge, maps, self.told(captions))  # type: ignore[arg-type]

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
        maps = self.computed(self.judge.body, self.in_use(real.samples))  # type: ignore[arg-type]
        captions = real.codes[CAPTIONS]
        wrong = captions.roll(1, dims=0)
        right_logits, wrong_logits = (self.judged(maps, one) for one in (captions, wrong))
        self.hear(real, right_logits)
        loss = (half or logistic.real_loss)(right_logits)
        return loss + self.settings.cls_weight * wrong_loss(wrong_logits, wrong, captions)

    def fake_half(self, fake: Batch, half: Half | None) -> Tensor:
        """Return the same, or with a mutation of D in place of −E[log(1 − s_f)]."""
        return self.settings.fake_weight * (half or logistic.fake_loss)(self.logits(fake))

    def objective(self) -> Objective:
        """Return −E[log s_f], without E-GAN's ½, which would change its weight by the other."""
        return whole(mutations.get("heuristic"))

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
