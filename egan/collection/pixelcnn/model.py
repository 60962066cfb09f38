"""PixelCNN: exact likelihoods, samples pixel by pixel, and images completed from their top."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

from egan.collection.pixelcnn import PRESETS, SOURCES, PixelCnnSettings
from egan.collection.pixelcnn.networks import PixelNetwork
from egan.data.kinds import Images
from egan.data.levels import images_of, quantised
from egan.judging.tables import bits_per_dimension
from egan.tasks import ROW, Density, Draw, Needs
from egan.training.model import BATCH, Model

if TYPE_CHECKING:
    from PIL import Image

NUM_COMPLETIONS = 4


class PixelCnn(Model):
    """A network that tells the law of each pixel from all pixels before it."""

    task_type: ClassVar = Density
    needs: ClassVar = Needs(kinds=(Images,))
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    learning: ClassVar = {"network": "lr"}
    live: ClassVar = {"dropout": (nn.Dropout, "p")}
    tiny: ClassVar = {"width": 3, "blocks": 1, "batch_size": 4}
    settings: PixelCnnSettings

    def build(self) -> dict[str, nn.Module]:
        """Build the network.

        Raises:
            ValueError: Some channel would have no features.
        """
        s = self.settings
        if s.width < self.shape[0]:
            raise ValueError(
                f"--width must be at least {self.shape[0]}, a feature for each channel of "
                f"{self.task.data.name}, but got {s.width}."
            )
        self.task.likelihood, self.task.levels = "categorical", s.levels
        self.network = PixelNetwork(self.shape[0], s)
        return {"network": self.network}

    def log_likelihood(self, images: Tensor) -> Tensor:
        """Return log p of images (N, C, H, W), brought to the nearest levels, in nats, (N,)."""
        levels = quantised(images, self.settings.levels)
        logits = self.network(images_of(levels, self.settings.levels).to(images.dtype))
        nats: Tensor = logits.log_softmax(dim=2).gather(2, levels[:, :, None])
        return nats.flatten(1).sum(dim=1)

    def log_density(self, samples: Tensor, rng: torch.Generator) -> Tensor:  # noqa: ARG002 - exact
        """Return log p of images (N, C, H, W) in nats, (N,)."""
        parts = torch.split(samples.to(self.device), BATCH)
        return torch.cat([self.log_likelihood(part) for part in parts])

    def update(self) -> None:
        """Descend the bits of a number once."""
        images = self.draw().samples
        nats = self.log_likelihood(images).mean()
        self.descend(-nats / images[0].numel(), "network")

    def bits(self, samples: Tensor) -> float:
        """Return the bits of a number of images (N, C, H, W)."""
        nats = float(self.log_density(samples, self.rng).mean())
        return bits_per_dimension(nats, samples[0].numel())

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Draw images pixel by pixel."""
        return self.completed(torch.zeros(count, *self.shape), 0, rng)

    @torch.no_grad()
    def completed(self, images: Tensor, rows: int, rng: torch.Generator) -> Tensor:
        """Return images (N, C, H, W) with all but their first rows drawn anew."""
        levels = self.settings.levels
        made = images_of(quantised(images.to(self.device), levels), levels)
        channels, height, width = self.shape
        for i in range(rows, height):
            for j in range(width):
                for c in range(channels):
                    seen = made[:, :, : i + 1]  # nothing below matters
                    law = self.network(seen)[:, c, :, i, j].softmax(dim=1).cpu()
                    law = torch.where(law.isfinite(), law, 1.0)  # diverged: any level
                    drawn = torch.multinomial(law, 1, generator=rng)[:, 0]
                    made[:, c, i, j] = images_of(drawn, levels).to(self.device)
        return made

    def pictures(self) -> dict[str, Draw]:
        """Show samples, and images completed from their upper half."""
        return super().pictures() | {"completions": self.show_completions}

    def show_completions(self, rng: torch.Generator) -> Image.Image:
        """Draw held-out images over what their upper halves are completed to, four times."""
        images, half = self.task.held_out.real(ROW), self.shape[1] // 2
        drawn = self.completed(images.repeat(NUM_COMPLETIONS, 1, 1, 1), half, rng).cpu()
        names = ("real", *["drawn"] * NUM_COMPLETIONS)
        picture: Image.Image = self.task.show(
            torch.cat([images, drawn]), columns=len(images), row_names=names
        )
        return picture
