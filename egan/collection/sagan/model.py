"""SAGAN: the conditional hinge game between networks that attend, and where they look."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import mutations
from egan.collection.sagan import PRESETS, SOURCES, SaganSettings
from egan.collection.sagan.networks import Discriminator, Generator
from egan.networks.attention import SelfAttention
from egan.networks.blocks import largest_singular_value
from egan.tasks import ROW, Classes, draw_labels, moved
from egan.training.game import Batch, Codes, Draw, Game, Objective

if TYPE_CHECKING:
    from PIL import Image

PLACES = {"from the middle": (0.5, 0.5), "from above": (0.25, 0.5), "from the left": (0.5, 0.25)}
"""Of a map, from the upper left corner, down and to the right: those of which a picture tells."""


class Sagan(Game):
    """A class-conditional generator whose places look at each other."""

    task_type: ClassVar = Classes
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    discriminator_codes: ClassVar = ("labels",)
    tiny: ClassVar = {"width": 2, "latent_dim": 4, "batch_size": 8}
    paper_classes = 1000
    settings: SaganSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        return Generator(self.shape, num_classes=self.num_classes, settings=self.settings)

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        return Discriminator(self.shape, num_classes=self.num_classes, settings=self.settings)

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z) from N(0, 1), and labels (count,) as the data have them."""
        z = torch.randn(count, self.settings.latent_dim, generator=rng)  # before labels: bits
        return {"z": z, "labels": draw_labels(self.task.data, count, rng)}

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Make samples of the classes "labels"."""
        samples: Tensor = network(codes["z"], codes["labels"])
        return samples

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D about samples and their classes."""
        logits: Tensor = self.discriminator(batch.samples, batch.labels)
        return logits

    def real_loss(self, real: Batch) -> Tensor:
        """Return the half of L_D on real samples."""
        return F.relu(1 - self.logits(real)).mean()

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return the half of L_D on generated samples."""
        return F.relu(1 + self.logits(fake)).mean()

    def objective(self) -> Objective:
        """Return −E[t]."""
        return mutations.get("hinge")

    def look(self) -> dict[str, float]:
        """Return all distances, the accuracy, gains of attention and largest singular values."""
        values = {}
        for name in (*self.sides.members, *self.sides.environment):
            network = self.networks[name]
            values[f"{name}_singular_value"] = largest_singular_value(network)
            if self.settings.attention != "none":
                values[f"{name}_gain"] = float(network.attention.gain.detach())  # type: ignore[union-attr,operator]
        return {**super().look(), **values}

    def pictures(self) -> dict[str, Draw]:
        """Show a row for each class, and where places look."""
        more = {"attention": self.show_attention} if self.settings.attention == "self" else {}
        return {**super().pictures(), **more}

    def show_attention(self, rng: torch.Generator) -> Image.Image:
        """Draw samples, and for three places of each how much they look at others, white the most.

        The places are the middle, and those half-way from it to the upper and to the left edge.
        """
        codes = self.codes(ROW, rng)
        weights = self.looks(codes)
        side = weights.shape[1]
        rows = [self.made(codes)]
        for down, right in PLACES.values():
            seen = weights[:, int(down * side), int(right * side)]
            white = seen / seen.amax(dim=(1, 2), keepdim=True)
            large = F.interpolate(2 * white[:, None] - 1, size=self.shape[1:], mode="nearest")
            rows.append(large.expand(-1, *self.shape).cpu())
        picture: Image.Image = self.task.show(torch.cat(rows), row_names=["samples", *PLACES])
        return picture

    def looks(self, codes: Codes) -> Tensor:
        """Return how much each place of G's map looks at each pooled one, (N, H, W, H/2, W/2)."""
        network, maps = self.average, []
        assert isinstance(network, Generator)
        assert isinstance(network.attention, SelfAttention)
        handle = network.attention.register_forward_pre_hook(lambda _, given: maps.append(given[0]))
        self.generate(network, moved(codes, self.device))
        handle.remove()
        (hidden,) = maps
        height, width = hidden.shape[2:]
        weights = network.attention.weights(hidden)
        return weights.reshape(-1, height, width, height // 2, width // 2)
