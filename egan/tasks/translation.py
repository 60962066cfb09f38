"""Turning an image into another: of a drawing a painting, of a photograph a map."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

import fitness
from egan.data.kinds import Images
from egan.reporting.showing import show
from egan.tasks.base import Asks, Batch, Codes, Draw, Needs, Scores, Task

if TYPE_CHECKING:
    from PIL import Image

    from egan.data.dataset import Dataset
    from egan.judging.features import Features

TARGET = "target"
COLUMNS = 10


class Translation(Task):
    """From a source image (N, C, H, W) to its target (N, C', H, W), the annotation "target".

    A model offers ``translate(source, rng)``. Fitness: minus the Fréchet distance of translations
    to targets, minus `l1_weight` times their mean absolute difference to the true ones (Isola et
    al. 2016, arXiv 1611.07004, section 3).

    Args:
        data: Sources, each with its target.
        held_out: What translations are judged on.
        features: What they are compared with targets in.
        l1_weight: Weight of the difference, at least 0.
    """

    needs: ClassVar = Needs(
        kinds=(Images,),
        annotations=(TARGET,),
        mend="Give two folders of equal names, --data.pairs A B, images side by side, --data.name "
        "side_by_side, or --data.name openmoji_lines.",
    )
    asks: ClassVar = Asks(inputs=True)
    leading: ClassVar[tuple[str, ...]] = ("l1", "frechet")

    def __init__(
        self,
        data: Dataset,
        held_out: Dataset,
        features: Features,
        *,
        l1_weight: float = 1.0,
    ) -> None:
        super().__init__(data, held_out, features)
        self.l1_weight = l1_weight
        self.sources, self.targets = self.sides(data)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a target."""
        return self.targets.shape

    @classmethod
    def compared(cls, data: Dataset) -> Dataset:
        """Return the targets, which translations are compared with.

        Raises:
            ValueError: The data have none.
        """
        cls.needs.check(data, who="a translation")
        return replace(
            data, name=f"{data.name}, targets", samples=data.annotations[TARGET], annotations={}
        )

    @classmethod
    def sides(cls, data: Dataset) -> tuple[Dataset, Dataset]:
        """Return the sources of data, and the target of each."""
        return data, cls.compared(data)

    def draw(self, count: int, rng: torch.Generator) -> Batch:
        """Draw sources (count, C, H, W), with their "target" each."""
        chosen = torch.randint(len(self.sources), (count,), generator=rng).numpy()
        return Batch(self.sources.tensor(chosen), {TARGET: self.targets.tensor(chosen)})

    @property
    def meaning(self) -> str:
        """Say what counts beside the distance."""
        return (
            "minus the Fréchet distance of translations to targets, less "
            f"{self.l1_weight:g} times their mean absolute difference"
        )

    def score(self, model: Any, rng: torch.Generator) -> Scores:
        """Return how near translations of held-out sources are to their targets."""
        source, target = self.pairs_held_out(self.num_judged)
        return self.compare(model.translate(source, rng).cpu(), target)

    def compare(self, made: Tensor, target: Tensor) -> Scores:
        """Score translations (N, C', H, W), images in [-1, 1]; NaN if one is not finite."""
        if not torch.isfinite(made).all():
            return dict.fromkeys(self.compared_with(torch.zeros_like(made), target), math.nan)
        return self.compared_with(made, target)

    def compared_with(self, made: Tensor, target: Tensor) -> Scores:
        """Score translations (N, C', H, W), which are finite, beside the true ones."""
        real = self.features.reference(self.targets)
        distance = fitness.frechet_distance(real, self.features.features(made))
        difference = float((made - target).abs().mean())
        total = -distance - self.l1_weight * difference
        return {"fitness": total, "frechet": distance, "l1": difference}

    def make(self, model: Any, count: int, rng: torch.Generator, *, given: Codes) -> Batch:
        """Make a translation of each "source" that is given."""
        del count
        return Batch(model.translate(given["source"], rng).cpu())

    def pairs_held_out(self, count: int) -> tuple[Tensor, Tensor]:
        """Return held-out sources, and the target of each."""
        source, target = self.sides(self.held_out)
        return source.real(count), target.real(count)

    def pictures(self, model: Any) -> dict[str, Draw]:
        """Show sources, what the model makes of them, and the truth."""
        return {"translations": partial(self.show_rows, model)}

    def show_rows(self, model: Any, rng: torch.Generator) -> Image.Image:
        """Draw a row of held-out sources, one of their translations, and one of the truth."""
        source, target = as_many(*self.pairs_held_out(COLUMNS))
        made = model.translate(source, rng).cpu()
        width = max(part.shape[1] for part in (source, made, target))
        rows = [part.expand(-1, width, -1, -1) for part in (source, made, target)]
        return self.show(torch.cat(rows), columns=len(source), row_names=self.row_names)

    @property
    def row_names(self) -> tuple[str, ...]:
        """What the rows of translations are called."""
        return ("source", "output", "truth")

    def show(
        self, images: Tensor, *, columns: int = COLUMNS, row_names: tuple[str, ...] = ()
    ) -> Image.Image:
        """Draw images (N, C, H, W) in rows."""
        images = images.cpu()
        return show(self.data.kind, images.numpy(), columns=columns, row_names=row_names)

    def show_real(self) -> Image.Image:
        """Draw sources over their targets."""
        source, target = as_many(self.sources.real(COLUMNS), self.targets.real(COLUMNS))
        width = max(source.shape[1], target.shape[1])
        rows = [part.expand(-1, width, -1, -1) for part in (source, target)]
        return self.show(torch.cat(rows), columns=len(source), row_names=("source", "target"))

    def baselines(self) -> Mapping[str, Scores]:
        """Return what the source itself is worth, and one colour, the mean of the targets."""
        source, target = self.pairs_held_out(self.num_judged)
        real = self.targets.tensor(np.arange(len(self.targets)))
        colour = real.mean(dim=(0, 2, 3), keepdim=True).expand(len(source), *target.shape[1:])
        found = {"mean colour": self.compare(colour, target)}
        if source.shape[1:] == target.shape[1:]:
            found["source as it is"] = self.compare(source, target)
        return found


def as_many(source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Return as many of one as of the other, for a picture."""
    count = min(len(source), len(target))
    return source[:count], target[:count]
