"""Dissection: a generator is trained or taken, its units are surveyed, then chosen among."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from inspect import unwrap
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.collection.dissection import PRESETS, SOURCES, DissectionSettings
from egan.collection.dissection.networks import Choice, Subject, subject_settings
from egan.collection.dissection.units import (
    QUANTILES,
    QUICK,
    Edit,
    blended,
    candidates,
    dissect,
    levels_where,
    map_layers,
    masks_of,
    occupied,
    popularity,
    shares,
    smooth_segmentation,
    watched,
)
from egan.data.kinds import Images
from egan.data.shapes import PALETTE
from egan.judging import attributes
from egan.tasks import Draw, Generation, Needs, Scores
from egan.training.model import Model, stream

if TYPE_CHECKING:
    from PIL import Image

NUM_SURVEYED, NUM_JUDGED, NUM_SHOWN = 400, 200, 10
RARE = 1e-3
"""The share of real pixels below which a colour is no class."""


class Units(Generation):
    """Units of a generator that match classes: measures of the model's own, no distances."""

    needs: ClassVar = Needs(kinds=(Images,))
    leading: ClassVar[tuple[str, ...]] = ("iou", "removed")

    @property
    def meaning(self) -> str:
        """Say what units do."""
        return (
            "the share of a class that the chosen units add where they are inserted, less what is "
            "left where they are ablated: 1 at best"
        )

    def baselines(self) -> Mapping[str, Scores]:
        """Return none: a distance of samples says nothing of units."""
        return {}


class Dissection(Model):
    """Trains a generator or takes a trained one, then finds the units that draw each class."""

    task_type: ClassVar = Units
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    learning: ClassVar = {"choice": "lr"}
    tiny: ClassVar = {"width": 4, "subject_updates": 1, "batch_size": 4, "num_units": 2}
    settings: DissectionSettings

    def build(self) -> dict[str, nn.Module]:
        """Build or load the generator, and the choice of its units."""
        self.subject = self._loaded() if self.settings.subject else self._born()
        self.classes = self._classes()
        layers = map_layers(self.subject.networks.values(), lambda: self.images(1, seed=0))
        if not layers:
            raise ValueError(
                f"{type(self.subject).__name__} makes its samples without feature maps, so there "
                "are no units to look into; give --subject a convolutional generator."
            )
        if self.settings.layer >= len(layers):
            raise ValueError(
                f"--layer must be below {len(layers)}, since the generator has feature maps of "
                f"{len(layers)} sizes, but got {self.settings.layer}."
            )
        self.layer = layers[self.settings.layer]
        units, height, width = self.layer.shape
        choice = Choice(len(self.classes), units, height * width)
        return {**self.subject.networks, "choice": choice}

    def _born(self) -> Subject:
        settings = subject_settings(self.settings)
        return Subject({}, settings=settings, task=self.task, device=str(self.device))

    def _loaded(self) -> Model:
        from egan.collection import saved

        s = self.settings
        subject: Model = saved.load(s.subject, task=self.task)
        if type(subject).sample is Model.sample:
            raise ValueError(
                f"--subject {s.subject} is a {type(subject).__name__}, which makes no samples; "
                "give a generator's model.safetensors."
            )
        subject.device = self.device
        for network in subject.networks.values():
            network.to(self.device)
        return subject

    def _classes(self) -> list[int]:
        """Return the colours that the data have, as indices into the palette: without them, all."""
        if not self.task.data.is_here:
            return list(range(len(PALETTE)))
        segments = attributes.segment(self.task.data.real(NUM_SURVEYED))
        shares = np.bincount(segments.ravel(), minlength=5)[1:] / segments.size
        if not (shares > RARE).any():
            raise ValueError(
                f"a dissection needs images of coloured objects, but {self.task.data.name} has "
                "none; give --data.name scenes or shapes."
            )
        return [int(one) for one in np.flatnonzero(shares > RARE)]

    def optimizer_options(self) -> Mapping[str, Mapping[str, Any]]:
        """Add the generator's, while it is trained here."""
        own = super().optimizer_options()
        return own if self.settings.subject else {**own, **self.subject.optimizer_options()}

    def apply_settings(self) -> None:
        """Hand the settings on, to the generator too while it is trained here."""
        if not self.settings.subject:
            self.subject.settings = subject_settings(self.settings)
        super().apply_settings()

    def update(self) -> None:
        """Train the generator; later, survey its units once and then choose among them."""
        s = self.settings
        if not s.subject and self.updates < s.subject_updates:
            self._train_subject()
            return
        self.training(False)
        if not self.choice.surveyed:
            if isinstance(self.subject, Subject):
                self.subject.renew_statistics()  # of the weights that stay from now on
            self.survey()
        self.choose()
        self.training(True)

    def _train_subject(self) -> None:
        self.subject.optimizers, self.subject.rng = self.optimizers, self.rng
        self.subject.update()

    @torch.no_grad()
    def survey(self) -> None:
        """Compare all units with all classes: IoU, what to insert where, and α to start from."""
        quantiles = QUANTILES if self.settings.threshold == "information" else QUICK
        with watched(self.layer) as seen:
            masks = masks_of(self.images(NUM_SURVEYED, seed=self._seed()), self.classes)
        self.choice.popularity.copy_(popularity(shares(masks, self.layer.shape[1:])))
        iou = dissect(seen[0].cpu(), masks, quantiles=quantiles).iou.T
        self.choice.iou.copy_(iou)
        self.choice.levels.copy_(levels_where(seen[0].cpu(), masks))
        self.choice.alpha.copy_(iou / iou.amax(dim=1, keepdim=True).clamp(min=1e-9))
        self.choice.surveyed.fill_(True)

    def choose(self) -> None:
        """Take a step of α on −δ + λ‖α‖², for all classes at once."""
        seed, alpha = self._seed(), self.choice.alpha
        share = self._shares(self.settings.batch_size, seed)
        effects = [self._effect(index, alpha[index], share, seed) for index in range(len(alpha))]
        penalty = self.settings.penalty * alpha.square().sum()
        self.descend(penalty - torch.stack(effects).sum(), "choice")
        with torch.no_grad():
            alpha.clamp_(0, 1)

    def _shares(self, count: int, seed: int) -> Tensor:
        """Return how much of each place of the map each class has (N, C, h, w) on samples."""
        with torch.no_grad():
            masks = masks_of(self.images(count, seed=seed), self.classes)
        return shares(masks, self.layer.shape[1:])

    def _effect(
        self, index: int, units: Tensor, share: Tensor, seed: int, *, exact: bool = False
    ) -> Tensor:
        """Return δ of units (U,): the class where they are inserted less where they are ablated."""
        own = share[:, index]
        free = candidates(own, self.choice.popularity[index], self.rng)
        taken = occupied(own)
        insert = self.insertion(index, units, free.where)
        ablate = blended(units, 0.0, taken.where.to(self.device))
        seen = []
        for edit, places in ((insert, free), (ablate, taken)):
            made = self.images(len(share), seed=seed, edit=edit)
            segment = masks_of if exact else smooth_segmentation
            seen.append(places.mean(segment(made, self.classes)[:, index].float()))
        return seen[0] - seen[1]

    def insertion(self, index: int, units: Tensor, places: Tensor) -> Edit:
        """Return what raises units (U,) to a class's levels at some places (N, 1, h, w)."""
        return blended(units, self.choice.levels[index], places.to(self.device))

    def score(self) -> dict[str, float]:
        """Return δ of the chosen units, what ablating them everywhere removes, the best IoU."""
        seed = self._seed()
        before = masks_of(self.images(NUM_JUDGED, seed=seed), self.classes)
        share = shares(before, self.layer.shape[1:])
        effects, removed = [], []
        for index, units in enumerate(self.choice.best(self.settings.num_units)):
            effects.append(float(self._effect(index, units, share, seed, exact=True)))
            made = self.images(NUM_JUDGED, seed=seed, edit=blended(units, 0.0, 1.0))
            left = masks_of(made, self.classes)[:, index].sum()
            removed.append(1 - float(left / before[:, index].sum().clamp(min=1)))
        return {
            "fitness": float(np.mean(effects)),
            "removed": float(np.mean(removed)),
            "iou": float(self.choice.iou.amax(dim=1).mean()),
        }

    def look(self) -> dict[str, float]:
        """Return the scores: not how good samples are, but what is known of them."""
        return self.score()

    @property
    def choice(self) -> Choice:
        """Which units draw which class."""
        choice = self.networks["choice"]
        assert isinstance(choice, Choice)
        return choice

    def _seed(self) -> int:
        return int(torch.randint(2**31, (), generator=self.rng))

    def images(self, count: int, *, seed: int, edit: Edit | None = None) -> Tensor:
        """Make samples (count, 3, H, W), the same for a seed but for what an edit changes.

        Gradients flow to the edit, which `sample` as it is would stop.
        """
        sample = unwrap(type(self.subject).sample)
        with nullcontext() if edit is None else watched(self.layer, edit):
            made: Tensor = sample(self.subject, count, stream(seed))
        return made

    def pictures(self) -> dict[str, Draw]:
        """Show what units draw, what is left without them, and what they add."""
        return {
            "ablation": self.show_ablation,
            "insertion": self.show_insertion,
            "heat_maps": self.show_heat_maps,
        }

    def show_ablation(self, rng: torch.Generator) -> Image.Image:
        """Draw samples, and below without the units of each class."""
        edits = [blended(units, 0.0, 1.0) for units in self.choice.best(self.settings.num_units)]
        return self._rows(rng, edits)

    def show_insertion(self, rng: torch.Generator) -> Image.Image:
        """Draw samples, and below with the units of each class raised where it may be."""
        share = self._shares(NUM_SHOWN, rng.initial_seed())
        edits = []
        for index, units in enumerate(self.choice.best(self.settings.num_units)):
            places = candidates(share[:, index], self.choice.popularity[index], rng)
            edits.append(self.insertion(index, units, places.where))
        return self._rows(rng, edits)

    def _rows(self, rng: torch.Generator, edits: list[Edit]) -> Image.Image:
        seed = rng.initial_seed()
        made = [self.images(NUM_SHOWN, seed=seed, edit=edit) for edit in (None, *edits)]
        return self._grid(torch.cat(made))

    def show_heat_maps(self, rng: torch.Generator) -> Image.Image:
        """Draw samples, and below the map of each class's best unit, from its lowest to highest."""
        with watched(self.layer) as seen:
            made = self.images(NUM_SHOWN, seed=rng.initial_seed())
        maps = F.interpolate(seen[0], made.shape[2:], mode="bilinear")[:, self.choice.iou.argmax(1)]
        low, high = maps.amin((0, 2, 3), keepdim=True), maps.amax((0, 2, 3), keepdim=True)
        heat = 2 * (maps - low) / (high - low).clamp(min=1e-9) - 1
        shown = heat.transpose(0, 1).flatten(0, 1)[:, None].expand(-1, 3, -1, -1)
        return self._grid(torch.cat([made, shown]))

    def _grid(self, samples: Tensor) -> Image.Image:
        picture: Image.Image = self.task.show(samples, columns=NUM_SHOWN)
        return picture
