"""A paired translation model: one convolution from an image to its negative, by L1 alone."""

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from egan.config import DataConfig, RunConfig, SearchConfig, Settings
from egan.tasks import Translation
from egan.training.model import Model


@dataclass(frozen=True, kw_only=True)
class InverterSettings(Settings):
    """Settings of the translator."""

    STRUCTURAL = ("width",)
    SPACE: ClassVar = {"lr": "1e-4,1e-1,log"}

    width: int = 8
    """Channels."""
    lr: float = 1e-2
    """Learning rate."""


def small() -> RunConfig:
    """Digits and their negatives."""
    return RunConfig(
        data=DataConfig(name="negatives"),
        search=SearchConfig(rounds=4, interval=50),
        settings=InverterSettings(),
    )


class Inverter(Model):
    """Two convolutions."""

    task_type: ClassVar = Translation
    presets: ClassVar = {"small": small, "paper": small}
    learning: ClassVar = {"network": "lr"}
    tiny: ClassVar = {"width": 2, "batch_size": 8}
    settings: InverterSettings

    def build(self):
        """Build the network."""
        width, channels = self.settings.width, self.shape[0]
        first = nn.Conv2d(channels, width, 3, padding=1)
        last = nn.Conv2d(width, channels, 3, padding=1)
        return {"network": nn.Sequential(first, nn.LeakyReLU(0.2), last, nn.Tanh())}

    def translate(self, source, rng):
        """Turn images (N, C, H, W) into their negatives."""
        del rng
        return self.networks["network"](source)

    def update(self):
        """Descend the L1 difference."""
        batch = self.draw()
        made = self.translate(batch.samples, self.rng)
        self.descend((made - batch.codes["target"]).abs().mean(), "network")
