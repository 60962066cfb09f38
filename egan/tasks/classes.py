"""What generators that are told which class to make share: how they are judged, and class rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from egan.tasks.generation import ROW
from egan.training.game import Adversarial
from egan.training.model import Batch

if TYPE_CHECKING:
    from PIL import Image


class Conditional(Adversarial):
    """A game about samples and their "labels", which are among the codes.

    Fitness: the share of samples that a fixed classifier takes for the class that was asked for,
    minus `distance_weight` times their Fréchet distance to the data in its features.
    """

    distance_weight: ClassVar[float] = 1.0
    needs_labels = True
    needs_images = True

    def logits(self, batch: Batch) -> Tensor:
        """Ask D about samples and their classes."""
        logits: Tensor = self.discriminator(batch.samples, batch.labels)
        return logits

    def score(self) -> dict[str, float]:
        """Return how often the class is the one asked for, and the distance to the data."""
        made, accuracy = self._told()
        distances = self.appraised(made)
        total = accuracy - self.distance_weight * distances["frechet"]
        return {**distances, "fitness": total, "accuracy": accuracy}

    def look(self) -> dict[str, float]:
        """Return all distances, and how often the class is the one asked for."""
        return {**super().look(), "accuracy": self._told()[1]}

    def _told(self) -> tuple[Tensor, float]:
        """Make samples (N, C, H, W); return them, and how often they are of the class asked for."""
        codes = self.codes(self.num_judged, self.random)
        made = self.made(codes)
        told = torch.as_tensor(self.task.features.classes(made))
        return made, float((told == codes["labels"]).float().mean())

    def show_rows(self, generator: torch.Generator) -> Image.Image:
        """Draw a row for each of the first ten classes; columns share their z."""
        z = self.codes(ROW, generator)["z"]
        labels = torch.arange(min(self.num_classes, ROW))
        codes = {"z": z.repeat(len(labels), 1), "labels": labels.repeat_interleave(ROW)}
        return self.show(self.made(codes))
