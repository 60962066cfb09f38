"""Moving what an image shows by a step that is told."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from egan.data.kinds import Images
from egan.reporting.showing import show
from egan.tasks.base import Batch, Draw, Needs, Scores, Task
from egan.tasks.reconstruction import compare

if TYPE_CHECKING:
    from PIL import Image

    from egan.data.dataset import Dataset
    from egan.judging.features import Features

TARGET, SHIFT = "target", "shift"
COLUMNS, NUM_PLACED, SEED = 10, 2000, 2011


class Shifts(Task):
    """An image somewhere on a black canvas, and where it is to be: by how much is told.

    A batch has images (N, C, H + 2m, W + 2m), each of the data moved by up to m pixels along each
    axis, the "target", the same image moved apart from it, and the "shift" (N, 2) from one to the
    other, down and to the right, in pixels. A model offers ``moved(source, shift)``. Fitness:
    minus the mean squared error of a pixel, images in [-1, 1].

    Args:
        data: What is trained on.
        held_out: What is kept from training.
        features: Not looked at.
        most: The most pixels that an image is moved by from the middle (m); a model says its own.
    """

    needs: ClassVar = Needs(kinds=(Images,))
    leading: ClassVar[tuple[str, ...]] = ("reconstruction_error", "slope")

    def __init__(
        self, data: Dataset, held_out: Dataset, features: Features, *, most: int = 2
    ) -> None:
        super().__init__(data, held_out, features)
        self.most = most

    @property
    def canvas(self) -> tuple[int, int, int]:
        """Channels, height and width of what a model sees."""
        channels, height, width = self.data.shape
        return channels, height + 2 * self.most, width + 2 * self.most

    def draw(self, count: int, rng: torch.Generator) -> Batch:
        """Draw images with their targets and the shifts between them."""
        return self.pairs(self.data.draw(count, rng), rng)

    def pairs(self, images: Tensor, rng: torch.Generator) -> Batch:
        """Put images (N, C, H, W) on two canvases each, at places of their own."""
        size = (2, len(images), 2)
        start, end = torch.randint(-self.most, self.most + 1, size, generator=rng)
        source, target = (placed(images, at, most=self.most) for at in (start, end))
        return Batch(source, {TARGET: target, SHIFT: (end - start).float()})

    def judged_on(self, count: int, rng: torch.Generator) -> Batch:
        """Return held-out images with their targets and shifts."""
        return self.pairs(self.held_out.real(count), rng)

    @property
    def meaning(self) -> str:
        """Say which error it is."""
        return "minus the mean squared error of held-out images that were moved"

    def score(self, model: Any, rng: torch.Generator) -> Scores:
        """Return the error on held-out images."""
        batch = self.judged_on(self.num_judged, rng)
        made = model.moved(batch.samples, batch.codes[SHIFT]).cpu()
        return compare(made, batch.codes[TARGET])

    def pictures(self, model: Any) -> dict[str, Draw]:
        """Show images, where the model moves them, and the truth."""
        return {"shifts": partial(self.show_rows, model)}

    def show_rows(self, model: Any, rng: torch.Generator) -> Image.Image:
        """Draw a row of held-out images, one of where they are moved to, and one of the truth."""
        batch = self.judged_on(COLUMNS, rng)
        made = model.moved(batch.samples, batch.codes[SHIFT]).cpu()
        rows = torch.cat([batch.samples, made, batch.codes[TARGET]])
        names = ("source", "output", "truth")
        return self.show(rows, columns=len(batch.samples), row_names=names)

    def show(
        self, images: Tensor, *, columns: int = COLUMNS, row_names: tuple[str, ...] = ()
    ) -> Image.Image:
        """Draw images (N, C, H, W) in rows."""
        drawn = images.cpu().numpy()
        return show(self.data.kind, drawn, columns=columns, row_names=row_names)

    def show_real(self) -> Image.Image:
        """Draw images over their targets."""
        rng = torch.Generator().manual_seed(SEED)
        batch = self.pairs(self.data.real(COLUMNS), rng)
        rows = torch.cat([batch.samples, batch.codes[TARGET]])
        return self.show(rows, columns=len(batch.samples), row_names=("source", "target"))

    def baselines(self) -> Mapping[str, Scores]:
        """Return what the image is worth where it is, and the mean of all images at all places."""
        rng = torch.Generator().manual_seed(SEED)
        batch, known = self.judged_on(self.num_judged, rng), self.draw(NUM_PLACED, rng)
        target = batch.codes[TARGET]
        mean = known.samples.mean(dim=0).expand_as(target)
        return {"left where it is": compare(batch.samples, target), "mean": compare(mean, target)}


def placed(images: Tensor, offsets: Tensor, *, most: int) -> Tensor:
    """Put images (N, C, H, W) on black canvases (N, C, H + 2m, W + 2m), moved from the middle.

    Args:
        images: In [-1, 1].
        offsets: (N, 2) whole numbers from -m to m, down and to the right.
        most: The border on each side (m), in pixels.
    """
    padded = F.pad(images, [2 * most] * 4, value=-1.0)
    height, width = (size + 2 * most for size in images.shape[2:])
    rows = torch.arange(height) + most - offsets[:, :1]
    columns = torch.arange(width) + most - offsets[:, 1:]
    index = torch.arange(len(images))[:, None, None]
    return padded[index, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).contiguous()
