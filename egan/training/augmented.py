"""What a discriminator sees of samples: as they are, or augmented, see `egan.augmentation`."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from egan.augmentation import Transform, drawn
from egan.augmentation.ada import BATCHES, Adaptive
from egan.config.settings import NO_AUGMENTATION, GameSettings
from egan.data.kinds import Images
from egan.tasks.base import Batch
from egan.training.model import Model, stream

ADAPTIVE = "augmentation"
"""What ADA's p is called among networks, so that states, views and files have it."""
SALT = 0xA06_3E27_51C4
"""What tells the seed of augmentation from that of the draws that it goes with."""


class Augmented(Model):
    """A model with a discriminator, whose images are augmented where the settings say so.

    Random numbers come from a stream of their own beside `rng`, which begins anew whenever that
    does: other draws are what they are without augmentation, and siblings share it.
    """

    augmentable: ClassVar[bool] = True
    """Whether all that D sees of a sample may change alone: not where it sees pairs."""

    settings: GameSettings

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._beside: tuple[torch.Generator, torch.Generator] | None = None
        self._real: Tensor | None = None
        super().__init__(*arguments, **options)
        if self.augments:
            self._check_augmentation()

    @property
    def augments(self) -> bool:
        """Whether D sees augmented samples."""
        return self.settings.augment != NO_AUGMENTATION

    def _check_augmentation(self) -> None:
        asked, kind = f"--augment {self.settings.augment}", self.task.data.kind
        if not isinstance(kind, Images):
            raise ValueError(
                f"{asked} changes images, but {self.task.data.name} holds {kind.name}. Leave it "
                "out, or give images."
            )
        if not self.augmentable:
            raise ValueError(
                f"{asked} changes each image alone, but the discriminator of {type(self).__name__} "
                "sees some together. Leave it out."
            )

    def adaptive(self) -> dict[str, nn.Module]:
        """Build what ADA keeps, as a network without weights; nothing for the other families."""
        return {ADAPTIVE: Adaptive()} if self.settings.augment == "ada" else {}

    @property
    def augment_probability(self) -> float:
        """ADA's p: what it has adapted to, and the strength at most."""
        limit = self.settings.augment_strength
        kept: Any = self.networks[ADAPTIVE]
        return min(float(kept.p), limit) if self.settings.ada_kimg else limit

    def transform(self, shape: torch.Size) -> Transform:
        """Draw what happens to samples of a shape (N, C, H, W) before D sees them."""
        s = self.settings
        strength = self.augment_probability if s.augment == "ada" else s.augment_strength
        count, channels, height, width = shape
        size = count, channels, height, width
        return drawn(s.augment, size, rng=self._stream_beside(), strength=strength)

    def _stream_beside(self) -> torch.Generator:
        if self._beside is None or self._beside[0] is not self.rng:
            self._beside = self.rng, stream(self.rng.initial_seed() ^ SALT)
        return self._beside[1]

    def seen(self, batch: Batch, *, learned: bool = False) -> Batch:
        """Return a batch as D sees it: with augmented samples, where the settings say so.

        Args:
            batch: Real samples or generated ones, with their graph.
            learned: Whether they are real and D learns from them: ADA listens to its logits then.
        """
        if not self.augments:
            return batch
        samples = self.transform(batch.samples.shape)(batch.samples)
        if learned and ADAPTIVE in self.networks:
            self._real = samples
        return Batch(samples, batch.codes)

    def hear(self, batch: Batch, logits: Tensor) -> None:
        """Let ADA know D's logits (N,) of a batch, if it is the one that D learns from."""
        if self._real is not None and batch.samples is self._real:
            kept: Any = self.networks[ADAPTIVE]
            kept.hear(logits.detach())
            self._real = None

    def adapt(self) -> None:
        """Let ADA move p, after a step of D."""
        if ADAPTIVE in self.networks:
            s, kept = self.settings, self.networks[ADAPTIVE]
            assert isinstance(kept, Adaptive)
            kept.adapt(target=s.ada_target, kimg=s.ada_kimg, least=BATCHES * s.batch_size)

    def gauges(self) -> dict[str, float]:
        """Return ADA's p, where there is one."""
        return {"augment_p": self.augment_probability} if ADAPTIVE in self.networks else {}
