"""Telling of every pixel what it is of: from an image to a label map."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import fitness
from egan.data.crowds import SEGMENTATION
from egan.data.kinds import Images
from egan.reporting.showing import colour_of, show
from egan.tasks.base import Asks, Batch, Codes, Draw, Needs, Scores, Task

if TYPE_CHECKING:
    from PIL import Image

    from egan.data.dataset import Dataset
    from egan.judging.features import Features

IGNORED = 255
"""The number of a pixel of which nobody knows the class."""
COLUMNS = 10
PARTS = ("iou", "boundary_f", "component_error")


class Segmentation(Task):
    """From an image (N, C, H, W) to the probability of each class in each pixel (N, K, H, W).

    A batch has images, each with its "segmentation", the classes of its pixels (N, H, W) int64, 255
    where nobody knows. A model offers ``segment(images, rng)``, probabilities on the CPU; of each
    pixel the most probable class counts. Scores look at held-out images: the mean IoU of classes,
    the F-measure of boundaries, and how many connected parts there are too many or too few, see
    `fitness.regions`. Fitness: mean IoU plus the F-measure of boundaries.

    What is made for others is a label map as a grey image, the number of a pixel's class.

    Args:
        data: Images with the annotation "segmentation"; classes are named by `class_names`.
        held_out: Those that are judged on.
        features: Not looked at.

    Raises:
        ValueError: The classes of pixels have no names.
    """

    needs: ClassVar = Needs(
        kinds=(Images,),
        annotations=(SEGMENTATION,),
        mend="Give two folders of equal names, images and masks, by --data.name masks --data.pairs "
        "images/ masks/, or --data.name crowds.",
    )
    asks: ClassVar = Asks(inputs=True)
    leading: ClassVar[tuple[str, ...]] = PARTS

    def __init__(self, data: Dataset, held_out: Dataset, features: Features) -> None:
        super().__init__(data, held_out, features)
        self.needs.check(data, who="segmentation")
        if data.labels is not None or len(data.class_names) < 2:
            raise ValueError(
                f"segmentation needs data whose classes of pixels are named, but those of "
                f"{data.name} are not. {self.needs.mend}"
            )

    @property
    def num_regions(self) -> int:
        """K, the number of classes."""
        return len(self.data.class_names)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of what a model makes: (K, H, W)."""
        return (self.num_regions, *self.data.shape[1:])

    def draw(self, count: int, rng: torch.Generator) -> Batch:
        """Draw images (count, C, H, W), each with its "segmentation"."""
        chosen = torch.randint(len(self.data), (count,), generator=rng).numpy()
        return _chosen(self.data, chosen)

    def judged(self, count: int) -> Batch:
        """Return held-out images, as many as there are up to a number."""
        return _chosen(self.held_out, self.held_out.spread(count))

    @property
    def meaning(self) -> str:
        """Say what counts."""
        return (
            "the mean intersection over union of classes plus the F-measure of boundaries, on "
            "held-out images: 2 at best"
        )

    def score(self, model: Any, rng: torch.Generator) -> Scores:
        """Return how near label maps of held-out images are to the true ones."""
        batch = self.judged(self.num_judged)
        return self.compare(model.segment(batch.samples, rng).cpu(), batch.codes[SEGMENTATION])

    def compare(self, made: Tensor, true: Tensor) -> Scores:
        """Score probabilities (N, K, H, W) beside true maps (N, H, W); NaN if one is not finite."""
        if not torch.isfinite(made).all():
            return dict.fromkeys(("fitness", *PARTS), math.nan)
        pair = made.argmax(dim=1).numpy(), true.numpy()
        iou, edges = fitness.mean_iou(*pair), fitness.boundary_f(*pair)
        error = fitness.component_error(*pair)
        return {"fitness": iou + edges, **dict(zip(PARTS, (iou, edges, error), strict=True))}

    def make(self, model: Any, count: int, rng: torch.Generator, *, given: Codes) -> Batch:
        """Make the label map of each "source" that is given, grey images (N, 1, H, W).

        A pixel of class k has what k becomes where 0..255 become -1..1, and is written as k.
        """
        del count
        made = model.segment(given["source"], rng).cpu()
        numbers = made.argmax(dim=1, keepdim=True).float() / 127.5 - 1.0
        lost = ~torch.isfinite(made).all(dim=1, keepdim=True)
        return Batch(numbers.masked_fill(lost, math.nan))

    def pictures(self, model: Any) -> dict[str, Draw]:
        """Show images, their label maps, and the truth."""
        return {"segmentations": partial(self.show_rows, model)}

    def show_rows(self, model: Any, rng: torch.Generator) -> Image.Image:
        """Draw held-out images, the label maps that are made of them, and the true ones."""
        batch = self.judged(COLUMNS)
        made = model.segment(batch.samples, rng).cpu().argmax(dim=1)
        return self._rows(
            {"image": batch.samples, "output": made, "truth": batch.codes[SEGMENTATION]}
        )

    def show_real(self) -> Image.Image:
        """Draw images over their label maps."""
        batch = _chosen(self.data, self.data.spread(COLUMNS))
        return self._rows({"image": batch.samples, "truth": batch.codes[SEGMENTATION]})

    def _rows(self, rows: Mapping[str, Tensor]) -> Image.Image:
        """Draw rows of images (N, C, H, W) and of label maps (N, H, W), by their names."""
        drawn = [
            row.expand(-1, 3, -1, -1) if row.ndim == 4 else self.coloured(row)
            for row in rows.values()
        ]
        columns = min(len(row) for row in drawn)
        together = torch.cat([row[:columns] for row in drawn]).numpy()
        return show(self.data.kind, together, columns=columns, row_names=tuple(rows))

    def show(self, made: Tensor, *, columns: int = COLUMNS) -> Image.Image:
        """Draw the label maps of probabilities (N, K, H, W) in rows."""
        drawn = self.coloured(made.cpu().argmax(dim=1)).numpy()
        return show(self.data.kind, drawn, columns=columns)

    def coloured(self, maps: Tensor) -> Tensor:
        """Return label maps (N, H, W) as images (N, 3, H, W); what nobody knows is white."""
        colours = torch.ones(IGNORED + 1, 3)
        for number, name in enumerate(self.data.class_names):
            colours[number] = torch.tensor(_colour(number, name))
        return 2.0 * colours[maps].permute(0, 3, 1, 2) - 1.0

    def baselines(self) -> Mapping[str, Scores]:
        """Return what the most frequent class is worth, and each pixel's colour by itself."""
        known, batch = (
            _chosen(self.data, self.data.spread(self.num_judged)),
            self.judged(self.num_judged),
        )
        truth, true = known.codes[SEGMENTATION], batch.codes[SEGMENTATION]
        counts = torch.bincount(truth[truth != IGNORED], minlength=self.num_regions).double()
        colours = known.samples.permute(0, 2, 3, 1)
        means = torch.stack(
            [
                colours[truth == one].mean(dim=0)
                if counts[one]
                else torch.full((len(colours[0, 0, 0]),), 9.0)
                for one in range(self.num_regions)
            ]
        )
        pixels = batch.samples.permute(0, 2, 3, 1)
        nearest = torch.cdist(pixels.flatten(0, 2), means).argmin(dim=1).reshape(true.shape)
        common = torch.full_like(true, int(counts.argmax()))
        return {
            "most frequent class": self.compare(self._certain(common), true),
            "nearest mean colour": self.compare(self._certain(nearest), true),
        }

    def _certain(self, maps: Tensor) -> Tensor:
        """Return label maps (N, H, W) as probabilities (N, K, H, W), 0 and 1."""
        return F.one_hot(maps, self.num_regions).permute(0, 3, 1, 2).float()


def _chosen(data: Dataset, chosen: Any) -> Batch:
    if not data.is_here:
        return Batch(data.tensor(chosen))  # which says that the data are not here
    maps = data.annotations[SEGMENTATION][np.asarray(chosen, dtype=np.int64)]
    return Batch(data.tensor(chosen), {SEGMENTATION: torch.from_numpy(maps.astype(np.int64))})


def _colour(number: int, name: str) -> tuple[float, float, float]:
    """Return a class's colour: what its name says, or black for class 0 and a hue for others."""
    from PIL import ImageColor

    try:
        red, green, blue = ImageColor.getrgb(name)[:3]
    except ValueError:
        return colour_of(number) if number else (0.0, 0.0, 0.0)
    return red / 255, green / 255, blue / 255
