"""StackGAN: which stage learns, and the game of that stage; `egan.collection.stackgan` tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.collection.stackgan import PRESETS, SOURCES, StackGanSettings
from egan.collection.stackgan.networks import Generator, Judges
from egan.data.dataset import CAPTIONS
from egan.losses.variational import gaussian_kl
from egan.tasks import ROW, Batch, Codes, Draw
from egan.tasks.base import moved
from egan.training.captioned import CaptionedGame
from egan.training.model import Gradient

if TYPE_CHECKING:
    from PIL import Image

EPSILON = "epsilon"
SECOND = "second_"
STAGED = ("generator", "discriminator")


class StackGan(CaptionedGame):
    """A game of captions at a small size, then one at the full size; a stage at a time."""

    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    tiny: ClassVar = {
        "width": 2,
        "second_width": 2,
        "discriminator_width": 2,
        "batch_size": 8,
        "latent_dim": 4,
        "text_dim": 4,
        "condition_dim": 4,
        "text_updates": 0,
        "second_stage_at": 1,
    }
    settings: StackGanSettings

    def generator_network(self) -> nn.Module:
        """Build G₀ and G."""
        return Generator(self.settings, self.shape)

    def discriminator_network(self) -> nn.Module:
        """Build D₀ and D."""
        return Judges(self.settings, self.shape)

    @property
    def is_second_stage(self) -> bool:
        """Whether the second stage learns, and makes samples."""
        return bool(self.judges.is_second)

    @property
    def judges(self) -> Judges:
        """D₀ and D."""
        judges = self.discriminator
        assert isinstance(judges, Judges)
        return judges

    def settle(self, updates: int) -> None:
        """Begin the second stage where there were updates enough."""
        self.judges.is_second.fill_(updates >= self.settings.second_stage_at)

    def learning_rate(self, network: str) -> float:
        """Return a network's rate, of the players that of the stage that learns, halved so far."""
        if network not in STAGED:
            return super().learning_rate(network)
        s, name = self.settings, self.learning[network]
        is_second = self.updates >= s.second_stage_at
        begun = s.second_stage_at if is_second else s.text_updates
        rate = float(getattr(s, SECOND + name if is_second else name))
        every = s.rate_halved_every
        return rate * 0.5 ** (max(self.updates - begun, 0) // every) if every else rate

    def update(self) -> None:
        """Train what learns by now, at the rates of its stage."""
        self.settle(self.updates)
        self.apply_settings()
        super().update()

    def follow(self, gradient: Gradient, *names: str) -> None:
        """Take a step; that of D in an evolution ends its generation."""
        super().follow(gradient, *names)
        if self.side == "environment" and "discriminator" in names:
            self.settle(self.updates + 1)

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z), captions (count, T), and ε (count, 2, M) for either stage."""
        codes = super().codes(count, rng)
        epsilon = torch.randn(count, 2, self.settings.condition_dim, generator=rng)
        return {**codes, EPSILON: epsilon}

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Make images of captions; in the first stage with each pixel repeated."""
        return self.made_by(network, codes, both=self.is_second_stage)

    def made_by(self, network: nn.Module, codes: Codes, *, both: bool) -> Tensor:
        """Make images with the first stage alone, or with both."""
        epsilon = codes[EPSILON] if self.settings.augment_condition else None
        images: Tensor = network(codes["z"], self.told(codes[CAPTIONS]), epsilon, both=both)
        return images

    @property
    def judge(self) -> nn.Module:
        """D₀ or D."""
        judges = self.judges
        return judges.second if self.is_second_stage else judges.first

    def in_use(self, images: Tensor) -> Tensor:
        """Return images (N, C, H, W) as large as the stage's."""
        return images if self.is_second_stage else F.avg_pool2d(images, self.settings.upscale)

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor | None:  # noqa: ARG002
        """Return λ E[KL(N(μ, σ²) ‖ N(0, 1))] of the stage's codes, a mean over coordinates."""
        s = self.settings
        if not (s.augment_condition and s.kl_weight):
            return None
        network = self.generator
        assert isinstance(network, Generator)
        stage = network.second if self.is_second_stage else network.first
        mean, log_variance = stage.augmentation(self.told(fake.codes[CAPTIONS]))
        return s.kl_weight * gaussian_kl(mean, log_variance).mean() / s.condition_dim

    def gauges(self) -> dict[str, float]:
        """Return which stage learns, 1 or 2."""
        return {**super().gauges(), "stage": 1.0 + self.is_second_stage}

    def pictures(self) -> dict[str, Draw]:
        """Show captions, and what the second stage makes of sketches."""
        return {**super().pictures(), "stages": self.show_stages}

    def show_stages(self, rng: torch.Generator) -> Image.Image:
        """Draw sketches of the first stage over the second stage's images of the same codes."""
        codes = moved(self.codes(ROW, rng), self.device)
        rows = [self.made_by(self.average, codes, both=both).cpu() for both in (False, True)]
        names = ("first stage", "second stage")
        picture: Image.Image = self.task.show(torch.cat(rows), columns=ROW, row_names=names)
        return picture
