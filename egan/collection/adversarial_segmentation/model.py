"""Adversarial segmentation; `egan.collection.adversarial_segmentation` tells the paper."""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import mutations
from egan.collection.adversarial_segmentation import PRESETS, SOURCES, SegmentationSettings
from egan.collection.adversarial_segmentation.networks import Segmenter
from egan.losses.games import whole
from egan.networks.blocks import initialise
from egan.networks.patches import PatchDiscriminator
from egan.tasks import SEGMENTATION, Batch, Codes, Segmentation
from egan.tasks.segmentation import IGNORED
from egan.training.game import Game, Objective

SOURCE = "source"
LEAST = 1e-12
"""What probabilities count for at least where their logarithm is taken."""


class AdversarialSegmentation(Game):
    """A segmenter against a discriminator of label maps beside their images.

    A sample is a label map (N, K, H, W), a probability of each class in each pixel; where nobody
    knows the true class D sees 0 of all of them, in true maps and in made ones.
    """

    task_type: ClassVar = Segmentation
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    tiny: ClassVar = {"width": 4, "discriminator_width": 4, "batch_size": 8, "pretraining": 0}
    discriminator_codes: ClassVar = (SOURCE, SEGMENTATION)
    augmentable: ClassVar = False
    settings: SegmentationSettings

    def generator_network(self) -> nn.Module:
        """Build S."""
        s = self.settings
        return Segmenter(
            self.task.data.shape, num_classes=self.shape[0], width=s.width, halvings=s.halvings
        )

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        s, colours, classes = self.settings, self.task.data.shape[0], self.shape[0]
        channels = {"product": colours * classes, "concat": colours + classes, "map": classes}
        network = PatchDiscriminator(
            channels[s.pairing], width=s.discriminator_width, num_layers=s.patch_layers
        )
        initialise(network, "normal")
        return network

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw images with their true maps."""
        batch = self.task.draw(count, rng)
        return {SOURCE: batch.samples, **batch.codes}

    def draw(self, count: int | None = None) -> Batch:
        """Draw true maps, softened, each with its "source"."""
        codes = self.codes(count or self.settings.batch_size, self.rng)
        return Batch(self.softened(codes[SEGMENTATION]), codes).to(self.device)

    def softened(self, maps: Tensor) -> Tensor:
        """Return true maps (N, H, W) as (1 − τ) y + τ / K, (N, K, H, W); 0 where nobody knows."""
        classes, softness = self.shape[0], self.settings.softness
        known = maps != IGNORED
        hot = F.one_hot(maps.where(known, 0), classes).permute(0, 3, 1, 2).float()
        return ((1 - softness) * hot + softness / classes) * known[:, None]

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Segment the images of codes."""
        probabilities: Tensor = network(codes[SOURCE]).softmax(dim=1)
        return probabilities

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D for the logits of all patches (N * patches,), image by image."""
        known = (batch.codes[SEGMENTATION] != IGNORED)[:, None]
        maps, images = self.shown(batch.samples) * known, batch.codes[SOURCE]
        seen = maps
        if self.settings.pairing == "product":
            seen = (maps[:, :, None] * images[:, None]).flatten(1, 2)
        elif self.settings.pairing == "concat":
            seen = torch.cat([images, maps], dim=1)
        logits: Tensor = self.discriminator(seen)
        return logits.flatten()

    def shown(self, maps: Tensor) -> Tensor:
        """Return maps (N, K, H, W) as D sees them: as they are, or 0 and 1 with their gradient."""
        if not self.settings.hard:
            return maps
        hard = F.one_hot(maps.argmax(dim=1), maps.shape[1]).movedim(-1, 1)
        return hard + maps - maps.detach()

    def objective(self) -> Objective | None:
        """Return −E[log D(x, s(x))] before it is weighed, or none."""
        weighs = self.settings.adversarial_weight > 0
        return whole(mutations.get("heuristic")) if weighs else None

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor:  # noqa: ARG002
        """Return cross-entropy, over the weight of the adversarial term."""
        return self.cross_entropy(fake) / (self.settings.adversarial_weight or 1.0)

    def cross_entropy(self, fake: Batch) -> Tensor:
        """Return −E[Σ_k y_k log s_k(x)], the mean over pixels whose class is known."""
        logs = fake.samples.clamp_min(LEAST).log()
        return F.nll_loss(logs, fake.codes[SEGMENTATION], ignore_index=IGNORED)

    def update(self) -> None:
        """Train D and then S, or S alone where there is no game, or not yet."""
        s = self.settings
        if s.adversarial_weight and self.updates >= s.pretraining:
            super().update()
            return
        fake = self.fake(s.batch_size)
        # weighed as later: Adam's moments of one are on the scale of the other's gradients
        self.train_generator(self.generator_terms(fake, fake))

    @torch.no_grad()
    def segment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """Return probabilities (N, K, H, W) for images (N, C, H, W), on the CPU."""
        del rng  # nothing is drawn
        return self.made({SOURCE: images.cpu()})

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Segment images of the data."""
        return self.segment(self.codes(count, rng)[SOURCE], rng)
