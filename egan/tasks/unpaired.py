"""Turning an image of one kind into another, where nobody knows which belong together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

import fitness
from egan.data.dataset import DOMAIN
from egan.data.domains import SOURCE, of
from egan.data.domains import TARGET as OF_TARGETS
from egan.data.kinds import Images
from egan.data.splits import LEAST, subset
from egan.tasks.base import Batch, Needs, Scores
from egan.tasks.translation import TARGET, Translation

if TYPE_CHECKING:
    from egan.data.dataset import Dataset
    from egan.judging.features import Features


class UnpairedTranslation(Translation):
    """From a source image (N, C, H, W) to one of another kind, of which there are examples.

    The data are images of two domains, told apart by the annotation "domain", or pairs, the
    annotation "target", which are drawn apart from each other. A batch has sources, and apart from
    them a "target" each. Fitness: minus the Fréchet distance of translations to targets. Of pairs
    the truth is known, and the mean absolute difference to it scored beside; it counts for nothing.
    """

    needs: ClassVar = Needs(
        kinds=(Images,),
        either=(TARGET, DOMAIN),
        mend="Give two folders, --data.name domains --data.pairs A B, or --data.name "
        "openmoji_lines.",
    )

    def __init__(self, data: Dataset, held_out: Dataset, features: Features) -> None:
        super().__init__(data, held_out, features, l1_weight=0.0)
        judged = len(self.sides(held_out)[0])
        if data.is_here and judged < LEAST:
            raise ValueError(
                f"{data.name} keeps {judged} of {len(self.sources)} sources to judge translations "
                f"by, but expected {LEAST} or more. Give more, or keep none from training: "
                "--data.no-hold-out."
            )

    @property
    def knows_truth(self) -> bool:
        """Whether the data say what each source should become."""
        return TARGET in self.data.annotations

    @property
    def meaning(self) -> str:
        """Say what counts."""
        return "minus the Fréchet distance of translations to targets"

    @classmethod
    def compared(cls, data: Dataset) -> Dataset:
        """Return the targets, which translations are compared with.

        Raises:
            ValueError: The data have neither pairs nor domains.
        """
        cls.needs.check(data, who="a translation without pairs")
        if TARGET in data.annotations:
            return super().compared(data)
        return replace(_of(OF_TARGETS, data), name=f"{data.name}, targets")

    @classmethod
    def sides(cls, data: Dataset) -> tuple[Dataset, Dataset]:
        """Return sources and targets, of domains not as many of one as of the other."""
        cls.needs.check(data, who="a translation without pairs")
        sources = data if TARGET in data.annotations else _of(SOURCE, data)
        return sources, cls.compared(data)

    def draw(self, count: int, rng: torch.Generator) -> Batch:
        """Draw sources (count, C, H, W), and apart from them a "target" each."""
        source, target = (
            side.tensor(torch.randint(len(side), (count,), generator=rng).numpy())
            for side in (self.sources, self.targets)
        )
        return Batch(source, {TARGET: target})

    def compared_with(self, made: Tensor, target: Tensor) -> Scores:
        """Score translations (N, C', H, W), finite ones, beside the truth where it is known."""
        if self.knows_truth:
            return super().compared_with(made, target)
        real = self.features.reference(self.targets)
        distance = fitness.frechet_distance(real, self.features.features(made))
        return {"fitness": -distance, "frechet": distance}

    @property
    def row_names(self) -> tuple[str, ...]:
        """What a picture's rows are called: the last one shows the truth, or any targets."""
        return ("source", "output", "truth" if self.knows_truth else "targets")


def _of(domain: int, data: Dataset) -> Dataset:
    """Return the images of one domain; all, where they are not here."""
    chosen = subset(data, of(domain, data)) if data.is_here else data
    return replace(chosen, annotations={})
