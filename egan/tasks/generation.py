"""What every model that makes samples shares: how they are judged, and their pictures."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from egan.judging.appraisal import NUM_SAMPLES, appraise
from egan.judging.judge import judge
from egan.reporting.pictures import histogram_picture, image_grid, scatter_picture
from egan.training.model import Draw, Model

if TYPE_CHECKING:
    from PIL import Image

BATCH = 250
NUM_SHOWN, ROW = 100, 10
NUM_POINTS, NUM_REAL_POINTS = 2500, 2000


class Generative(Model):
    """A model that makes samples (N, *shape), images in [-1, 1].

    Its fitness is how near 1,000 of them are to the data, see `egan.judging.appraisal`: for images
    -log of the Fréchet distance in fixed reference features.
    """

    num_judged: ClassVar[int] = NUM_SAMPLES

    @abstractmethod
    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Make samples (count, *shape) as the trained model does best, in evaluation mode."""

    def samples(self, count: int, generator: torch.Generator) -> Tensor:
        """Make samples on the CPU, a few hundred at a time."""
        sizes = [min(BATCH, count - start) for start in range(0, count, BATCH)]
        return torch.cat([self.sample(size, generator).cpu() for size in sizes])

    def score(self) -> dict[str, float]:
        """Score samples against the data."""
        return self.appraised(self.samples(self.num_judged, self.random))

    def appraised(self, made: Tensor) -> dict[str, float]:
        """Score samples (N, *shape) against the data, see `egan.judging.appraisal`."""
        return appraise(self.task.data, self.task.features, made)

    def look(self) -> dict[str, float]:
        """Judge samples by all distances that there are, see `egan.judging.judge`."""
        count = self.num_judged if len(self.shape) == 3 else NUM_POINTS
        made = self.samples(count, self.random)
        return judge(self.task.data, self.task.features, made)

    def pictures(self) -> dict[str, Draw]:
        """Show samples; extend it with what else there is to see."""
        return {"samples": self.show_samples}

    def show_samples(self, generator: torch.Generator) -> Image.Image:
        """Draw 100 images, or 2,500 points over the real ones."""
        images = len(self.shape) == 3
        return self.show(self.samples(NUM_SHOWN if images else NUM_POINTS, generator), columns=ROW)

    def show(self, samples: Tensor, *, columns: int = ROW, **options: Any) -> Image.Image:
        """Draw images (N, C, H, W) in rows, or points (N, 2) over the real ones."""
        if len(self.shape) == 3:
            return image_grid(samples.cpu().numpy(), columns=columns, **options)
        real = self.task.data.real(NUM_REAL_POINTS).numpy()
        draw = histogram_picture if self.shape == (1,) else scatter_picture
        return draw(samples.cpu().numpy(), real=real)
