"""Making a simulator's images look real, so that they teach what real ones show."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from egan.data.dataset import DOMAIN
from egan.data.domains import SOURCE, TARGET
from egan.data.kinds import Images
from egan.data.splits import subset
from egan.judging.classifier import Recipe, train
from egan.tasks.adaptation import Adaptation
from egan.tasks.base import Asks, Batch, Codes, Draw, Needs, Scores
from egan.tasks.recognition import COLUMNS

if TYPE_CHECKING:
    from PIL import Image

    from egan.data.dataset import Array, Dataset

SEED = 1612
"""Of the classifiers that learn from refined images, always the same."""


@dataclass(frozen=True, kw_only=True)
class Lessons(Recipe):
    """How a classifier learns from refined images: a step for every three, and 20 at least."""

    seed: int = SEED

    def num_steps(self, num_examples: int) -> int:
        """Return the number of steps for so many examples."""
        return max(20, num_examples // 3)


class Refinement(Adaptation):
    """From a simulator's images (N, C, H, W) to such as look real and keep their classes.

    The data are two domains, see `egan.data.domains`: a source with classes, drawn or simulated,
    and a real target whose classes are not looked at in training. A batch has images of the source
    with their "labels", and as many of the "target" without. A model offers ``refine(images,
    rng)``. Fitness: the share of held-out real images that are told rightly by a small classifier
    that has learned from refined images of the source alone, with the classes that these had. How
    many keep them, "labels_kept", is told by a classifier of the source as it is.

    Shrivastava et al. 2016, arXiv 1612.07828.
    """

    needs: ClassVar = Needs(
        labels=True,
        kinds=(Images,),
        annotations=(DOMAIN,),
        mend="Give two folders with a subfolder for every class, --data.name domains --data.pairs "
        "SIMULATED REAL, or --data.name font_to_digits.",
    )
    asks: ClassVar = Asks(inputs=True)
    leading: ClassVar[tuple[str, ...]] = ("accuracy", "labels_kept")

    @property
    def meaning(self) -> str:
        """Say what is right."""
        return (
            "the share of held-out real images whose class is told rightly by a classifier of "
            "refined ones"
        )

    def score(self, model: Any, rng: torch.Generator) -> Scores:
        """Return what refined images teach, and how many keep their class."""
        source = self.learned(SOURCE)
        return self.judge(model.refine(source.real(len(source)), rng).cpu(), source)

    def learned(self, domain: int) -> Dataset:
        """Return the images of a domain, of those that are learned from, that a lesson has."""
        self.check_here()
        of_domain = self.source if domain == SOURCE else self.target
        chosen = torch.linspace(0, len(of_domain) - 1, min(self.num_judged, len(of_domain)))
        return subset(self.data, of_domain[chosen.long().numpy()])

    def judge(self, images: Tensor, source: Dataset) -> Scores:
        """Score images (N, C, H, W) that a data set has become; NaN if one is not finite."""
        if not torch.isfinite(images).all():
            return dict.fromkeys(("fitness", "labels_kept"), math.nan)
        lesson = replace(source, samples=self.data.kind.encode(images), test=None)
        test = subset(self.held_out, self.judged(TARGET))
        share = train(lesson, test=test, recipe=Lessons())[1]
        return {"fitness": share, "labels_kept": self.kept(images, source.labels)}

    def kept(self, images: Tensor, labels: Array | None) -> float:
        """Return how many images are of their classes (N,), to a classifier of the source."""
        scores = self.features.probabilities(images)
        assert scores is not None
        return float((scores.argmax(axis=1) == labels).mean())

    def make(self, model: Any, count: int, rng: torch.Generator, *, given: Codes) -> Batch:
        """Refine each "source" that is given."""
        del count
        return Batch(model.refine(given["source"], rng).cpu())

    def pictures(self, model: Any) -> dict[str, Draw]:
        """Show images of the source, what they become, and real ones."""
        return {"refined": partial(self.show_rows, model)}

    def show_rows(self, model: Any, rng: torch.Generator) -> Image.Image:
        """Draw rows of held-out images: simulated, refined, and real ones that are others."""
        source, real = (
            self.held_out.tensor(self.judged(one)[:COLUMNS]) for one in (SOURCE, TARGET)
        )
        rows = torch.cat([source, model.refine(source, rng).cpu(), real])
        return self.show(rows, columns=len(source), row_names=("simulated", "refined", "real"))

    def baselines(self) -> Mapping[str, Scores]:
        """Return what images of the source teach as they are, and real ones with their classes."""
        found = {}
        for name, domain in (("simulated as they are", SOURCE), ("real, with classes", TARGET)):
            lesson = self.learned(domain)
            scores = self.judge(lesson.real(len(lesson)), lesson)
            found[name] = {**scores, "accuracy": scores["fitness"]}
        return found
