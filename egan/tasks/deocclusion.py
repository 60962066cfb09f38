"""Seeing behind what hides a part of an image, so that who or what it shows is told again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

import fitness
from egan.data.kinds import Images
from egan.tasks.base import Batch, Draw, Needs, Scores
from egan.tasks.base import draw as draw_labelled
from egan.tasks.occluders import Occluded, best_box
from egan.tasks.restoration import COLUMNS, DAMAGED, Restoration

if TYPE_CHECKING:
    from PIL import Image

    from egan.data.dataset import Dataset
    from egan.judging.features import Features

MASK = "mask"
DECIBELS = 40.0


class Deocclusion(Restoration):
    """From an image with a part hidden to the whole one (N, C, H, W) and what hid it (N, 1, H, W).

    A batch has true images with their "labels", each with its "damaged" one and the "mask" of what
    hides it, 1 there and 0 elsewhere, drawn anew every time. A model offers
    ``restore(damaged, rng)`` and ``uncover(damaged, rng)``, the same with the probability of each
    pixel to have been hidden as a last channel (N, C + 1, H, W). Scores look at held-out images,
    always behind the same rectangles: the share whose class a fixed classifier tells rightly once
    they are restored, PSNR of what was hidden, the IoU of masks, SSIM and the energy of edges of
    whole images. Fitness: that share, plus the PSNR in dB over 40.

    Args:
        data: True images with classes, the identities, to learn from.
        held_out: Those that restorations are judged on.
        features: What the classes of restored images are told by.
        occluded: What hides them.
    """

    needs: ClassVar = Needs(labels=True, kinds=(Images,))
    leading: ClassVar[tuple[str, ...]] = ("accuracy", "psnr", "iou", "ssim")

    damage: Occluded

    def __init__(
        self,
        data: Dataset,
        held_out: Dataset,
        features: Features,
        *,
        occluded: Occluded | None = None,
    ) -> None:
        super().__init__(data, held_out, features, damage=occluded or Occluded())

    def draw(self, count: int, rng: torch.Generator) -> Batch:
        """Draw true images (count, C, H, W), their "labels", "damaged" ones and "mask"."""
        true = draw_labelled(self.data, count, rng)
        images, mask = self.damage.occlude(true.samples, rng)
        return Batch(true.samples, {**true.codes, DAMAGED: images, MASK: mask})

    def damaged(self, images: Tensor) -> Batch:
        """Return images (N, C, H, W), each behind what hides it at every call."""
        hidden, mask = self.damage.fixed(images)
        return Batch(images, {DAMAGED: hidden, MASK: mask})

    def judged(self, count: int) -> Batch:
        """Return held-out images with what belongs to them, as many as there are up to a number."""
        batch = self._held_out(count)
        assert self.held_out.labels is not None
        chosen = self.held_out.labels[self.held_out.spread(count)]
        return Batch(batch.samples, {**batch.codes, "labels": torch.from_numpy(chosen)})

    @property
    def meaning(self) -> str:
        """Say what counts."""
        return (
            "the share of restored held-out images whose class a classifier tells rightly, plus "
            f"the PSNR of what was hidden in dB over {DECIBELS:g}"
        )

    def score(self, model: Any, rng: torch.Generator) -> Scores:
        """Return how well classes are told again, and how near what was hidden is to the truth."""
        batch = self.judged(self.num_judged)
        return self.held_against(*uncovered(model, batch.codes[DAMAGED], rng), batch)

    def held_against(self, made: Tensor, mask: Tensor, batch: Batch) -> Scores:
        """Score restored images (N, C, H, W) and masks (N, 1, H, W) beside the true ones."""
        true, told = batch.samples, torch.as_tensor(self.features.classes(made))
        accuracy = float((told == batch.labels).double().mean())
        ratio = fitness.psnr(made, true, where=batch.codes[MASK])
        pair = (one.flatten(1) > 0.5 for one in (mask, batch.codes[MASK]))
        return {
            "fitness": accuracy + ratio / DECIBELS,
            "accuracy": accuracy,
            "psnr": ratio,
            "iou": fitness.paired_iou(*pair),
            "ssim": fitness.ssim(made, true),
            "gradient_energy": fitness.gradient_energy(made, true),
        }

    def pictures(self, model: Any) -> dict[str, Draw]:
        """Show hidden images, what is found to hide them, what is made of them, and the truth."""
        return {"restorations": partial(self.show_rows, model)}

    def show_rows(self, model: Any, rng: torch.Generator) -> Image.Image:
        """Draw rows of held-out images: hidden, the mask that is found, restored, true."""
        batch = self._held_out(COLUMNS)
        hidden = batch.codes[DAMAGED]
        made, mask = uncovered(model, hidden, rng)
        return self.rows({"occluded": hidden, MASK: mask, "output": made, "truth": batch.samples})

    def rows(self, rows: Mapping[str, Tensor]) -> Image.Image:
        """Draw rows of images (N, C, H, W), and of masks where their name is "mask"."""
        shape = (-1, *self.data.shape)
        drawn = [(2 * one - 1).expand(shape) if name == MASK else one for name, one in rows.items()]
        columns = len(drawn[0])
        return self.show(torch.cat(drawn), columns=columns, row_names=tuple(rows))

    def show_real(self) -> Image.Image:
        """Draw hidden images and masks over the true ones."""
        batch = self.damaged(self.data.real(COLUMNS))
        mask = batch.codes[MASK]
        return self.rows({"occluded": batch.codes[DAMAGED], MASK: mask, "truth": batch.samples})

    def baselines(self) -> Mapping[str, Scores]:
        """Return what mending without learning is worth, and the best fixed rectangle as a mask."""
        batch = self.judged(self.num_judged)
        mask = self.box().expand_as(batch.codes[MASK])
        naive = self.damage.naive(batch.codes[DAMAGED], self._known())
        return {name: self.held_against(made, mask, batch) for name, made in naive.items()}

    def box(self) -> Tensor:
        """Return the rectangle (1, 1, H, W) that is nearest to what hides images of the data."""
        return best_box(self.damaged(self._known()).codes[MASK])


def uncovered(model: Any, hidden: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return images (N, C, H, W) that a model restores, and their masks (N, 1, H, W), at once."""
    made = model.uncover(hidden, rng).cpu()
    return made[:, :-1], made[:, -1:]
