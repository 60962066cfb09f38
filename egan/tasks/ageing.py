"""Showing who or what an image shows at another age."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from egan.data.dataset import IDENTITY
from egan.data.kinds import Images
from egan.reporting.showing import show
from egan.tasks.base import Asks, Batch, Codes, Draw, Needs, Scores, Task

if TYPE_CHECKING:
    from PIL import Image

    from egan.data.dataset import Array, Dataset
    from egan.judging.features import Features

OTHER, OTHER_AGES = "other", "other_labels"
MOST_SOURCES = 100
"""Held-out images that are aged to be scored; each takes an inversion."""
SHOWN = 6
"""Identities of a picture."""
COLUMNS = 10


class Ageing(Task):
    """From an image (N, C, H, W) of an identity to the same at other ages; labels are ages.

    The data have an annotation "identity". A batch has images with their "labels", and "other", an
    image of the same identity at an age of its own, "other_labels". A model offers
    ``inverted(images, ages, rng)``, codes (N, Z) of images at known ages or, if ages is None, at
    ages that it tells itself; and ``rendered(codes, ages)``, images at any.

    Held-out images are brought to each age that there is an image of the same identity of, the
    truth. Scores: "age_error", by how many groups what a fixed classifier of ages tells is off the
    age asked for, on average; "identity", the share of images that of all held-out ones of that age
    are nearest, pixel by pixel, to the true one; "l1", the mean absolute difference to it. Fitness:
    identity, less the age error.
    """

    needs: ClassVar = Needs(
        labels=True,
        kinds=(Images,),
        annotations=(IDENTITY,),
        mend="Give a table, --data.name ages --data.path people.csv, or --data.name aged_icons.",
    )
    asks: ClassVar = Asks(inputs=True, classes=True, ages=True)
    leading: ClassVar[tuple[str, ...]] = ("age_error", "identity", "l1")

    def __init__(self, data: Dataset, held_out: Dataset, features: Features) -> None:
        super().__init__(data, held_out, features)
        self.families = Families(data)

    @property
    def meaning(self) -> str:
        """Say what counts."""
        return (
            "the share of aged images that are nearest to the truth of their identity, less the "
            "error of their age in groups"
        )

    def draw(self, count: int, rng: torch.Generator) -> Batch:
        """Draw images (count, C, H, W) with ages, and "other" ones of the same identities."""
        chosen = torch.randint(len(self.data), (count,), generator=rng).numpy()
        others = self.families.relatives(chosen, torch.rand(count, generator=rng).numpy())
        assert self.data.labels is not None
        known = {
            "labels": torch.from_numpy(self.data.labels[chosen]),
            OTHER: self.data.tensor(others),
            OTHER_AGES: torch.from_numpy(self.data.labels[others]),
        }
        return Batch(self.data.tensor(chosen), known)

    def score(self, model: Any, rng: torch.Generator) -> Scores:
        """Return how well held-out images are aged."""
        sources, pairs, targets = self.asked()
        codes = model.inverted(self.held_out.tensor(sources), self.ages(sources), rng)
        return self.compare(model.rendered(codes[pairs], self.ages(targets)).cpu(), targets)

    def asked(self) -> tuple[Array, Array, Array]:
        """Return what is aged: images (M,) held out, and the row and the truth (P,) of each pair.

        Raises:
            ValueError: No identity was held out at two ages.
        """
        identities, ages = self.held_out.annotations[IDENTITY], self.held_out.labels
        assert ages is not None
        sources = self.held_out.spread(min(MOST_SOURCES, self.num_judged))
        same = identities[sources][:, None] == identities[None]
        rows, targets = np.nonzero(same & (ages[sources][:, None] != ages[None]))
        if not len(rows):
            raise ValueError(
                f"{self.data.name} keeps no identity of which there are images of two ages, but "
                "expected one or more to judge by. Give more, or keep none: --data.no-hold-out."
            )
        return sources, rows, targets

    def ages(self, indices: Array) -> Tensor:
        """Return the ages of held-out images."""
        assert self.held_out.labels is not None
        return torch.from_numpy(self.held_out.labels[indices])

    def compare(self, made: Tensor, targets: Array) -> Scores:
        """Score images (P, C, H, W) beside their truths, held-out images; NaN if not finite."""
        if not torch.isfinite(made).all():
            return dict.fromkeys(("fitness", "age_error", "identity", "l1"), math.nan)
        wanted = self.ages(targets)
        told = torch.as_tensor(self.features.classes(made))
        error = float((told - wanted).abs().float().mean())
        kept = float(self.kept(made, targets).float().mean())
        l1 = float((made - self.held_out.tensor(targets)).abs().mean())
        return {"fitness": kept - error, "age_error": error, "identity": kept, "l1": l1}

    def kept(self, made: Tensor, targets: Array) -> Tensor:
        """Return which images (P,) are nearest, of all truths of that age, to their identity's."""
        wanted, identities = self.ages(targets), self.held_out.annotations[IDENTITY]
        right = torch.zeros(len(made), dtype=torch.bool)
        for age in sorted(set(wanted.tolist())):
            known = np.flatnonzero(self.held_out.labels == age)
            rows = (wanted == age).nonzero()[:, 0]
            distances = torch.cdist(
                made[rows].flatten(1).double(),
                self.held_out.tensor(known).flatten(1).double(),
                compute_mode="donot_use_mm_for_euclid_dist",
            )
            nearest = known[distances.argmin(dim=1).numpy()]
            right[rows] = torch.from_numpy(identities[nearest] == identities[targets[rows.numpy()]])
        return right

    def make(self, model: Any, count: int, rng: torch.Generator, *, given: Codes) -> Batch:
        """Bring each "source" that is given to the age of its "labels"; by default drawn ones."""
        ages = given.get("labels")
        if ages is None:
            ages = torch.randint(self.data.num_classes, (count,), generator=rng)
        ages = ages[: len(given["source"])]
        codes = model.inverted(given["source"], None, rng)
        return Batch(model.rendered(codes, ages).cpu(), {"labels": ages})

    def pictures(self, model: Any) -> dict[str, Draw]:
        """Show identities at all ages, over the truth."""
        return {"ages": partial(self.show_ages, model)}

    def show_ages(self, model: Any, rng: torch.Generator) -> Image.Image:
        """Draw two rows for each identity, made and true: the source, then a column for each age.

        A truth that is not there is left black.
        """
        sources = self._shown()
        images = self.held_out.tensor(sources)
        codes = model.inverted(images, self.ages(sources), rng)
        ages = range(self.data.num_classes)
        made = [model.rendered(codes, torch.full((len(sources),), one)).cpu() for one in ages]
        truth = [self._truths(sources, one) for one in ages]
        rows = []
        for i in range(len(sources)):
            rows += [images[i], *(one[i] for one in made), images[i], *(one[i] for one in truth)]
        return self.show(
            torch.stack(rows), columns=1 + len(ages), row_names=("made", "truth") * len(sources)
        )

    def _shown(self) -> Array:
        """Return held-out images of different identities and, by turns, different ages."""
        identities = self.held_out.annotations[IDENTITY]
        known = np.unique(identities)
        few = known[np.arange(min(SHOWN, len(known))) * len(known) // min(SHOWN, len(known))]
        several = [np.flatnonzero(identities == one) for one in few]
        return np.array([own[i % len(own)] for i, own in enumerate(several)])

    def _truths(self, sources: Array, age: int) -> Tensor:
        """Return the images of sources' identities at an age, black where there is none."""
        identities, ages = self.held_out.annotations[IDENTITY], self.held_out.labels
        found = torch.full((len(sources), *self.shape), -1.0)
        for i, one in enumerate(identities[sources]):
            own = np.flatnonzero((identities == one) & (ages == age))
            if len(own):
                found[i] = self.held_out.tensor(own[:1])[0]
        return found

    def show(
        self, images: Tensor, *, columns: int = COLUMNS, row_names: tuple[str, ...] = ()
    ) -> Image.Image:
        """Draw images (N, C, H, W) in rows."""
        return show(self.data.kind, images.numpy(), columns=columns, row_names=row_names)

    def show_real(self) -> Image.Image:
        """Draw a row for each of some identities, with a column for each age."""
        sources = self._shown()
        truth = [self._truths(sources, one) for one in range(self.data.num_classes)]
        rows = torch.stack(truth, dim=1).flatten(0, 1)
        return self.show(rows, columns=self.data.num_classes)

    def baselines(self) -> Mapping[str, Scores]:
        """Return what the image as it is is worth, and the mean of all of the age asked for."""
        sources, pairs, targets = self.asked()
        copies = self.held_out.tensor(sources[pairs])
        ages, wanted = self.data.labels, self.ages(targets)
        means = torch.stack(
            [
                self.data.tensor(np.flatnonzero(ages == one)).mean(dim=0)
                for one in range(self.data.num_classes)
            ]
        )
        return {
            "image as it is": self.compare(copies, targets),
            "mean of the age": self.compare(means[wanted], targets),
        }


class Families:
    """Which images of a data set show the same identity.

    Args:
        data: With an annotation "identity".
    """

    def __init__(self, data: Dataset) -> None:
        identities = data.annotations.get(IDENTITY, np.zeros(len(data), np.int64))
        _, self.which, self.sizes = np.unique(identities, return_inverse=True, return_counts=True)
        self.order = np.argsort(self.which, kind="stable")
        self.starts = np.cumsum(self.sizes) - self.sizes
        self.ranks = np.empty(len(data), np.int64)
        self.ranks[self.order] = np.arange(len(data)) - self.starts[self.which[self.order]]

    def relatives(self, indices: Array, uniform: Array) -> Array:
        """Return another image of each one's identity, or itself where it is alone.

        Args:
            indices: Images (N,).
            uniform: Numbers (N,) in [0, 1) that say which.
        """
        which = self.which[indices]
        others = self.sizes[which] - 1
        steps = 1 + np.minimum((uniform * others).astype(np.int64), np.maximum(others - 1, 0))
        ranks = (self.ranks[indices] + steps) % self.sizes[which]
        found: Array = self.order[self.starts[which] + ranks]
        return found
