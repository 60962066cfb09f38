"""CAPG-GAN; `egan.collection.capg_gan` tells the paper."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import mutations
from egan.collection.capg_gan import PRESETS, SOURCES, CapgGanSettings
from egan.collection.capg_gan.networks import Couple, Rotator
from egan.data.dataset import LANDMARKS, YAW
from egan.losses.games import whole
from egan.losses.smoothness import roughness
from egan.networks.landmarks import LandmarkReader, heatmaps
from egan.tasks import TARGET, Batch, Codes, Needs, Views
from egan.tasks.recogniser import Classifier, recogniser
from egan.tasks.views import SOURCE, fitted
from egan.training.game import Game, Objective

ASKED = "asked"
READER_SEED, NUM_READ = 2018, 256
SCALES = (1, 2, 4)


class CapgGan(Game):
    """A generator that turns faces to where landmarks are asked for, against two agents."""

    task_type: ClassVar = Views
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    needs: ClassVar = Needs(
        annotations=(LANDMARKS,),
        mend="Give --data.name heads, or views whose poses.csv has landmarks: x1, y1, x2, y2 ...",
    )
    tiny: ClassVar = {"width": 4, "discriminator_width": 4, "bottleneck": 8, "batch_size": 8}
    live: ClassVar = {"sigma": (Rotator, "sigma")}
    discriminator_codes: ClassVar = (SOURCE, ASKED)
    augmentable: ClassVar = False
    settings: CapgGanSettings

    @property
    def num_landmarks(self) -> int:
        """How many landmarks there are."""
        return int(self.task.data.annotations[LANDMARKS].shape[1])

    def generator_network(self) -> nn.Module:
        """Build G, with what reads landmarks fitted to the training views."""
        s = self.settings
        return Rotator(
            self.shape,
            self._reader(),
            num_landmarks=self.num_landmarks,
            width=s.width,
            bottleneck=s.bottleneck,
        )

    def _reader(self) -> LandmarkReader:
        options = {"num_features": NUM_READ, "seed": READER_SEED}
        if self.device.type == "meta":
            return LandmarkReader(self.num_landmarks, **options)
        return fitted(self.task.data, **options)

    def discriminator_network(self) -> nn.Module:
        """Build both agents."""
        s = self.settings
        return Couple(
            self.shape[0],
            self.num_landmarks,
            agents=s.agents,
            width=s.discriminator_width,
            num_layers=s.patch_layers,
        )

    def draw(self, count: int | None = None) -> Batch:
        """Draw views (N, C, H, W), each with its "source" and the landmarks "asked" for."""
        codes = self.codes(count or self.settings.batch_size, self.rng)
        return Batch(codes.pop(TARGET), codes).to(self.device)

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw sources with their targets, and the landmarks of those."""
        batch = self.task.draw(count, rng)
        asked = batch.codes[LANDMARKS]
        if self.settings.asked_mean:
            asked = self._of_yaw(batch.codes[YAW])
        return {SOURCE: batch.codes[SOURCE], ASKED: asked, TARGET: batch.samples}

    def _of_yaw(self, yaw: Tensor) -> Tensor:
        """Return the landmarks (N, M, 2) of the mean head; the agents' side has no generator."""
        if self.side == "environment":
            return self._own_reader.of_yaw(yaw)
        network: Rotator = self.average  # type: ignore[assignment]
        return network.reader.of_yaw(yaw).cpu()

    @cached_property
    def _own_reader(self) -> LandmarkReader:
        return self._reader()

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Turn the sources of codes."""
        made: Tensor = network(codes[SOURCE], codes[ASKED])
        return made

    @torch.no_grad()
    def view(self, source: Tensor, yaw: Tensor, rng: torch.Generator) -> Tensor:  # noqa: ARG002
        """Turn images (N, C, H, W) to yaws (N,) in degrees with the average of G, on the CPU."""
        return self.posed(source, self._of_yaw(yaw))

    @torch.no_grad()
    def posed(self, source: Tensor, landmarks: Tensor) -> Tensor:
        """Turn images (N, C, H, W) to where landmarks (N, M, 2) are asked for, on the CPU."""
        return self.made({SOURCE: source, ASKED: landmarks})

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask both agents for the logits of all patches (N * patches,), image by image."""
        s, size = self.settings, self.shape[-1]
        maps = heatmaps(batch.codes[ASKED], size=size, sigma=s.sigma)
        logits: Tensor = self.discriminator(batch.samples, batch.codes[SOURCE], maps)
        return logits.flatten()

    def objective(self) -> Objective | None:
        """Return the mean of both agents' −E[log D_k(·, G)], or none."""
        weighs = self.settings.adversarial_weight > 0
        return whole(mutations.get("heuristic")) if weighs else None

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor:  # noqa: ARG002
        """Return the other terms, by their weights over that of the adversarial mean."""
        s = self.settings
        terms = s.pixel_weight * difference(fake.samples, fake.codes[TARGET])
        terms = terms + s.smoothness_weight * roughness(fake.samples)
        if s.identity_weight:
            terms = terms + s.identity_weight * self.strangeness(fake.samples, fake.codes[TARGET])
        return terms / (self.num_agents * s.adversarial_weight or 1.0)

    @property
    def num_agents(self) -> int:
        """How many agents judge."""
        return 2 if self.settings.agents == "both" else 1

    def strangeness(self, made: Tensor, true: Tensor) -> Tensor:
        """Return the mean squared difference of the recogniser's features of views."""
        with torch.no_grad():
            wanted = self.recogniser.embed(true)
        return F.mse_loss(self.recogniser.embed(made), wanted)

    @cached_property
    def recogniser(self) -> Classifier:
        """What knows faces, frozen: of training persons, and another than the judge."""
        return recogniser(self.task).to(self.device)


def difference(made: Tensor, true: Tensor) -> Tensor:
    """Return the mean absolute difference of images (N, C, H, W), of three sizes in the mean."""
    gaps = [F.l1_loss(F.avg_pool2d(made, k), F.avg_pool2d(true, k)) for k in SCALES]
    return torch.stack(gaps).mean()
