"""Samples of a generator at codes that stay the same for a whole run, and pictures of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch

from egan.evolution.generator import build_network, draw_codes
from egan.judging import judge
from egan.judging.classifier import one_thread
from egan.networks.latent import interpolate, slerp
from egan.reporting.pictures import histogram_picture, image_grid, scatter_picture
from population.seeding import SHARED, Seeds, preserved_randomness, seed_everything

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

    from egan.config import RunConfig
    from egan.data.dataset import Array, Dataset
    from egan.judging.features import Features

NUM_SHOWN, ROW = 100, 10
NUM_POINTS, NUM_IMAGES = 2500, 1000
"""How many samples are shown and judged."""

NUM_REAL_POINTS = 2000
STEPS_OF_A_LINE = 100
BATCH = 250
SHOWN, JUDGED = 1, 2


class Gallery:
    """A generator in evaluation mode, at first in the random start of the run.

    Args:
        config: The run's settings; its seed gives the codes.
        dataset: The real data.

    Raises:
        ValueError: The network does not fit the data.
    """

    def __init__(self, config: RunConfig, dataset: Dataset) -> None:
        seeds = Seeds(config.seed, 0, 0)
        with preserved_randomness():
            seed_everything(seeds.own("build"))
            self.network = build_network(config, dataset.shape).eval().requires_grad_(False)
        self.config = config
        self.dataset = dataset
        self.latent = config.generator.latent
        self.shown = self._codes(config, NUM_SHOWN, SHOWN)
        self.judged = self._codes(config, NUM_IMAGES if dataset.is_image else NUM_POINTS, JUDGED)

    def _codes(self, config: RunConfig, count: int, part: int) -> torch.Tensor:
        seed = Seeds(config.seed, 0, SHARED).own("evaluate", part)
        return draw_codes(self.latent, count, config.generator.latent_dim, seed)

    def load(
        self,
        weights: Mapping[str, torch.Tensor],
        hyperparameters: Mapping[str, Any] | None = None,  # noqa: ARG002 - none changes a shape
    ) -> None:
        """Take over the weights of a generator of this run."""
        self.network.load_state_dict(dict(weights))

    @torch.no_grad()
    def samples(self, codes: torch.Tensor) -> torch.Tensor:
        """Map codes (N, Z) to samples (N, *shape)."""
        with one_thread():
            return torch.cat([self.network(part) for part in torch.split(codes, BATCH)])

    def columns(self, features: Features) -> tuple[str, ...]:
        """Return the names of the scores of a look, in their order."""
        return judge.columns(self.dataset, features)

    def scores(self, features: Features) -> dict[str, float]:
        """Judge samples at the fixed codes."""
        return judge.judge(self.dataset, features, self.samples(self.judged))

    def picture(self) -> Image.Image:
        """Show samples: a grid of 100 images, or 2,500 points over the real ones."""
        if self.dataset.is_image:
            return image_grid(self.samples(self.shown).numpy(), columns=ROW)
        real = self.dataset.real(NUM_REAL_POINTS).numpy()
        return self._points(self.samples(self.judged).numpy(), real)

    def real_picture(self) -> Image.Image:
        """Show real samples in the same way."""
        if self.dataset.is_image:
            return image_grid(self.dataset.real(NUM_SHOWN).numpy(), columns=ROW)
        return self._points(self.dataset.real(NUM_POINTS).numpy(), None)

    def finals(self) -> dict[str, Callable[[], Image.Image]]:
        """Return what draws the pictures of the end, by file name."""
        return {"interpolation": self.interpolation}

    def save(self, directory: Path, *, generation: int) -> None:
        """Write the generator as `generator.safetensors`, see `egan.collection.saved`."""
        from egan.collection.saved import save_generator

        save_generator(
            directory / "generator.safetensors",
            self.network.state_dict(),
            config=self.config,
            shape=self.dataset.shape,
            generation=generation,
        )

    def interpolation(self) -> Image.Image:
        """Show ten walks from one code to another: a row of images each, or a line of points."""
        steps = ROW if self.dataset.is_image else STEPS_OF_A_LINE
        walks = [self._walk(self.shown[i], self.shown[i + ROW], steps) for i in range(ROW)]
        samples = self.samples(torch.cat(walks)).numpy()
        if self.dataset.is_image:
            return image_grid(samples, columns=ROW)
        return self._points(samples, self.dataset.real(NUM_REAL_POINTS).numpy())

    def _points(self, points: Array, real: Array | None) -> Image.Image:
        draw = histogram_picture if self.dataset.shape == (1,) else scatter_picture
        return draw(points, real=real)

    def _walk(self, start: torch.Tensor, end: torch.Tensor, steps: int) -> torch.Tensor:
        """Return codes (steps, Z) between two codes (Z,): on an arc where codes are normal."""
        walk = interpolate if self.latent == "uniform" else slerp
        return walk(start, end, steps=steps)
