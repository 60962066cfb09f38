"""Telling what images of a domain show, with labels of another domain alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

import fitness
from egan.data.dataset import DOMAIN, Absent
from egan.data.domains import SOURCE, TARGET, of
from egan.data.kinds import Images
from egan.data.splits import subset
from egan.tasks.base import Batch, Needs, Scores
from egan.tasks.recognition import COLUMNS, Recognition

if TYPE_CHECKING:
    from PIL import Image

    from egan.data.dataset import Array, Dataset
    from egan.judging.features import Features

ADAPTED = "target"
"""What a batch's images of the target are called."""


class Adaptation(Recognition):
    """The classes of images (N, C, H, W) of a target, learned from labels of a source.

    The data have images of both, told apart by the annotation "domain", see `egan.data.domains`. A
    batch has images of the source with their "labels", and as many of the "target" without. A model
    offers ``classify(images)``. Fitness: the share of held-out target images that are told rightly;
    for this, and for nothing else, are the target's labels looked at.
    """

    needs: ClassVar = Needs(
        labels=True,
        kinds=(Images,),
        annotations=(DOMAIN,),
        mend="Give two folders with a subfolder for every class, --data.name domains --data.pairs "
        "A B, or --data.name digits_to_mnist.",
    )
    leading: ClassVar[tuple[str, ...]] = ("accuracy", "source_accuracy")

    def __init__(self, data: Dataset, held_out: Dataset, features: Features) -> None:
        super().__init__(data, held_out, features)
        self.needs.check(data, who="adaptation")
        self.source, self.target = of(SOURCE, data), of(TARGET, data)

    @classmethod
    def compared(cls, data: Dataset) -> Dataset:
        """Return the source alone: features have not seen the target's labels either.

        Raises:
            ValueError: The data have no domains.
        """
        cls.needs.check(data, who="adaptation")
        return subset(data, of(SOURCE, data))

    @property
    def meaning(self) -> str:
        """Say what is right."""
        return "the share of held-out images of the target whose class is told rightly"

    def draw(self, count: int, rng: torch.Generator) -> Batch:
        """Draw images of the source with their labels, and as many of the target without."""
        self.check_here()
        assert self.data.labels is not None
        source, target = (
            domain[torch.randint(len(domain), (count,), generator=rng).numpy()]
            for domain in (self.source, self.target)
        )
        labels = torch.from_numpy(self.data.labels[source])
        return Batch(
            self.data.tensor(source), {"labels": labels, ADAPTED: self.data.tensor(target)}
        )

    def check_here(self) -> None:
        """See that there are images.

        Raises:
            ValueError: The model was loaded without them.
        """
        if isinstance(self.data, Absent):
            raise self.data.refusal()

    def judged(self, domain: int = TARGET) -> Array:
        """Return the indices of the held-out images of a domain that are looked at."""
        return _spread(of(domain, self.held_out), self.num_judged)

    def score(self, model: Any, rng: torch.Generator) -> Scores:
        """Return how often classes of the target are right, and those of the source."""
        source = self.right(model, self.judged(SOURCE))
        return {**super().score(model, rng), "source_accuracy": source}

    def show_real(self) -> Image.Image:
        """Draw a row of the source over one of the target."""
        rows = [self.data.tensor(_spread(one, COLUMNS)) for one in (self.source, self.target)]
        return self.show(torch.cat(rows), columns=len(rows[0]), row_names=("source", "target"))

    def baselines(self) -> Mapping[str, Scores]:
        """Return how often the commonest class is right, and a plain CNN of the source alone."""
        target, source = self.judged(), self.judged(SOURCE)
        truth = self.truth(target)
        commonest = float(np.bincount(truth).max() / len(truth))
        worth = {"commonest class": {"fitness": commonest, "accuracy": commonest}}
        if self.features.classifies:
            told, before = self.told(target), self.told(source)
            worth["plain CNN of the source"] = {
                "fitness": told,
                "accuracy": told,
                "source_accuracy": before,
            }
        return worth

    def told(self, chosen: Array) -> float:
        """Return how often the classifier behind the features is right, which saw the source."""
        scores = self.features.probabilities(self.held_out.tensor(chosen))
        assert scores is not None
        return fitness.accuracy(scores, self.truth(chosen))


def _spread(indices: Array, count: int) -> Array:
    """Return at most `count` of some indices, spread evenly over them."""
    count = min(count, len(indices))
    chosen: Array = indices[np.arange(count) * len(indices) // max(count, 1)]
    return chosen
