"""GAN Dissection (Bau et al. 2018, "GAN dissection ...", arXiv 1811.10597).

Which units u of a generator x = f(r), r a layer's maps, draw the objects of a class c? Not a model
that makes images but one that looks into another's generator:

    dissection      IoU_u,c = E|(r_u↑ > t) ∧ s_c(x)| / E|(r_u↑ > t) ∨ s_c(x)|
    ablation        x_a = f(r with 0 in units U at places P)
    insertion       x_i = f(r with k in units U at places P), k a unit's mean where class c is
    causal effect   δ = E[s_c(x_i)] − E[s_c(x_a)]

with s_c the segmentation and t where I(a; b) / H(a, b) of both masks is largest. U is found by a
relaxed choice α in [0, 1] of units, x_a = f((1 − α) r), x_i = f(α k + (1 − α) r) at P, by Adam on
−δ + λ‖α‖² from α proportional to the IoU; its largest entries are U.

Here objects are of one colour each, as in `scenes` and `shapes`, so that the segmentation is known
exactly (`egan.judging.attributes.segment`) and needs no network; for the gradient it is smoothed.
P is a random square of half the map's side, and δ is measured in it. The generator is any
convolutional one of the collection, given as its run's model.safetensors (--subject), or a small
DCGAN with hinge loss, which the first updates train.

Fitness: the causal effect of a fixed number of units, the mean over classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import mutations
from egan import networks
from egan.config import DataConfig, SearchConfig
from egan.config.collection import CollectionConfig
from egan.config.settings import AdversarialSettings, Settings
from egan.judging.attributes import segment
from egan.judging.dissection import (
    QUANTILES,
    QUICK,
    Edit,
    blended,
    dissect,
    levels_where,
    map_layers,
    masks_of,
    smooth_segmentation,
    watched,
)
from egan.losses.games import hinge_loss
from egan.reporting.pictures import image_grid
from egan.tasks.generation import Generative
from egan.training.game import Adversarial
from egan.training.model import Batch, Codes, Draw, Model, stream
from mutations.objectives import Objective

if TYPE_CHECKING:
    from PIL import Image

NUM_SURVEYED, NUM_JUDGED, NUM_SHOWN = 400, 200, 10
RARE = 1e-3
"""The share of real pixels below which a colour is no class."""


@dataclass(frozen=True, kw_only=True)
class DissectionSettings(Settings):
    """Settings of a dissection."""

    STRUCTURAL = ("subject", "width", "layer")
    MAY_BE_ZERO = ("layer", "subject_updates")

    subject: str = ""
    """The model.safetensors whose generator is looked into; by default one is trained first."""
    width: int = 48
    """Channels before the image in the generator that is trained."""
    subject_updates: int = 1200
    """Updates that train that generator."""
    subject_lr: float = 1e-3
    """Learning rate of that generator; its discriminator's is twice as large."""
    layer: int = 1
    """Which map is looked into, counted from the smallest, 0; there is one for each size."""
    num_units: int = 8
    """How many units are ablated or inserted."""
    threshold: Literal["information", "quantile"] = "information"
    """What makes a unit's mask: the most informative threshold, or its highest 0.5%."""
    lr: float = 0.01
    """Learning rate of the choice of units."""
    penalty: float = 0.005
    """Weight of the squared choice of units (lambda)."""


def small() -> CollectionConfig:
    """Scenes of 16x16 pixels with up to two objects, in a minute and a half."""
    return CollectionConfig(
        data=DataConfig(name="scenes", image_size=16),
        search=SearchConfig(rounds=14, interval=100),
        settings=DissectionSettings(),
    )


def paper() -> CollectionConfig:
    """As many units as are looked into at 8x8 in a generator of 64x64 images; 20 of them chosen."""
    return CollectionConfig(
        data=DataConfig(name="scenes", image_size=64, channels=3),
        search=SearchConfig(rounds=300, interval=100),
        settings=DissectionSettings(width=128, subject_updates=20_000, num_units=20),
    )


@dataclass(frozen=True, kw_only=True)
class _DcganSettings(AdversarialSettings):
    width: int = 48


class Dcgan(Adversarial):
    """The generator that is looked into if no other is given."""

    settings: _DcganSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        s = self.settings
        options: dict[str, Any] = {"latent_dim": s.latent_dim, "width": s.width, "norm": "batch"}
        return networks.generator("dcgan", self.shape, **options)

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        width = self.settings.width
        return networks.discriminator("dcgan", self.shape, width=width, norm="spectral")

    def codes(self, count: int, generator: torch.Generator) -> Codes:
        """Draw z (count, Z) from N(0, 1)."""
        return {"z": torch.randn(count, self.settings.latent_dim, generator=generator)}

    def discriminator_loss(self, real: Batch, fake: Batch) -> Tensor:
        """Return the hinge loss."""
        return hinge_loss(self.logits(real), self.logits(fake))

    def objective(self) -> Objective:
        """Return −E[t]."""
        return mutations.get("hinge")


class Choice(nn.Module):
    """Which units draw each class: α (C, U), the levels k (C, U) to insert, and the IoU (C, U)."""

    levels: Tensor
    iou: Tensor
    surveyed: Tensor

    def __init__(self, num_classes: int, num_units: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.zeros(num_classes, num_units))
        self.register_buffer("levels", torch.zeros(num_classes, num_units))
        self.register_buffer("iou", torch.zeros(num_classes, num_units))
        self.register_buffer("surveyed", torch.tensor(False))

    def best(self, count: int) -> Tensor:
        """Return ones (C, U) at the `count` units of each class with the largest α."""
        order = self.alpha.topk(min(count, self.alpha.shape[1]), dim=1).indices
        return torch.zeros_like(self.alpha).scatter(1, order, 1.0)


class Dissection(Model):
    """Trains a generator or takes a trained one, then finds the units that draw each class."""

    presets: ClassVar = {"small": small, "paper": paper}
    space: ClassVar = {
        "layer": "0,1",
        "penalty": "1e-4,0.1,log",
        "num_units": "1,2,4,8,16",
        "threshold": "information|quantile",
        "lr": "1e-3,0.1,log",
    }
    tiny: ClassVar = {"width": 4, "subject_updates": 1, "batch_size": 4, "num_units": 2}
    needs_images = True
    settings: DissectionSettings

    def build(self) -> dict[str, nn.Module]:
        """Build or load the generator, and the choice of its units."""
        self.subject = self._subject()
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
        choice = Choice(len(self.classes), self.layer.shape[0])
        return {**self.subject.networks, "choice": choice}

    def _subject(self) -> Generative:
        s = self.settings
        if s.subject:
            from egan.runs.showcase import load_model

            subject = load_model(s.subject, task=self.task)
            if not isinstance(subject, Generative):
                raise ValueError(
                    f"--subject {s.subject} is a {type(subject).__name__}, which makes no samples; "
                    "give a generator's model.safetensors."
                )
            return subject
        settings = _DcganSettings(batch_size=s.batch_size, width=s.width)
        return Dcgan({}, settings=settings, task=self.task)

    def _classes(self) -> list[int]:
        """Return the colours that the data have, as indices into the palette."""
        segments = segment(self.task.data.real(NUM_SURVEYED))
        shares = np.bincount(segments.ravel(), minlength=5)[1:] / segments.size
        if not (shares > RARE).any():
            raise ValueError(
                f"a dissection needs images of coloured objects, but {self.task.data.name} has "
                "none; give --data.name scenes or shapes."
            )
        return [int(one) for one in np.flatnonzero(shares > RARE)]

    def optimizer_options(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the rates of the generator, while it is trained, and of the choice of units."""
        s, options = self.settings, {"choice": {"lr": self.settings.lr}}
        if s.subject:
            return options
        rates = {"generator": s.subject_lr, "discriminator": 2 * s.subject_lr}
        return options | {name: {"lr": lr, "betas": (0.0, 0.99)} for name, lr in rates.items()}

    def update(self) -> None:
        """Train the generator; later, survey its units once and then choose among them."""
        s = self.settings
        if not s.subject and self.updates < s.subject_updates:
            self._train_subject()
            return
        self.training(False)
        if not self.choice.surveyed:
            self.survey()
        self.choose()
        self.training(True)

    def _train_subject(self) -> None:
        subject = self.subject
        subject.settings = replace(subject.settings, batch_size=self.settings.batch_size)
        subject.optimizers, subject.random = self.optimizers, self.random
        subject.update()

    @torch.no_grad()
    def survey(self) -> None:
        """Compare all units with all classes: IoU, levels to insert, and α to start from."""
        quantiles = QUANTILES if self.settings.threshold == "information" else QUICK
        with watched(self.layer) as seen:
            masks = masks_of(self.images(NUM_SURVEYED, seed=self._seed()), self.classes)
        iou = dissect(seen[0].cpu(), masks, quantiles=quantiles).iou.T
        self.choice.iou.copy_(iou)
        self.choice.levels.copy_(levels_where(seen[0].cpu(), masks))
        self.choice.alpha.copy_(iou / iou.amax(dim=1, keepdim=True).clamp(min=1e-9))
        self.choice.surveyed.fill_(True)

    def choose(self) -> None:
        """Take a step of α on −δ + λ‖α‖², for all classes at once."""
        count, seed = self.settings.batch_size, self._seed()
        places = self.squares(count, self.random)
        effects = []
        for index in range(len(self.classes)):
            with_it, without = (
                self.images(count, seed=seed, edit=edit)
                for edit in self.edits(index, self.choice.alpha[index], places)
            )
            gain = smooth_segmentation(with_it, self.classes) - smooth_segmentation(
                without, self.classes
            )
            effects.append(_within(gain[:, index], places))
        penalty = self.settings.penalty * self.choice.alpha.square().sum()
        self.descend("choice", penalty - torch.stack(effects).sum())
        with torch.no_grad():
            self.choice.alpha.clamp_(0, 1)

    def edits(self, index: int, units: Tensor, places: Tensor) -> tuple[Edit, Edit]:
        """Return the insertion and the ablation of units (U,) for a class, at some places."""
        level = self.choice.levels[index]
        return blended(units, level, places), blended(units, 0.0, places)

    def squares(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw places (count, 1, h, w): ones in a random square of half the map's side."""
        size = self.layer.shape[1]
        side = max(1, size // 2)
        corners = torch.randint(size - side + 1, (count, 2, 1), generator=generator)
        line = torch.arange(size)
        inside = (line >= corners) & (line < corners + side)
        places = inside[:, 0, :, None] & inside[:, 1, None, :]
        return places[:, None].float().to(self.device)

    def score(self) -> dict[str, float]:
        """Return δ of the chosen units, what ablating them everywhere removes, the best IoU."""
        seed, places = self._seed(), self.squares(NUM_JUDGED, self.random)
        before = masks_of(self.images(NUM_JUDGED, seed=seed), self.classes).float()
        effects, removed = [], []
        for index, units in enumerate(self.choice.best(self.settings.num_units)):
            insert, ablate = self.edits(index, units, places)
            gain = self._masks(insert, seed, index) - self._masks(ablate, seed, index)
            effects.append(float(_within(gain, places.cpu())))
            left = self._masks(blended(units, 0.0, 1.0), seed, index).sum()
            removed.append(1 - float(left / before[:, index].sum().clamp(min=1)))
        return {
            "fitness": float(np.mean(effects)),
            "removed": float(np.mean(removed)),
            "iou": float(self.choice.iou.amax(dim=1).mean()),
        }

    def _masks(self, edit: Edit, seed: int, index: int) -> Tensor:
        made = self.images(NUM_JUDGED, seed=seed, edit=edit)
        return masks_of(made, self.classes)[:, index].float()

    @property
    def choice(self) -> Choice:
        """Which units draw which class."""
        choice = self.networks["choice"]
        assert isinstance(choice, Choice)
        return choice

    def _seed(self) -> int:
        return int(torch.randint(2**31, (), generator=self.random))

    def images(self, count: int, *, seed: int, edit: Edit | None = None) -> Tensor:
        """Make samples (count, 3, H, W), the same for a seed but for what an edit changes."""
        if edit is None:
            return self.subject.sample(count, stream(seed))
        with watched(self.layer, edit):
            return self.subject.sample(count, stream(seed))

    def pictures(self) -> dict[str, Draw]:
        """Show what units draw, what is left without them, and what they add."""
        return {
            "ablation": self.show_ablation,
            "insertion": self.show_insertion,
            "heat_maps": self.show_heat_maps,
        }

    def show_ablation(self, generator: torch.Generator) -> Image.Image:
        """Draw samples, and below without the units of each class."""
        everywhere = torch.ones(1)
        edits = [
            blended(units, 0.0, everywhere) for units in self.choice.best(self.settings.num_units)
        ]
        return self._rows(generator, edits)

    def show_insertion(self, generator: torch.Generator) -> Image.Image:
        """Draw samples, and below with the units of each class raised in a random square."""
        places = self.squares(NUM_SHOWN, generator)
        chosen = enumerate(self.choice.best(self.settings.num_units))
        return self._rows(generator, [self.edits(i, units, places)[0] for i, units in chosen])

    def _rows(self, generator: torch.Generator, edits: list[Edit]) -> Image.Image:
        seed = generator.initial_seed()
        made = [self.images(NUM_SHOWN, seed=seed, edit=edit) for edit in (None, *edits)]
        return image_grid(torch.cat(made).cpu().numpy(), columns=NUM_SHOWN)

    def show_heat_maps(self, generator: torch.Generator) -> Image.Image:
        """Draw samples, and below the map of each class's best unit, from its lowest to highest."""
        with watched(self.layer) as seen:
            made = self.images(NUM_SHOWN, seed=generator.initial_seed())
        maps = F.interpolate(seen[0], made.shape[2:], mode="bilinear")[:, self.choice.iou.argmax(1)]
        low, high = maps.amin((0, 2, 3), keepdim=True), maps.amax((0, 2, 3), keepdim=True)
        heat = 2 * (maps - low) / (high - low).clamp(min=1e-9) - 1
        shown = heat.transpose(0, 1).flatten(0, 1)[:, None].expand(-1, 3, -1, -1)
        return image_grid(torch.cat([made, shown]).cpu().numpy(), columns=NUM_SHOWN)


def _within(values: Tensor, places: Tensor) -> Tensor:
    """Return the mean of values (N, H, W) in the places (N, 1, h, w) of a smaller map."""
    share = F.interpolate(places, values.shape[1:])[:, 0]
    return (values * share).sum() / share.sum()
