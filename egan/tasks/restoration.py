"""Bringing a damaged image back to the true one: larger again, whole again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

import fitness
from egan.data.kinds import Images
from egan.reporting.showing import show
from egan.tasks.base import Asks, Batch, Codes, Draw, Needs, Scores, Task
from egan.tasks.damage import Damage, Downscaled

if TYPE_CHECKING:
    from PIL import Image

    from egan.data.dataset import Dataset
    from egan.judging.features import Features

DAMAGED = "damaged"
COLUMNS = 10


class Restoration(Task):
    """From a damaged image to the true one (N, C, H, W).

    A batch has the true images, each with its "damaged" one. A model offers
    ``restore(damaged, rng)``. Scores look at held-out images where they were damaged: PSNR, SSIM,
    the energy of edges and the distance of spectra, see `fitness.restored`. Fitness: PSNR in dB,
    minus `spectral_weight` times the distance of spectra in dB. PSNR alone is best for the mean of
    all that may have been, which is blurred; the spectrum of true images is not.

    Args:
        data: True images, to learn from.
        held_out: Those that restorations are judged on.
        features: Not looked at.
        damage: What happens to them.
        spectral_weight: Weight of the spectra's distance, at least 0.
    """

    needs: ClassVar = Needs(kinds=(Images,))
    asks: ClassVar = Asks(inputs=True)
    leading: ClassVar[tuple[str, ...]] = ("psnr", "ssim", "gradient_energy", "spectral_distance")

    def __init__(
        self,
        data: Dataset,
        held_out: Dataset,
        features: Features,
        *,
        damage: Damage | None = None,
        spectral_weight: float = 0.0,
    ) -> None:
        super().__init__(data, held_out, features)
        self.damage = damage or Downscaled()
        self.spectral_weight = spectral_weight

    @property
    def source_shape(self) -> tuple[int, ...]:
        """The shape of a damaged image."""
        return self.damage.shape(self.data.shape)

    def draw(self, count: int, rng: torch.Generator) -> Batch:
        """Draw true images (count, C, H, W), each with its "damaged" one."""
        return self.damaged(self.data.draw(count, rng))

    def damaged(self, images: Tensor) -> Batch:
        """Return images (N, C, H, W) with the damaged one of each."""
        return Batch(images, {DAMAGED: self.damage(images)})

    @property
    def meaning(self) -> str:
        """Say what counts."""
        less = f", less {self.spectral_weight:g} times the distance of spectra"
        return f"the PSNR of restored held-out images{less if self.spectral_weight else ''}, in dB"

    def score(self, model: Any, rng: torch.Generator) -> Scores:
        """Return how near restored held-out images are to the true ones."""
        batch = self._held_out(self.num_judged)
        return self.compare(model.restore(batch.codes[DAMAGED], rng).cpu(), batch.samples)

    def compare(self, made: Tensor, true: Tensor) -> Scores:
        """Score restored images (N, C, H, W) in [-1, 1] beside the true ones."""
        both = self.damage.judged(made), self.damage.judged(true)
        ratio, distance = fitness.psnr(*both), fitness.spectral_distance(*both)
        return {
            "fitness": ratio - self.spectral_weight * distance,
            "psnr": ratio,
            "ssim": fitness.ssim(*both),
            "gradient_energy": fitness.gradient_energy(*both),
            "spectral_distance": distance,
        }

    def make(self, model: Any, count: int, rng: torch.Generator, *, given: Codes) -> Batch:
        """Restore each "source" that is given, a damaged image."""
        del count
        return Batch(model.restore(given["source"], rng).cpu())

    def _held_out(self, count: int) -> Batch:
        return self.damaged(self.held_out.real(count))

    def pictures(self, model: Any) -> dict[str, Draw]:
        """Show damaged images, what is made of them, and the truth."""
        return {"restorations": partial(self.show_rows, model)}

    def show_rows(self, model: Any, rng: torch.Generator) -> Image.Image:
        """Draw rows of held-out images: damaged, restored without learning, restored, true."""
        batch = self._held_out(COLUMNS)
        damaged = batch.codes[DAMAGED]
        name, naive = next(iter(self.damage.naive(damaged, self._known()).items()))
        made = model.restore(damaged, rng).cpu()
        rows = torch.cat([self.damage.drawn(damaged), naive, made, batch.samples])
        names = (DAMAGED, name, "output", "truth")
        return self.show(rows, columns=len(damaged), row_names=names)

    def show_real(self) -> Image.Image:
        """Draw damaged images over the true ones."""
        batch = self.damaged(self.data.real(COLUMNS))
        rows = torch.cat([self.damage.drawn(batch.codes[DAMAGED]), batch.samples])
        return self.show(rows, columns=len(batch), row_names=(DAMAGED, "truth"))

    def show(
        self, images: Tensor, *, columns: int = COLUMNS, row_names: tuple[str, ...] = ()
    ) -> Image.Image:
        """Draw images (N, C, H, W) in rows."""
        drawn = images.cpu().numpy()
        return show(self.data.kind, drawn, columns=columns, row_names=row_names)

    def _known(self) -> Tensor:
        return self.data.real(self.num_judged)

    def baselines(self) -> Mapping[str, Scores]:
        """Return what is made without learning is worth."""
        batch = self._held_out(self.num_judged)
        naive = self.damage.naive(batch.codes[DAMAGED], self._known())
        return {name: self.compare(made, batch.samples) for name, made in naive.items()}
