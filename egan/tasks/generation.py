"""Making samples like the data, and the naive models that samples are worth something beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from egan.data.kinds import Clips, Images, Points, Series
from egan.judging.appraisal import appraise
from egan.judging.judge import SAMPLES_A_MODE, judge
from egan.judging.reference import SEED, naive_samples, uniform_noise
from egan.reporting.showing import show
from egan.tasks.base import Draw, Needs, Scores, Task

if TYPE_CHECKING:
    from PIL import Image

ROW = 10

MEANINGS = {
    "images": "minus the logarithm of the Fréchet distance between samples and data: 0 at a "
    "distance of 1, and 0.69 more wherever it is halved",
    "mixture": "the share of high-quality samples times the share of modes that they cover, less "
    "the squared MMD: 1 at best",
    "others": "minus the squared MMD between samples and data: about 0 at best",
}
"""What the fitness of samples is, see `egan.judging.appraisal`."""


class Generation(Task):
    """Samples (N, *shape) that are distributed as the data are.

    A model offers ``samples(count, rng)``, on the CPU, as the trained model does best. The fitness
    is how near 1,000 of them are to the data, see `egan.judging.appraisal`: for images -log of the
    Fréchet distance in fixed reference features. A look judges them by all distances that there
    are, see `egan.judging.judge`.
    """

    needs: ClassVar[Needs] = Needs(kinds=(Images, Clips, Points, Series))
    leading: ClassVar[tuple[str, ...]] = (
        *("modes", "kl_modes", "high_quality", "frechet", "classes"),
    )

    @property
    def meaning(self) -> str:
        """Say which distance of samples to the data it is."""
        return MEANINGS["mixture" if self.data.mixture is not None else self._measured_by]

    @property
    def _measured_by(self) -> str:
        return "images" if isinstance(self.data.kind, Images) else "others"

    def score(self, model: Any, rng: torch.Generator) -> Scores:
        """Score samples against the data."""
        return self.appraised(model.samples(self.num_judged, rng))

    def appraised(self, made: Tensor) -> Scores:
        """Score samples (N, *shape) against the data, see `egan.judging.appraisal`."""
        return appraise(self.data, self.features, made)

    def look(self, model: Any, rng: torch.Generator) -> Scores:
        """Judge samples by all distances that there are."""
        return self.judged(model.samples(self.num_looked_at, rng))

    def judged(self, made: Tensor) -> Scores:
        """Judge samples (N, *shape) by all distances that there are, see `egan.judging.judge`."""
        return judge(self.data, self.features, made)

    @property
    def num_looked_at(self) -> int:
        """How many samples a look judges: a few more of points, and of what modes are counted."""
        if self.features.num_modes:
            return SAMPLES_A_MODE * self.features.num_modes
        many = self.data.kind.num_judged
        return many if many > Task.num_judged else self.num_judged

    def pictures(self, model: Any) -> dict[str, Draw]:
        """Show samples."""
        return {"samples": partial(self.show_samples, model)}

    def show_samples(self, model: Any, rng: torch.Generator) -> Image.Image:
        """Draw 100 images, or 2,500 points over the real ones."""
        return self.show(model.samples(self.data.kind.num_shown, rng))

    def show(
        self, samples: Tensor, *, columns: int = ROW, row_names: Sequence[str] = ()
    ) -> Image.Image:
        """Draw samples (N, *shape) of the data's kind, points over real ones."""
        behind = self.data.kind.num_behind if self.data.is_here else 0
        real = self.data.real(behind).numpy() if behind else None
        return show(
            self.data.kind, samples.cpu().numpy(), columns=columns, real=real, row_names=row_names
        )

    def show_real(self) -> Image.Image:
        """Draw real samples in the same way, with nothing behind."""
        return show(self.data.kind, self.data.real(self.data.kind.num_shown), columns=ROW)

    def baselines(self) -> Mapping[str, Scores]:
        """Judge real samples that were held out, numbers of their own normal law each, and noise.

        The floor is told only where something was held out (the data themselves have distance 0),
        and two samples at least, which a distance needs.
        """
        rng = torch.Generator().manual_seed(SEED)  # one for both: noise comes after
        made = {
            "Gaussian": naive_samples(self.data, self.num_looked_at, rng),
            "noise": uniform_noise(self.data, self.num_looked_at, rng),
        }
        if self.held_out is not self.data and len(self.held_out) > 1:
            made = {"floor": self.held_out.real(self.num_looked_at), **made}
        return {name: self.judged(samples) for name, samples in made.items()}
