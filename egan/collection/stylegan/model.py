"""StyleGAN: the game with mixed styles, truncation, and how smoothly images change."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

from egan.collection.stylegan import PRESETS, SOURCES, StyleGanSettings
from egan.collection.stylegan.networks import Generator, areas, discriminator, thirds
from egan.data.kinds import Images
from egan.losses.discriminator import r1_penalty
from egan.networks.latent import truncate
from egan.tasks import ROW, Generation, Needs, moved
from egan.training.game import Batch, Codes, Dial, Draw, Game

if TYPE_CHECKING:
    from PIL import Image

PSIS = (1.0, 0.75, 0.5, 0.25, 0.0)
EARLY = 8 / 18
"""The share of layers, the first ones, whose styles are truncated."""
NUM_PATHS, STEP = 250, 1e-2
PATH_WEIGHT = 0.1
NUM_SOURCES = 6


class StyleGan(Game):
    """A generator that is told at each size what to draw."""

    task_type: ClassVar = Generation
    presets: ClassVar = PRESETS
    needs: ClassVar = Needs(kinds=(Images,))
    tiny: ClassVar = {"width": 2, "latent_dim": 4, "style_dim": 4, "batch_size": 8}
    dial: ClassVar = Dial("ψ, how far styles are from their mean", 0.0, 1.0)
    paper_parameters: ClassVar = {"generator": 26.2}
    sources: ClassVar = SOURCES
    settings: StyleGanSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        return Generator(self.shape, self.settings)

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        return discriminator(self.shape, self.settings)

    def draw(self, count: int | None = None) -> Batch:
        """Draw a batch of the data; half of it is mirrored, where the settings say so."""
        batch = super().draw(count)
        if not self.settings.mirror:
            return batch
        turned = torch.rand(len(batch), 1, 1, 1, generator=self.rng).to(self.device) < 0.5
        return replace(batch, samples=torch.where(turned, batch.samples.flip(3), batch.samples))

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z) and noise (count, M); in training, a second z and where it begins."""
        s, places = self.settings, areas(self.shape)
        z = torch.randn(count, s.latent_dim, generator=rng)
        noise = torch.randn(count, sum(places), generator=rng) * s.noise
        if not self.generator.training:
            return {"z": z, "noise": noise}
        layers = len(places)
        other = torch.randn(count, s.latent_dim, generator=rng)
        crossover = torch.randint(1, layers, (count,), generator=rng)
        mixed = torch.rand(count, generator=rng) < s.mixing
        crossover = torch.where(mixed, crossover, layers)
        return {"z": z, "noise": noise, "other": other, "crossover": crossover}

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Make samples from "styles" (N, L, W), or from those of "z"; with "noise"."""
        assert isinstance(network, Generator)
        styles = codes["styles"] if "styles" in codes else network.styles(codes)
        if self.truncation is not None:
            styles = self.pulled(styles, psi=self.truncation)
        samples: Tensor = network(styles, codes["noise"])
        return samples

    def real_penalty(self, real: Batch) -> Tensor | None:
        """Return R1, weighted."""
        if not self.settings.r1_weight:
            return None
        return self.settings.r1_weight * r1_penalty(self.discriminator, real.samples)

    def styled(self, codes: Codes) -> Codes:
        """Return codes with the averaged generator's "styles" (N, L, W) for them, on the CPU."""
        styles = self.average.styles(moved(codes, self.device))  # type: ignore[operator]
        return {**codes, "styles": styles.cpu()}

    def truncated(self, codes: Codes, *, psi: float, share: float = EARLY) -> Codes:
        """Return codes with styles pulled to their mean in a share of layers, the first ones."""
        styles = self.styled(codes)["styles"]
        return {**codes, "styles": self.pulled(styles, psi=psi, share=share)}

    def pulled(self, styles: Tensor, *, psi: float, share: float = EARLY) -> Tensor:
        """Return styles (N, L, W) nearer to their mean in a share of layers, the first ones."""
        mean = self.networks["average"].get_buffer("module.mapping.mean").to(styles)
        early = slice(round(share * styles.shape[1]))
        pulled = styles.clone()
        pulled[:, early] = truncate(styles[:, early], mean=mean, psi=psi)
        return pulled

    def path_length(self, rng: torch.Generator) -> float:
        """Return how fast images change along straight lines between styles, in features."""
        ends = [self.styled(self.codes(NUM_PATHS, rng)) for _ in range(2)]
        t = torch.rand(NUM_PATHS, 1, 1, generator=rng)
        start, end = (one["styles"] for one in ends)
        noise = ends[0]["noise"]
        near = [torch.lerp(start, end, at) for at in (t, t + STEP)]
        made = [self.made({"styles": styles, "noise": noise}) for styles in near]
        one, two = (self.task.features.features(images) for images in made)
        return float(((one - two) ** 2).sum(axis=1).mean()) / STEP**2

    def score(self) -> dict[str, float]:
        """Return the distance to the data, and how smoothly images change."""
        distances = super().score()
        path = self.path_length(self.rng)
        total = -distances["frechet"] - PATH_WEIGHT * math.log(max(path, 1e-9))
        return {**distances, "fitness": total, "path_length": path}

    @property
    def meaning(self) -> str:
        """Say what counts beside the distance."""
        return (
            "minus the Fréchet distance between samples and data, less "
            f"{PATH_WEIGHT:g} times the logarithm of the path length"
        )

    def look(self) -> dict[str, float]:
        """Return all distances, and how smoothly images change."""
        return {**super().look(), "path_length": self.path_length(self.rng)}

    def pictures(self) -> dict[str, Draw]:
        """Show samples, mixed styles, truncation, and what noise changes."""
        return {
            **super().pictures(),
            "style_mixing": self.show_mixing,
            "truncation": self.show_truncation,
            "noise": self.show_noise,
        }

    def mixed(self, codes: Codes, sources: Codes, *, layers: slice) -> Codes:
        """Return styled codes (N) with the styles of others (N) in some of the layers."""
        styles = codes["styles"].clone()
        styles[:, layers] = sources["styles"][:, layers]
        return {**codes, "styles": styles}

    def show_mixing(self, rng: torch.Generator) -> Image.Image:
        """Draw sources B above; then A, and A with B's coarse, middle and fine styles.

        Two rows for each range of layers, a third of them each.
        """
        sources = self.styled(self.codes(NUM_SOURCES, rng))
        targets = self.styled(self.codes(NUM_SOURCES, rng))
        rows = [torch.ones(1, *self.shape), self.made(sources)]
        for row in range(NUM_SOURCES):
            target = rows_of(targets, [row] * NUM_SOURCES)
            layers = thirds(len(areas(self.shape)))[row // 2]
            rows += [self.made(rows_of(targets, [row]))]
            rows += [self.made(self.mixed(target, sources, layers=layers))]
        picture: Image.Image = self.task.show(torch.cat(rows), columns=NUM_SOURCES + 1)
        return picture

    def show_truncation(self, rng: torch.Generator) -> Image.Image:
        """Draw a row for each ψ from 1 to 0."""
        codes = self.codes(ROW, rng)
        rows = [self.made(self.truncated(codes, psi=psi)) for psi in PSIS]
        picture: Image.Image = self.task.show(torch.cat(rows))
        return picture

    def show_noise(self, rng: torch.Generator) -> Image.Image:
        """Draw a row without noise, and four with noises of their own; columns share their z."""
        codes = self.codes(ROW, rng)
        others = [self.codes(ROW, rng)["noise"] for _ in range(4)]
        noises = [torch.zeros_like(codes["noise"]), *others]
        made = torch.cat([self.made({**codes, "noise": noise}) for noise in noises])
        picture: Image.Image = self.task.show(made)
        return picture


def rows_of(codes: Codes, rows: list[int]) -> Codes:
    """Return some rows of codes."""
    return {name: code[rows] for name, code in codes.items()}
