"""Turning a head to the front: the frontal view of whoever is seen from the side."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from egan.data.dataset import FIELD, IDENTITY, YAW, Array, Dataset
from egan.data.persons import Pairs, by_yaw, frontal, with_frontal
from egan.tasks.base import Asks, Batch, Draw, Scores
from egan.tasks.views import COLUMNS, PERSONS, Views, batch_of

if TYPE_CHECKING:
    from PIL import Image

    from egan.judging.features import Features

PERSON = "person"
PROFILE = 45.0


class Frontal(Views):
    """From a view of a head (N, C, H, W) to the frontal one of the same person, and to no other.

    The task of `Views` with but one yaw that is asked for, that of the view of each person which is
    turned the least. A batch has frontal views, each with a "source" that is not, its "yaw", its
    "landmarks" and "field" where they are known, and the number of its "person"; the persons that
    are learned from are the classes of the data. A model offers ``view(source, yaw, rng)``. Scores
    are those of `Views`, all of held-out persons who are turned to the front, and "profile_rank1",
    the share told rightly of those who were turned away by 45 degrees or more, where there are any.
    """

    asks: ClassVar = Asks(inputs=True)
    leading: ClassVar[tuple[str, ...]] = ("profile_rank1", "rank1", "ssim", "l1")

    def __init__(self, data: Dataset, held_out: Dataset, features: Features) -> None:
        if data.is_here and IDENTITY in data.annotations:
            _, person = np.unique(data.annotations[IDENTITY], return_inverse=True)
            data = replace(data, labels=person.astype(np.int64), class_names=())
        super().__init__(data, held_out, features)

    def draw(self, count: int, rng: torch.Generator) -> Batch:
        """Draw frontal views (count, C, H, W) with "source", "person", "yaw" and "landmarks"."""
        known = self._known
        chosen = torch.randint(len(known.source), (count,), generator=rng).numpy()
        pairs = Pairs(known.source[chosen], known.target[chosen])
        batch = batch_of(self.data, pairs)
        assert self.data.labels is not None
        persons = torch.from_numpy(self.data.labels[pairs.target])
        codes = {**batch.codes, PERSON: persons}
        if FIELD in self.data.annotations:
            codes[FIELD] = torch.tensor(self.data.annotations[FIELD][pairs.target]).float()
        return Batch(batch.samples, codes)

    @cached_property
    def _known(self) -> Pairs:
        return with_frontal(self.data, np.setdiff1d(np.arange(len(self.data)), frontal(self.data)))

    @property
    def turned_pairs(self) -> Pairs:
        """Held-out views, each with the frontal one of the same person: those of rank-1 too."""
        return self.frontal_pairs

    @property
    def profiles(self) -> Array:
        """Which sources (N,) of the pairs are turned away by 45 degrees or more."""
        away: Array = np.abs(self.held_out.annotations[YAW][self.frontal_pairs.source]) >= PROFILE
        return away

    def score(self, model: Any, rng: torch.Generator) -> Scores:
        """Return how held-out persons are told when they look ahead, and how their views are."""
        codes = batch_of(self.held_out, self.frontal_pairs).codes
        made = model.view(codes["source"], codes[YAW], rng).cpu()
        return self.compare(made, made)

    def compare(self, front: Tensor, turned: Tensor) -> Scores:
        """Score what was made of the sources of `frontal_pairs`; both are the same."""
        scores = super().compare(front, turned)
        away = self.profiles
        if not away.any():
            return scores
        persons = self.held_out.annotations[IDENTITY][self.frontal_pairs.source[away]]
        told = math.nan if math.isnan(scores["rank1"]) else self.rank1(front[away], persons)
        return {**scores, "profile_rank1": told}

    def pictures(self, model: Any) -> dict[str, Draw]:
        """Show held-out persons from all sides, each turned to the front, and the truth."""
        return {"frontal": partial(self.show_rows, model)}

    def show_rows(self, model: Any, rng: torch.Generator) -> Image.Image:
        """Draw persons from all sides, over what is made of each view and the truth."""
        rows, names = [], []
        persons = self.held_out.annotations[IDENTITY]
        for person in np.unique(persons)[:PERSONS]:
            views = by_yaw(self.held_out, person)[:COLUMNS]
            pairs = with_frontal(self.held_out, views)
            batch = batch_of(self.held_out, pairs)
            made = model.view(batch.codes["source"], batch.codes[YAW], rng).cpu()
            columns = 1 + min(COLUMNS, int(np.bincount(persons).max()))
            nothing = torch.full((columns - len(views), *made.shape[1:]), -1.0)
            rows += [batch.codes["source"], nothing, made, batch.samples[:1], nothing[1:]]
            names += ["sources", "outputs, truth"]
        return self.show(torch.cat(rows), columns=columns, row_names=tuple(names))
