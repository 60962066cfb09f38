"""Transforming autoencoder (Hinton, Krizhevsky and Wang 2011, "Transforming auto-encoders", ICANN).

Each of K capsules recognises one thing: whether it is there, with probability p_k, and where, at
x_k. It is told by how much the image will move, and draws its thing there:

    x_k, p_k = V_k σ(U_k image)                recognition units, a few in each capsule
    image' = c + Σ_k p_k A_k σ(B_k (x_k + Δ))  generation units, Δ the shift

    L = E[‖image' − image moved by Δ‖²]

An update:

    draw images somewhere on a canvas, shifts Δ, and the images moved by Δ
    descend L in all capsules at once

Nothing says where a thing is, but that what moves by Δ is to be found Δ farther: the slope of the
x_k against shifts, weighted by p_k, comes near 1. Images get a border as wide as they are moved, so
that nothing of them is cut. Numbers of capsules and units of the paper preset are told from memory.

Fitness: minus the mean squared error of a pixel of held-out images.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.config import DataConfig, RunConfig, SearchConfig, Settings
from egan.reporting.pictures import scatter_picture
from egan.tasks import Draw, Shifts, placed
from egan.training.model import Model

if TYPE_CHECKING:
    from PIL import Image

NUM_FOLLOWED = 500
"""Held-out images whose capsules are followed while they move."""


@dataclass(frozen=True, kw_only=True)
class TransformingAutoencoderSettings(Settings):
    """Settings of a transforming autoencoder."""

    STRUCTURAL = ("capsules", "recognition_units", "generation_units", "most")
    SPACE: ClassVar = {
        "lr": "1e-4,1e-2,log",
        "capsules": "5,10,20,30",
        "recognition_units": "10,20,40",
        "generation_units": "10,20,40",
    }

    capsules: int = 30
    """Capsules (K)."""
    recognition_units: int = 10
    """Recognition units of a capsule."""
    generation_units: int = 20
    """Generation units of a capsule."""
    most: int = 2
    """The most pixels that an image is moved by from the middle of its canvas, along each axis."""
    lr: float = 3e-3
    """Learning rate."""


def small() -> RunConfig:
    """Digits of 8x8 pixels on a canvas of 12x12, in half a minute."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=200),
        settings=TransformingAutoencoderSettings(),
    )


def mnist() -> RunConfig:
    """5,000 digits of MNIST on a canvas of 32x32, in a minute."""
    return RunConfig(
        data=DataConfig(name="mnist5k"),
        search=SearchConfig(rounds=20, interval=200),
        settings=TransformingAutoencoderSettings(),
    )


def paper() -> RunConfig:
    """MNIST: 30 capsules of 10 recognition and 20 generation units."""
    return RunConfig(
        data=DataConfig(name="mnist", image_size=28),
        search=SearchConfig(rounds=100, interval=1000),
        settings=TransformingAutoencoderSettings(lr=1e-3),
    )


class Capsules(nn.Module):
    """Ink of D pixels -> K places and presences -> ink of D pixels."""

    def __init__(self, size: int, s: TransformingAutoencoderSettings) -> None:
        super().__init__()
        self.count, self.reach = s.capsules, 2.0 * s.most  # about as far as things move
        self.recognise = nn.Linear(size, s.capsules * s.recognition_units)
        self.read = Apart(s.capsules, s.recognition_units, 3)
        self.spread = Apart(s.capsules, 2, s.generation_units)
        self.draw = nn.Linear(s.capsules * s.generation_units, size)

    def find(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return where things of ink (N, D) are, (N, K, 2), and whether, (N, K)."""
        units = self.recognise(rows).sigmoid().unflatten(1, (self.count, -1))
        told = self.read(units)
        return self.reach * told[..., :2], told[..., 2].sigmoid()

    def tell(self, places: Tensor, presence: Tensor) -> Tensor:
        """Draw things at places (N, K, 2) as far as they are there, (N, K): ink (N, D)."""
        units = self.spread(places).sigmoid() * presence[..., None]
        drawn: Tensor = self.draw(units.flatten(1))
        return drawn


def ink(images: Tensor) -> Tensor:
    """Return images in [-1, 1] as numbers in [0, 1]: most of a digit is 0."""
    return (images + 1) / 2


class Apart(nn.Module):
    """An affine map of its own for each of K capsules: (N, K, A) -> (N, K, B)."""

    def __init__(self, count: int, before: int, after: int) -> None:
        super().__init__()
        bound = before**-0.5
        self.weight = nn.Parameter(torch.empty(count, before, after).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(count, after).uniform_(-bound, bound))

    def forward(self, units: Tensor) -> Tensor:
        """Map the units of each capsule."""
        return torch.einsum("nka,kab->nkb", units, self.weight) + self.bias


class TransformingAutoencoder(Model):
    """Capsules that say what is where, and draw it elsewhere."""

    task_type: ClassVar = Shifts
    presets: ClassVar = {"small": small, "mnist": mnist, "paper": paper}
    sources: ClassVar = {
        "paper": {
            "from memory": ("capsules", "recognition_units", "generation_units"),
            "ours": ("batch_size", "most", "lr"),
        }
    }
    learning: ClassVar = {"capsules": "lr"}
    tiny: ClassVar = {"capsules": 3, "recognition_units": 2, "generation_units": 2, "batch_size": 8}
    settings: TransformingAutoencoderSettings

    def build(self) -> dict[str, nn.Module]:
        """Build the capsules."""
        self.task.most = self.settings.most
        self.capsules = Capsules(prod(self.task.canvas), self.settings)
        return {"capsules": self.capsules}

    def find(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return places (N, K, 2), in pixels down and right, and presences (N, K) of canvases."""
        places, presence = self.capsules.find(ink(images.to(self.device)).flatten(1))
        return places, presence

    def drawn(self, source: Tensor, shift: Tensor) -> Tensor:
        """Return the ink (N, D) of canvases, moved by shifts (N, 2), 0 for none and 1 for white."""
        places, presence = self.find(source)
        return self.capsules.tell(places + shift.to(self.device)[:, None], presence)

    def moved(self, source: Tensor, shift: Tensor) -> Tensor:
        """Move what canvases (N, C, H, W) show by shifts (N, 2)."""
        images = 2 * torch.unflatten(self.drawn(source, shift), 1, self.task.canvas) - 1
        made: Tensor = self.task.data.kind.clamp(images)
        return made

    def update(self) -> None:
        """Descend the error once."""
        batch = self.draw()
        made = self.drawn(batch.samples, batch.codes["shift"])
        self.descend(F.mse_loss(made, ink(batch.codes["target"]).flatten(1)), "capsules")

    def look(self) -> dict[str, float]:
        """Add how places follow shifts: 1 where they do."""
        return {**super().look(), "slope": self.slope()}

    def slope(self) -> float:
        """Return the slope of places against shifts from the middle, both axes, weighted by p."""
        images, most = self.task.held_out.real(NUM_FOLLOWED), self.task.most
        first, presence = self.find(self._at(images, (0, 0)))
        gained, told = torch.zeros(()), torch.zeros(())
        for step in [one for one in range(-most, most + 1) if one]:
            for axis in (0, 1):
                offset = (step, 0) if axis == 0 else (0, step)
                places, _ = self.find(self._at(images, offset))
                change = (places - first)[..., axis]
                gained = gained + step * (presence * change).sum().cpu()
                told = told + step**2 * presence.sum().cpu()
        return float(gained / told)

    def _at(self, images: Tensor, offset: tuple[int, int]) -> Tensor:
        """Put images on canvases, all at one place."""
        return placed(images, torch.tensor([offset]).expand(len(images), 2), most=self.task.most)

    def pictures(self) -> dict[str, Draw]:
        """Show what is moved where, and what a capsule says of where things are."""
        return super().pictures() | {"places": self.show_places}

    def show_places(self, rng: torch.Generator) -> Image.Image:  # noqa: ARG002 - nothing is drawn
        """Draw where the surest capsule finds its thing, across, and once moved right, upwards.

        Grey is where it should be, as much farther as the image was moved.
        """
        images, most = self.task.held_out.real(NUM_FOLLOWED), self.task.most
        before, presence = self.find(self._at(images, (0, 0)))
        after, _ = self.find(self._at(images, (0, most)))
        surest = int(presence.mean(dim=0).argmax())
        here, there = (one[:, surest, 1].cpu() for one in (before, after))
        return scatter_picture(
            torch.stack([here, there], dim=1), real=torch.stack([here, here + most], dim=1)
        )
