"""Making samples of the class that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from egan.data.kinds import Images
from egan.tasks.base import Asks, Batch, Codes, Draw, Needs, Scores, draw_labels
from egan.tasks.generation import ROW, Generation

if TYPE_CHECKING:
    from PIL import Image

    from egan.data.dataset import Dataset
    from egan.judging.features import Features

LONGEST = 20
"""Letters of the longest name beside a row of a picture."""


class Classes(Generation):
    """Samples of a class.

    A model offers, beside ``samples``, ``samples_of(labels, rng)``, samples of labels (N,), and
    ``labelled(count, rng)``, labels as the data have them and their samples. Fitness: the share
    of samples that a fixed classifier takes for the class that was asked for, minus
    `distance_weight` times their Fréchet distance to the data in its features.

    Args:
        data: What is trained on.
        held_out: What is kept from training.
        features: What samples are compared in and classes are told by.
        distance_weight: Weight of the distance, at least 0.
    """

    needs: ClassVar = Needs(labels=True, kinds=(Images,))
    asks: ClassVar = Asks(classes=True)
    leading: ClassVar[tuple[str, ...]] = ("accuracy", "frechet")

    def __init__(
        self,
        data: Dataset,
        held_out: Dataset,
        features: Features,
        *,
        distance_weight: float = 1.0,
    ) -> None:
        super().__init__(data, held_out, features)
        self.distance_weight = distance_weight

    @property
    def meaning(self) -> str:
        """Say what counts for the class, and what for the distance."""
        return (
            "the share of samples that a classifier takes for the class that was asked for, less "
            f"{self.distance_weight:g} times their Fréchet distance to the data"
        )

    def score(self, model: Any, rng: torch.Generator) -> Scores:
        """Return how often the class is the one asked for, and the distance to the data."""
        made, accuracy = self._told(model, rng)
        distances = self.appraised(made)
        total = accuracy - self.distance_weight * distances["frechet"]
        return {**distances, "fitness": total, "accuracy": accuracy}

    def look(self, model: Any, rng: torch.Generator) -> Scores:
        """Return all distances, and how often the class is the one asked for."""
        return {**super().look(model, rng), "accuracy": self._told(model, rng)[1]}

    def _told(self, model: Any, rng: torch.Generator) -> tuple[Tensor, float]:
        """Make samples (N, C, H, W); return them, and how often they are of the class asked for."""
        labels, made = model.labelled(self.num_judged, rng)
        told = torch.as_tensor(self.features.classes(made))
        return made, float((told == labels).float().mean())

    def make(self, model: Any, count: int, rng: torch.Generator, *, given: Codes) -> Batch:
        """Make samples of the "labels" that are given, or of those that the data would have."""
        if "labels" not in given:
            labels, made = model.labelled(count, rng)
            return Batch(made, {"labels": labels})
        labels = given["labels"]
        return Batch(model.samples_of(labels, rng), {"labels": labels})

    def pictures(self, model: Any) -> dict[str, Draw]:
        """Show a row for each class."""
        return {"class_rows": partial(self.show_rows, model)}

    def show_rows(self, model: Any, rng: torch.Generator) -> Image.Image:
        """Draw a row for each of the first ten classes; columns share their random numbers."""
        start, rows = rng.get_state(), []
        for label in range(min(self.data.num_classes, ROW)):
            rng.set_state(start)
            rows.append(model.samples_of(torch.full((ROW,), label), rng))
        names = [_row_name(name) for name in self.data.classes[: len(rows)]]
        return self.show(torch.cat(rows), row_names=names)

    def baselines(self) -> Mapping[str, Scores]:
        """Add what a generator that is deaf to the class is worth: chance."""
        rng = torch.Generator().manual_seed(1)
        asked, other = (draw_labels(self.data, 10_000, rng) for _ in range(2))
        chance = float((asked == other).float().mean())
        return {"chance": {"accuracy": chance}, **super().baselines()}


def _row_name(name: str) -> str:
    """Return what a class is called beside its row, in a few letters."""
    if name.isdigit():
        return f"class {name}"
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
