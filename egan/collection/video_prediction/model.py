"""Adversarial video prediction; `egan.collection.video_prediction` tells the paper."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

import mutations
from egan.collection.video_prediction import PRESETS, SOURCES, VideoPredictionSettings
from egan.collection.video_prediction.networks import (
    Discriminator,
    Generator,
    packed,
    shrunk,
    sizes_of,
    unpacked,
)
from egan.losses.edges import gradient_difference
from egan.losses.games import whole
from egan.tasks import NEXT, PAST, Batch, Codes, Prediction, continued
from egan.training.game import Game, Objective


class VideoPrediction(Game):
    """A generator of next frames in several sizes, against a discriminator in each.

    A sample of the game is a frame in all sizes, packed (N, C, Σ h_k²); what is asked for is the
    largest, and those that follow from it.
    """

    task_type: ClassVar = Prediction
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    tiny: ClassVar = {
        "width": 2,
        "discriminator_width": 2,
        "scales": 2,
        "batch_size": 8,
        "pretraining": 0,
    }
    discriminator_codes: ClassVar = (PAST,)
    augmentable: ClassVar = False
    settings: VideoPredictionSettings

    @property
    def sizes(self) -> list[int]:
        """The sides of frames, the smallest first."""
        return sizes_of(self.shape[-1], self.settings.scales)

    def generator_network(self) -> nn.Module:
        """Build G."""
        s = self.settings
        return Generator(self.task.source_shape, self.sizes, width=s.width, changes=s.changes)

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        s = self.settings
        return Discriminator(
            self.task.source_shape,
            self.sizes,
            width=s.discriminator_width,
            conditional=s.conditional,
        )

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw what was, and the frame that came next."""
        batch = self.task.draw(count, rng)
        return {NEXT: batch.samples, **batch.codes}

    def draw(self, count: int | None = None) -> Batch:
        """Draw true frames in all sizes, each with its "past"."""
        codes = self.codes(count or self.settings.batch_size, self.rng)
        return Batch(packed(self.pyramid(codes[NEXT])), codes).to(self.device)

    def pyramid(self, frames: Tensor) -> list[Tensor]:
        """Return frames (N, C, H, W) in all sizes."""
        return [shrunk(frames, size) for size in self.sizes]

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Predict the next frame in all sizes."""
        made: Tensor = network(codes[PAST])
        return made

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D for the logits of all sizes (N * K,), frame by frame."""
        logits: Tensor = self.discriminator(batch.samples, batch.codes[PAST])
        return logits.flatten()

    def objective(self) -> Objective | None:
        """Return −E[log D(X, Ŷ)], the mean over sizes, before it is weighed, or none."""
        weighs = self.settings.adversarial_weight > 0
        return whole(mutations.get("heuristic")) if weighs else None

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor:  # noqa: ARG002
        """Return the differences of pixels and of gradients, over the adversarial term's weight."""
        return self.differences(fake) / (self.settings.adversarial_weight * len(self.sizes) or 1.0)

    def differences(self, fake: Batch) -> Tensor:
        """Return λ_p Σ_k ‖Y_k − Ŷ_k‖_p^p + λ_gdl Σ_k GDL, each norm a mean."""
        s, total = self.settings, fake.samples.new_zeros(())
        pairs = zip(unpacked(fake.samples, self.sizes), self.pyramid(fake.codes[NEXT]), strict=True)
        for made, true in pairs:
            apart = (made - true).abs() if s.distance == "l1" else (made - true).square()
            edges = gradient_difference(made, true, order=s.order)
            total = total + s.distance_weight * apart.mean() + s.gradient_weight * edges
        return total

    def update(self) -> None:
        """Train D and then G, or G alone where there is no game, or not yet."""
        s = self.settings
        if s.adversarial_weight and self.updates >= s.pretraining:
            super().update()
            return
        fake = self.fake(s.batch_size)
        # weighed as later: Adam's moments of one are on the scale of the other's gradients
        self.train_generator(self.generator_terms(fake, fake))

    @torch.no_grad()
    def predict(self, past: Tensor, steps: int, rng: torch.Generator) -> Tensor:
        """Go on from clips (N, 4, C, H, W) with the averaged generator: (N, steps, C, H, W).

        On the CPU, in [-1, 1].
        """
        del rng  # nothing is drawn
        return continued(self.next_frame, past.cpu(), steps)

    def next_frame(self, past: Tensor) -> Tensor:
        """Predict the frames (N, C, H, W) that follow clips (N, 4, C, H, W), on the CPU."""
        largest = unpacked(self.made({PAST: past}), self.sizes)[-1]
        frames: Tensor = self.task.data.kind.clamp(largest)
        return frames

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Go on from clips of the data."""
        return self.predict(self.task.draw(count, rng).codes[PAST], self.task.steps, rng)
