"""Telling what an image shows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

import fitness
from egan.data.kinds import Images
from egan.reporting.showing import show
from egan.tasks.base import Draw, Needs, Scores, Task

if TYPE_CHECKING:
    from PIL import Image

BATCH = 250
COLUMNS = 10


class Recognition(Task):
    """The classes of images (N, C, H, W).

    A model offers ``classify(images)``, scores of the classes (N, K), the highest of the one that
    is told. The data have one label each, or an annotation "classes" (N, K) of those present.
    Fitness is how often all of them are right on held-out images, see `fitness.accuracy`.
    """

    needs: ClassVar = Needs(kinds=(Images,))
    leading: ClassVar[tuple[str, ...]] = ("accuracy",)

    @property
    def meaning(self) -> str:
        """Say what is right."""
        return "the share of held-out images all of whose classes are told rightly"

    def score(self, model: Any, rng: torch.Generator) -> Scores:  # noqa: ARG002 - the interface
        """Return how often all classes are right."""
        return {"fitness": self.right(model, self.judged())}

    def judged(self) -> Any:
        """Return the indices of the held-out images that are looked at."""
        return self.held_out.spread(self.num_judged)

    def right(self, model: Any, chosen: Any) -> float:
        """Return how often all classes of some held-out images are right."""
        return accuracy(classified(model, self.held_out.tensor(chosen)), self.truth(chosen))

    def look(self, model: Any, rng: torch.Generator) -> Scores:
        """Return the model's scores, and the fitness by its name."""
        scores = super().look(model, rng)
        return {"accuracy": scores["fitness"], **scores}

    def truth(self, chosen: Any) -> Any:
        """Return the labels (N,) of held-out images, or the classes present (N, K)."""
        known = self.held_out.annotations.get("classes")
        truth = self.held_out.labels if known is None else known
        assert truth is not None
        return truth[chosen]

    def pictures(self, model: Any) -> dict[str, Draw]:
        """Show held-out images, those that were taken for something else first."""
        return {"mistakes": partial(self.show_mistakes, model)}

    def show_mistakes(self, model: Any, rng: torch.Generator) -> Image.Image:  # noqa: ARG002
        """Draw 100 held-out images, those whose classes are not all told rightly first."""
        chosen = self.judged()
        images, truth = self.held_out.tensor(chosen), self.truth(chosen)
        told = classified(model, images)
        every = range(len(told))
        right = [accuracy(told[i : i + 1], truth[i : i + 1]) for i in every]
        order = torch.tensor(right).argsort(stable=True)[: COLUMNS**2]
        return self.show(images[order])

    def show(
        self, images: torch.Tensor, *, columns: int = COLUMNS, row_names: tuple[str, ...] = ()
    ) -> Image.Image:
        """Draw images (N, C, H, W) in rows."""
        drawn = images.cpu().numpy()
        return show(self.data.kind, drawn, columns=columns, row_names=row_names)

    def show_real(self) -> Image.Image:
        """Draw images to learn from."""
        return self.show(self.data.real(self.data.kind.num_shown))

    def baselines(self) -> Mapping[str, Scores]:
        """Return how often the commonest answer is right, and a plain CNN of the same images."""
        known = self.data.annotations.get("classes")
        truth = self.data.labels if known is None else known
        answers = np.unique(np.asarray(truth), axis=0, return_counts=True)[1]
        worth = {"commonest answer": float(answers.max() / answers.sum())}
        if known is None and self.features.accuracy is not None:
            worth["plain CNN"] = self.features.accuracy
        return {name: {"fitness": value, "accuracy": value} for name, value in worth.items()}


def classified(model: Any, images: torch.Tensor) -> torch.Tensor:
    """Return a model's answers for images (N, C, H, W), on the CPU, a few hundred at a time."""
    return torch.cat([model.classify(part).cpu() for part in torch.split(images, BATCH)])


def accuracy(answers: torch.Tensor, truth: Any) -> float:
    """Return how often answers (N, K) are right; NaN of a model that has diverged and has none."""
    return fitness.accuracy(answers, truth) if torch.isfinite(answers).all() else math.nan
