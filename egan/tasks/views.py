"""Turning a head: another view of the same person."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import fitness
from egan.data.dataset import IDENTITY, LANDMARKS, VISIBLE, YAW, Dataset
from egan.data.kinds import Images
from egan.data.persons import Pairs, Persons, by_yaw, frontal, with_frontal
from egan.judging.classifier import one_thread
from egan.networks.landmarks import LandmarkReader
from egan.reporting.showing import show
from egan.tasks.base import Asks, Batch, Codes, Draw, Needs, Scores, Task

if TYPE_CHECKING:
    from PIL import Image

    from egan.data.dataset import Array

SOURCE = "source"
NUM_READ, READER_SEED = 1024, 7
VARIED, VARIED_SEED, MOST_MOVED = 8, 1804, 1
PERSONS, COLUMNS = 3, 11


class Views(Task):
    """From one view of a head (N, C, H, W) to the view that is asked for.

    A batch has views, each with a "source", another view of the same person, and its own "yaw" in
    degrees, its "landmarks" too where they are known. A model offers ``view(source, yaw, rng)``.
    Persons are held out whole. Of each held-out view the frontal one is asked for, and told by a
    frozen recogniser, which has learned from frontal views of other persons: "rank1" is the share
    whose nearest frontal view, of all held-out persons, by the cosine of features, is that of the
    same person. And of each another view is asked for, which is held against the true one: "l1",
    "ssim" and, where landmarks are known, the "landmark_error", a mean distance in widths of the
    image to where they are truly, read off by least squares, see
    `egan.networks.landmarks.LandmarkReader`. Fitness: rank1 + ssim − landmark_error.
    """

    needs: ClassVar = Needs(
        kinds=(Images,),
        annotations=(IDENTITY, YAW),
        mend="Give --data.name heads, or views of yours, a subfolder for each person: --data.name "
        "views --data.path people/.",
    )
    asks: ClassVar = Asks(inputs=True, poses=True, codes=(YAW,))
    leading: ClassVar[tuple[str, ...]] = ("rank1", "ssim", "landmark_error", "l1")

    @classmethod
    def compared(cls, data: Dataset) -> Dataset:
        """Return frontal views, from which the recogniser learns: eight of each person.

        One is as it is; the others are moved by up to a pixel, with other contrasts and some noise.

        Raises:
            ValueError: The data are no views.
        """
        cls.needs.check(data, who="a task of views")
        chosen = np.repeat(frontal(data), VARIED)
        rng = np.random.default_rng(VARIED_SEED)
        images = data.samples[chosen].astype(np.float32)
        count = len(images)
        moves = rng.integers(-MOST_MOVED, MOST_MOVED + 1, (count, 2))
        moves[::VARIED] = 0
        moved = [np.roll(one, tuple(by), (1, 2)) for one, by in zip(images, moves, strict=True)]
        gain = rng.uniform(0.9, 1.1, (count, 1, 1, 1))
        noise = rng.normal(0.0, 5.0, images.shape)
        gain[::VARIED], noise[::VARIED] = 1.0, 0.0
        varied = np.clip(np.rint(np.stack(moved) * gain + noise), 0, 255).astype(np.uint8)
        _, labels = np.unique(data.annotations[IDENTITY][chosen], return_inverse=True)
        return Dataset(f"{data.name}, frontal", varied, labels)

    def draw(self, count: int, rng: torch.Generator) -> Batch:
        """Draw views (count, C, H, W) with their "source", "yaw" and, if known, "landmarks"."""
        target = torch.randint(len(self.data), (count,), generator=rng).numpy()
        share = torch.rand(count, generator=rng).numpy()
        return batch_of(self.data, self._persons.pairs(target, share))

    @cached_property
    def _persons(self) -> Persons:
        return Persons(self.data.annotations[IDENTITY])

    @property
    def meaning(self) -> str:
        """Say what counts."""
        less = " less the error of landmarks" if LANDMARKS in self.data.annotations else ""
        return (
            "the share of frontalised held-out persons who are told rightly, plus the SSIM of "
            f"views{less}"
        )

    @property
    def frontal_pairs(self) -> Pairs:
        """Held-out views, each with the frontal one of the same person; all but those."""
        front = frontal(self.held_out)
        others = np.setdiff1d(self.held_out.spread(len(self.held_out)), front)
        if len(others) > self.num_judged:
            others = others[np.arange(self.num_judged) * len(others) // self.num_judged]
        return with_frontal(self.held_out, others)

    @property
    def turned_pairs(self) -> Pairs:
        """Held-out views, each with another one of the same person; the same at every call."""
        target = self.held_out.spread(self.num_judged)
        share = (np.arange(len(target)) * 0.61803398875) % 1.0  # spread evenly, without a period
        return Persons(self.held_out.annotations[IDENTITY]).pairs(target, share)

    def score(self, model: Any, rng: torch.Generator) -> Scores:
        """Return how held-out persons are told when they look ahead, and how views are."""
        front, turned = (
            batch_of(self.held_out, p) for p in (self.frontal_pairs, self.turned_pairs)
        )
        made = [model.view(one.codes[SOURCE], one.codes[YAW], rng).cpu() for one in (front, turned)]
        return self.compare(*made)

    def compare(self, front: Tensor, turned: Tensor) -> Scores:
        """Score what was made of the sources of `frontal_pairs` and `turned_pairs`.

        NaN throughout if something is not finite.
        """
        true = batch_of(self.held_out, self.turned_pairs)
        finite = bool(torch.isfinite(front).all() and torch.isfinite(turned).all())
        if not finite:
            front, turned = torch.zeros_like(front), true.samples
        persons = self.held_out.annotations[IDENTITY]
        scores = {
            "rank1": self.rank1(front, persons[self.frontal_pairs.source]),
            "ssim": fitness.ssim(turned, true.samples),
            "l1": float((turned - true.samples).abs().mean()),
        }
        total = scores["rank1"] + scores["ssim"]
        if LANDMARKS in self.held_out.annotations:
            scores["landmark_error"] = self.landmark_error(turned, self.turned_pairs.target)
            total -= scores["landmark_error"]
        scores = {"fitness": total, **scores}
        return scores if finite else dict.fromkeys(scores, math.nan)

    def rank1(self, images: Tensor, persons: Array) -> float:
        """Return how often the held-out frontal view nearest to images is of persons (N,)."""
        front = frontal(self.held_out)
        gallery, found = (
            torch.from_numpy(self.features.features(one))
            for one in (self.held_out.tensor(front), images)
        )
        alike = F.normalize(found, dim=1) @ F.normalize(gallery, dim=1).T
        told = self.held_out.annotations[IDENTITY][front][alike.argmax(dim=1).numpy()]
        return float((told == persons).mean())

    def landmark_error(self, images: Tensor, target: Array) -> float:
        """Return how far landmarks of images are from those of held-out views (N,), in widths."""
        with one_thread():
            read = self.reader(images)
        known = self.held_out.annotations
        true = torch.tensor(known[LANDMARKS][target])
        distance = (read - true).norm(dim=2) / 2.0
        if VISIBLE in known:
            distance = distance[torch.tensor(known[VISIBLE][target])]
        return float(distance.mean())

    @cached_property
    def reader(self) -> LandmarkReader:
        """What reads landmarks off images to judge them; no model has it."""
        return fitted(self.data, num_features=NUM_READ, seed=READER_SEED)

    def make(self, model: Any, count: int, rng: torch.Generator, *, given: Codes) -> Batch:
        """Turn each "source" that is given to its "yaw"; to the front where none is given."""
        del count
        yaw = given.get(YAW, torch.zeros(len(given[SOURCE])))
        return Batch(model.view(given[SOURCE], yaw, rng).cpu(), {YAW: yaw})

    def pictures(self, model: Any) -> dict[str, Draw]:
        """Show held-out persons from the sides that there are, and the truth."""
        return {"views": partial(self.show_rows, model)}

    def show_rows(self, model: Any, rng: torch.Generator) -> Image.Image:
        """Draw rows of held-out persons: a source, what is made of it by yaw, and the truth."""
        rows, names = [], []
        persons = self.held_out.annotations[IDENTITY]
        chosen = np.unique(persons)[:PERSONS]
        columns = min(COLUMNS, int(np.bincount(persons).max()))
        for number, person in enumerate(chosen):
            views = by_yaw(self.held_out, person)[:columns]
            source = views[(number + 1) * len(views) // (len(chosen) + 1)]
            batch = batch_of(self.held_out, Pairs(np.full(len(views), source), views))
            made = model.view(batch.codes[SOURCE], batch.codes[YAW], rng).cpu()
            nothing = torch.full((columns - len(views), *made.shape[1:]), -1.0)
            first = batch.codes[SOURCE][:1]
            rows += [first, made, nothing, torch.full_like(first, -1.0), batch.samples, nothing]
            names += ["source, output", "truth"]
        return self.show(torch.cat(rows), columns=1 + columns, row_names=tuple(names))

    def show(
        self, images: Tensor, *, columns: int = COLUMNS, row_names: tuple[str, ...] = ()
    ) -> Image.Image:
        """Draw images (N, C, H, W) in rows."""
        drawn = images.cpu().numpy()
        return show(self.data.kind, drawn, columns=columns, row_names=row_names)

    def show_real(self) -> Image.Image:
        """Draw persons, a row each."""
        persons = np.unique(self.data.annotations[IDENTITY])[: 2 * PERSONS]
        columns = min(COLUMNS, int(np.bincount(self.data.annotations[IDENTITY]).max()))
        rows = []
        for person in persons:
            views = self.data.tensor(by_yaw(self.data, person)[:columns])
            rows += [views, torch.full((columns - len(views), *views.shape[1:]), -1.0)]
        return self.show(torch.cat(rows), columns=columns)

    def baselines(self) -> Mapping[str, Scores]:
        """Return what the source is worth as it is, mirrored, and the mean face at the yaw."""
        naive: dict[str, Any] = {
            "copied": _copied,
            "mirrored": _mirrored,
            "mean face": MeanFaces(self.data),
        }
        found = {}
        for name, view in naive.items():
            both = (batch_of(self.held_out, p) for p in (self.frontal_pairs, self.turned_pairs))
            found[name] = self.compare(*(view(one.codes[SOURCE], one.codes[YAW]) for one in both))
        return found


class MeanFaces:
    """The mean of training views whose yaw is nearest to the one that is asked for.

    Args:
        data: The training views.
    """

    def __init__(self, data: Dataset) -> None:
        yaws, which = np.unique(np.rint(data.annotations[YAW] / 5.0) * 5.0, return_inverse=True)
        self.yaws = torch.from_numpy(yaws)
        means = [data.tensor(np.flatnonzero(which == i)).mean(dim=0) for i in range(len(yaws))]
        self.means = torch.stack(means)

    def __call__(self, source: Tensor, yaw: Tensor) -> Tensor:
        """Return a mean face for each yaw (N,) in degrees."""
        del source
        return self.means[(yaw[:, None] - self.yaws).abs().argmin(dim=1)]


def _copied(source: Tensor, yaw: Tensor) -> Tensor:
    del yaw
    return source


def _mirrored(source: Tensor, yaw: Tensor) -> Tensor:
    del yaw
    return source.flip(3)


def fitted(data: Dataset, *, num_features: int, seed: int) -> LandmarkReader:
    """Return a reader that has learned from data with landmarks, the same bits on any threads."""
    known = data.annotations
    reader = LandmarkReader(known[LANDMARKS].shape[1], num_features=num_features, seed=seed)
    if data.is_here:
        chosen = data.spread(len(data))
        with one_thread():
            marks, yaw = torch.tensor(known[LANDMARKS]), torch.tensor(known[YAW])
            reader.fit(data.tensor(chosen), marks, yaw)
    return reader


def batch_of(data: Dataset, pairs: Pairs) -> Batch:
    """Return the targets of pairs with their "source", "yaw" and, if known, "landmarks"."""
    codes = {
        SOURCE: data.tensor(pairs.source),
        YAW: torch.tensor(data.annotations[YAW][pairs.target]),
    }
    if LANDMARKS in data.annotations:
        codes[LANDMARKS] = torch.tensor(data.annotations[LANDMARKS][pairs.target])
    return Batch(data.tensor(pairs.target), codes)
