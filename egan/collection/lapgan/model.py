"""LAPGAN; `egan.collection.lapgan` tells the paper."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.collection.lapgan import PRESETS, SOURCES, LapganSettings
from egan.collection.lapgan.networks import (
    DetailDiscriminator,
    DetailGenerator,
    check_levels,
    doubled,
    gaussian_pyramid,
    smallest_discriminator,
    smallest_generator,
)
from egan.data.kinds import Images
from egan.tasks import Batch, Codes, Draw, Generation, Needs
from egan.training.game import Game
from egan.training.sides import Sides

if TYPE_CHECKING:
    from PIL import Image

SHOWN = 10
GENERATOR, DISCRIMINATOR = "generator", "discriminator"


class Lapgan(Game):
    """A game for the details of every size of images, and one for the smallest.

    A sample of the game is a row of numbers: images of all sizes that real ones have become, the
    largest first, each with details by its own generator, and an image of the smallest size. What
    is sampled, judged and shown is made from the smallest size on.
    """

    task_type: ClassVar = Generation
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    needs: ClassVar = Needs(kinds=(Images,))
    tiny: ClassVar = {
        "levels": 1,
        "width": 4,
        "discriminator_width": 4,
        "hidden": 8,
        "discriminator_hidden": 8,
        "latent_dim": 4,
        "batch_size": 8,
    }
    live: ClassVar = {"dropout": (nn.Dropout, "p")}
    augmentable: ClassVar = False
    settings: LapganSettings

    @property
    def places(self) -> list[str]:
        """What levels are called, the largest first; the last is that of the smallest images."""
        return [f"level_{level}" for level in range(self.settings.levels + 1)]

    @property
    def sides(self) -> Sides:  # type: ignore[override]
        """A generator and a discriminator a level."""
        return Sides(
            tuple(f"{GENERATOR}_{place}" for place in self.places),
            tuple(f"{DISCRIMINATOR}_{place}" for place in self.places),
        )

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shape of each level's images, the largest first."""
        channels, height, width = self.shape
        return [(channels, height >> k, width >> k) for k in range(self.settings.levels + 1)]

    def generators(self) -> dict[str, nn.Module]:
        """Build G_0 to G_K.

        Raises:
            ValueError: Images cannot be halved so often.
        """
        s = self.settings
        check_levels(self.shape[-1], s.levels)
        options = {"noise_channels": s.noise_channels, "width": s.width}
        networks: list[nn.Module] = [
            DetailGenerator(self.shape[0], **options) for _ in range(s.levels)
        ]
        last = smallest_generator(self.shapes[-1], latent_dim=s.latent_dim, hidden=s.hidden)
        return dict(zip(self.sides.members, [*networks, last], strict=True))

    def discriminators(self) -> dict[str, nn.Module]:
        """Build D_0 to D_K."""
        s = self.settings
        networks: list[nn.Module] = [
            DetailDiscriminator(shape[0], shape[1], width=s.discriminator_width, dropout=s.dropout)
            for shape in self.shapes[:-1]
        ]
        hidden = s.discriminator_hidden
        last = smallest_discriminator(self.shapes[-1], hidden=hidden, dropout=s.dropout)
        return dict(zip(self.sides.environment, [*networks, last], strict=True))

    @property
    def generator(self) -> nn.Module:
        """All generators, the largest level's first."""
        return nn.ModuleList([self.networks[name] for name in self.sides.members])

    @property
    def average(self) -> nn.Module:
        """The averages of all generators."""
        averages = [self.networks[f"{name}_average"] for name in self.sides.members]
        return nn.ModuleList([one.module for one in averages])  # type: ignore[misc]

    def learning_rate(self, network: str) -> float:
        """Return the rate of a network; of gradient descent as many times it as there are levels.

        Losses are means over levels, to each of which its own rate belongs.
        """
        rate = super().learning_rate(network)
        return rate * len(self.places) if self.settings.optimizer == "sgd" else rate

    def noise(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z), and planes (count, M, H, W) of noise for each level above."""
        s = self.settings
        planes = {
            f"noise_{place}": torch.randn(count, s.noise_channels, *shape[1:], generator=rng)
            for place, shape in zip(self.places[:-1], self.shapes, strict=False)
        }
        return {"z": torch.randn(count, s.latent_dim, generator=rng), **planes}

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw noise, and real images made small and enlarged again for each level."""
        images = self.task.data.draw(count, rng)
        sizes = gaussian_pyramid(images, self.settings.levels)
        lows = {
            f"low_{place}": doubled(small)
            for place, small in zip(self.places, sizes[1:], strict=False)
        }
        return {**self.noise(count, rng), **lows}

    def draw(self, count: int | None = None) -> Batch:
        """Draw real images in all sizes."""
        images = self.task.data.draw(count or self.settings.batch_size, self.rng)
        sizes = gaussian_pyramid(images, self.settings.levels)
        return Batch(joined(sizes)).to(self.device)

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Let each level make its images, given real ones of the size below."""
        *details, smallest = network.children()
        made = [
            codes[f"low_{place}"] + one(codes[f"low_{place}"], codes[f"noise_{place}"])
            for place, one in zip(self.places, details, strict=False)
        ]
        return joined([*made, smallest(codes["z"])])

    def parted(self, samples: Tensor) -> list[Tensor]:
        """Return the images of each level (N, C, H, W) of rows of numbers."""
        parts = torch.split(samples, [math.prod(shape) for shape in self.shapes], dim=1)
        return [part.reshape(-1, *shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask each D_k about its level: as many logits for each sample, one after the other."""
        pairs = zip(self.sides.environment, self.parted(batch.samples), strict=True)
        return torch.stack([self.networks[name](part) for name, part in pairs], dim=1).flatten()

    def grown(self, noise: Codes) -> list[Tensor]:
        """Return images of all sizes, each made from the one below, the largest first."""
        *details, smallest = self.average.children()
        made = [smallest(noise["z"])]
        pairs = [*zip(self.places, details, strict=False)]
        for place, one in reversed(pairs):
            low = doubled(made[0])
            made.insert(0, low + one(low, noise[f"noise_{place}"]))
        return made

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Make images from the smallest size on, by the averages, and into [-1, 1]."""
        noise = {name: one.to(self.device) for name, one in self.noise(count, rng).items()}
        made: Tensor = self.grown(noise)[0].clamp(-1, 1)
        return made

    def pictures(self) -> dict[str, Draw]:
        """Show samples, and how they grow."""
        return super().pictures() | {"sizes": self.show_sizes}

    @torch.no_grad()
    def show_sizes(self, rng: torch.Generator) -> Image.Image:
        """Draw samples in rows, from the smallest size to the largest, enlarged by whole pixels."""
        noise = {name: one.to(self.device) for name, one in self.noise(SHOWN, rng).items()}
        rows = [
            F.interpolate(images.clamp(-1, 1).cpu(), size=self.shape[1:], mode="nearest")
            for images in reversed(self.grown(noise))
        ]
        names = tuple(f"{shape[1]}x{shape[2]}" for shape in reversed(self.shapes))
        picture: Image.Image = self.task.show(torch.cat(rows), columns=SHOWN, row_names=names)
        return picture


def joined(images: list[Tensor]) -> Tensor:
    """Return images of several sizes (N, C, H, W) as rows of numbers, one after the other."""
    return torch.cat([one.flatten(1) for one in images], dim=1)
