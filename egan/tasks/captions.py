"""Making images of a caption: of a few words, also of some that were never seen together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from egan.data.captioned_shapes import written
from egan.data.dataset import CAPTIONS
from egan.data.kinds import Images
from egan.data.spelling import Spelling
from egan.data.wording import tokens_of
from egan.judging.captions import Matcher, accuracies, has_reader, never_seen
from egan.reporting.captioned import captioned
from egan.tasks.base import Asks, Batch, Codes, Draw, Needs, Scores
from egan.tasks.generation import Generation

if TYPE_CHECKING:
    from PIL import Image

    from egan.data.dataset import Array, Dataset
    from egan.judging.features import Features

SHOWN, EACH, COLUMNS = 12, 5, 3
"""Captions of a picture, samples of each, and cells in a row."""
UNSEEN = 200
SEED = 1605
LEGEND = "left the true image, then samples of its caption"
LEGEND_UNSEEN = "samples of shapes and colours that were never seen together"


class Captions(Generation):
    """Images (N, C, H, W) of captions, tokens (N, T): the annotation "captions" (N, K, T).

    A batch has "captions" (N, T), one of the K of each image. A model offers, beside ``samples``,
    ``samples_for(captions, rng)``. Fitness: the share of samples that show what held-out captions
    say, minus `distance_weight` times the Fréchet distance of samples to the data. Of rendered
    shapes an exact reader tells shape and colour, of other images a linear map from fixed features
    to words which of ten captions suits best, see `egan.judging.captions`.

    Args:
        data: What is trained on.
        held_out: What is kept from training; its captions are asked for.
        features: What samples are compared in.
        distance_weight: Weight of the distance, at least 0.

    Reed et al. 2016, arXiv 1605.05396, have the sentences of held-out categories for it.
    """

    needs: ClassVar = Needs(
        kinds=(Images,),
        annotations=(CAPTIONS,),
        mend="Give images with captions, --data.captions captions.csv --data.path photos/, a text "
        "beside each image, --data.name captions, or --data.name captioned_shapes.",
    )
    asks: ClassVar = Asks(captions=True, codes=(CAPTIONS,))
    leading: ClassVar[tuple[str, ...]] = ("accuracy", "match", "frechet")

    def __init__(
        self,
        data: Dataset,
        held_out: Dataset,
        features: Features,
        *,
        distance_weight: float = 0.1,
    ) -> None:
        super().__init__(data, held_out, features)
        self.distance_weight = distance_weight
        self._matcher: Matcher | None = None

    @property
    def wording(self) -> Spelling:
        """The words of captions."""
        assert self.data.wording is not None
        return self.data.wording

    @property
    def reads(self) -> bool:
        """Whether an exact reader tells what an image shows."""
        return has_reader(self.data) and self.data.channels == 3

    def draw(self, count: int, rng: torch.Generator) -> Batch:
        """Draw images (count, C, H, W), each with one of its "captions" (count, T)."""
        chosen = torch.randint(len(self.data), (count,), generator=rng)
        return Batch(self.data.tensor(chosen.numpy()), {CAPTIONS: one_each(self.data, chosen, rng)})

    @property
    def meaning(self) -> str:
        """Say who tells what a sample shows, and what counts for the distance."""
        what = (
            "show the shape and the colour that their caption asks for"
            if self.reads
            else "suit their caption better than nine others, by a linear map of fixed features,"
        )
        return (
            f"the share of samples that {what} less {self.distance_weight:g} times their Fréchet "
            "distance to the data"
        )

    def score(self, model: Any, rng: torch.Generator) -> Scores:
        """Return how often samples show what held-out captions say, and their distance."""
        captions = self.asked_for(self.num_judged)
        return self.compare(model.samples_for(captions, rng), captions)

    def asked_for(self, count: int) -> Tensor:
        """Return held-out captions (n, T), spread evenly, of each image one in turn."""
        known = self.held_out.annotations[CAPTIONS]
        rows = np.arange(count) * len(known) // count
        return torch.from_numpy(known[rows, np.arange(count) % known.shape[1]].astype(np.int64))

    def compare(self, made: Tensor, captions: Tensor) -> Scores:
        """Score images (N, C, H, W) of captions (N, T); NaN if one is not finite."""
        distances = self.appraised(made)
        shown = self.shown(made, captions)
        share = shown["accuracy" if self.reads else "match"]
        total = share - self.distance_weight * distances["frechet"]
        return {**distances, **shown, "fitness": total}

    def shown(self, made: Tensor, captions: Tensor) -> Scores:
        """Return how often images (N, C, H, W) show what captions (N, T) say."""
        names = ("accuracy", "as_told", "match") if self.reads else ("match",)
        if not torch.isfinite(made).all():
            return dict.fromkeys(names, math.nan)
        asked = captions.cpu().numpy()
        found = accuracies(made, asked, self.wording) if self.reads else {}
        return {**found, "match": self.matcher.share(made, asked)}

    @property
    def matcher(self) -> Matcher:
        """What tells which caption suits an image, fitted once."""
        if self._matcher is None:
            self._matcher = Matcher(self.data, self.features)
        return self._matcher

    def look(self, model: Any, rng: torch.Generator) -> Scores:
        """Return all distances, what samples show, and combinations that were never seen."""
        captions = self.asked_for(self.num_looked_at)
        made = model.samples_for(captions, rng)
        found = {**self.judged(made), **self.shown(made, captions)}
        unseen = self.unseen(UNSEEN)
        if unseen is not None:
            found["unseen"] = self.shown(model.samples_for(unseen, rng), unseen)["accuracy"]
        return found

    def unseen(self, count: int) -> Tensor | None:
        """Return captions (count, T) of combinations that no image has; None without any."""
        missing = never_seen(self.data) if self.reads and self.data.is_here else []
        if not missing:
            return None
        rng = np.random.default_rng(SEED)
        words = [[written(missing[i % len(missing)], rng)] for i in range(count)]
        tokens = tokens_of(words, self.wording)[:, 0].astype(np.int64)
        return torch.from_numpy(np.pad(tokens, ((0, 0), (0, self.length - tokens.shape[1]))))

    @property
    def length(self) -> int:
        """The most words of a caption, T."""
        return int(self.data.annotations[CAPTIONS].shape[2])

    def make(self, model: Any, count: int, rng: torch.Generator, *, given: Codes) -> Batch:
        """Make samples of the "captions" that are given, or of such as the data have."""
        captions = given.get(CAPTIONS)
        if captions is None:
            captions = draw_captions(self.data, count, rng)
        return Batch(model.samples_for(captions, rng), {CAPTIONS: captions})

    def pictures(self, model: Any) -> dict[str, Draw]:
        """Show captions under their images, and such as tell of what was never seen."""
        found: dict[str, Draw] = {"captions": partial(self.show_captions, model)}
        if self.unseen(1) is not None:
            found["unseen"] = partial(self.show_unseen, model)
        return found

    def show_captions(self, model: Any, rng: torch.Generator) -> Image.Image:
        """Draw held-out captions under samples of each, the true image on the left."""
        chosen = self.held_out.spread(SHOWN)
        captions = torch.from_numpy(self.held_out.annotations[CAPTIONS][chosen, 0].astype(np.int64))
        true = self.held_out.tensor(chosen) if self.held_out.is_here else None
        return self.cells(model, captions, rng, true=true)

    def show_unseen(self, model: Any, rng: torch.Generator) -> Image.Image:
        """Draw captions of combinations that were never seen under samples of each."""
        captions = self.unseen(UNSEEN)
        assert captions is not None
        return self.cells(model, captions[:: UNSEEN // SHOWN][:SHOWN], rng)

    def cells(
        self, model: Any, captions: Tensor, rng: torch.Generator, *, true: Tensor | None = None
    ) -> Image.Image:
        """Draw samples of each of captions (N, T), beside true images (N, C, H, W)."""
        made = model.samples_for(captions.repeat_interleave(EACH, dim=0), rng).cpu()
        groups = [*made.split(EACH)]
        if true is not None:
            pairs = zip(true, groups, strict=True)
            groups = [torch.cat([one[None], its]) for one, its in pairs]
        legend = LEGEND if true is not None else LEGEND_UNSEEN
        texts = self.texts(captions)
        return captioned([g.numpy() for g in groups], texts, columns=COLUMNS, legend=legend)

    def texts(self, captions: Tensor) -> list[str]:
        """Return captions (N, T) as they are written."""
        return [self.wording.text(row) for row in captions.tolist()]

    def show_real(self) -> Image.Image:
        """Draw real images over their captions."""
        chosen = self.data.spread(2 * SHOWN)
        images = self.data.tensor(chosen)
        captions = torch.from_numpy(self.data.annotations[CAPTIONS][chosen, 0].astype(np.int64))
        groups = [one[None].numpy() for one in images]
        return captioned(groups, self.texts(captions), columns=6)

    def baselines(self) -> Mapping[str, Scores]:
        """Add what real images of held-out captions are worth, and of captions of others."""
        count = min(self.num_looked_at, len(self.held_out))
        chosen = self.held_out.spread(count)
        captions = torch.from_numpy(self.held_out.annotations[CAPTIONS][chosen, 0].astype(np.int64))
        real = self.held_out.tensor(chosen)
        order = torch.randperm(count, generator=torch.Generator().manual_seed(SEED))
        return {
            "real images": self.shown(real, captions),
            "captions shuffled": self.shown(real, captions[order]),
            **super().baselines(),
        }


def one_each(data: Dataset, chosen: Tensor, rng: torch.Generator) -> Tensor:
    """Draw one of the captions of each of some images (N,), tokens (N, T) int64."""
    known: Array = data.annotations[CAPTIONS]
    which = torch.randint(known.shape[1], chosen.shape, generator=rng)
    return torch.from_numpy(known[chosen.numpy(), which.numpy()].astype(np.int64))


def draw_captions(data: Dataset, count: int, rng: torch.Generator) -> Tensor:
    """Draw captions (count, T) as the data have them, on the CPU."""
    return one_each(data, torch.randint(len(data), (count,), generator=rng), rng)
