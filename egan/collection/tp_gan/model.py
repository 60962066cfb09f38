"""TP-GAN; `egan.collection.tp_gan` tells the paper."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor, nn

import mutations
from egan.collection.tp_gan import PRESETS, SOURCES, TpGanSettings
from egan.collection.tp_gan.networks import NUM_LANDMARKS, Made, TwoPathways, discriminator
from egan.collection.tp_gan.terms import terms
from egan.data.dataset import LANDMARKS
from egan.losses.games import whole
from egan.networks.landmarks import LandmarkReader
from egan.tasks import TARGET, Batch, Codes, Frontal, Needs, moved
from egan.tasks.frontal import PERSON
from egan.tasks.recogniser import Classifier, recogniser
from egan.tasks.views import SOURCE, fitted
from egan.training.game import Game, Objective

NOISE = "z"
READER_SEED, NUM_READ = 2017, 256


class TpGan(Game):
    """A generator of two pathways that turns faces to the front, against a discriminator."""

    task_type: ClassVar = Frontal
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    needs: ClassVar = Needs(
        annotations=(LANDMARKS,),
        mend="Give --data.name heads, or views whose poses.csv has five landmarks, x1, y1 ... x5, "
        "y5: both eyes, the nose, both corners of the mouth.",
    )
    tiny: ClassVar = {
        **dict.fromkeys(("width", "discriminator_width"), 4),
        **dict.fromkeys(("code_dim", "batch_size"), 8),
        "latent_dim": 4,
        "identity_weight": 0.0,
    }
    settings: TpGanSettings

    def generator_network(self) -> nn.Module:
        """Build G, with what reads landmarks fitted to the training views.

        Raises:
            ValueError: The views have other landmarks than five, or another size.
        """
        count = self.task.data.annotations[LANDMARKS].shape[1]
        if count != NUM_LANDMARKS:
            raise ValueError(
                f"TpGan needs {NUM_LANDMARKS} landmarks, both eyes, the nose and both corners of "
                f"the mouth, but {self.task.data.name} has {count}. {self.needs.mend}"
            )
        s = self.settings
        return TwoPathways(
            self.shape,
            self._reader(),
            num_persons=self.num_classes,
            latent_dim=s.latent_dim,
            code_dim=s.code_dim,
            width=s.width,
            local=s.local,
        )

    def _reader(self) -> LandmarkReader:
        options = {"num_features": NUM_READ, "seed": READER_SEED}
        if self.device.type == "meta":
            return LandmarkReader(NUM_LANDMARKS, **options)
        return fitted(self.task.data, **options)

    def discriminator_network(self) -> nn.Module:
        """Build D, whose map of logits is 2x2, or of images of 28 pixels and the like larger."""
        return discriminator(self.shape, width=self.settings.discriminator_width)

    def draw(self, count: int | None = None) -> Batch:
        """Draw frontal views (N, C, H, W)."""
        return Batch(self.task.draw(count or self.settings.batch_size, self.rng).samples).to(
            self.device
        )

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw sources with their targets and persons, and noise."""
        batch = self.task.draw(count, rng)
        drawn = {name: batch.codes[name] for name in (SOURCE, PERSON)}
        return {**drawn, TARGET: batch.samples, NOISE: self._noise(count, rng)}

    def _noise(self, count: int, rng: torch.Generator) -> Tensor:
        return 2.0 * torch.rand(count, self.settings.latent_dim, generator=rng) - 1.0

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Turn the sources of codes to the front."""
        made: Made = network(codes[SOURCE], codes[NOISE])
        return made.images

    def fake(self, count: int) -> Batch:
        """Turn new sources to the front; among the codes is all that `Made` has."""
        codes = moved(self.codes(count, self.rng), self.device)
        made: dict[str, Tensor] = {}

        def generated(network: nn.Module) -> Tensor:
            made.update(network(codes[SOURCE], codes[NOISE])._asdict())
            return made.pop("images")

        return Batch(self.computed(generated, self.generator), {**codes, **made})

    @torch.no_grad()
    def view(self, source: Tensor, yaw: Tensor, rng: torch.Generator) -> Tensor:  # noqa: ARG002
        """Turn images (N, C, H, W) to the front with the average of G, on the CPU.

        Args:
            source: Views from any side.
            yaw: Not looked at: it is 0.
            rng: Where the noise comes from.
        """
        return self.made({SOURCE: source, NOISE: self._noise(len(source), rng)})

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D for the logits of all patches (N * patches,), image by image."""
        logits: Tensor = self.discriminator(batch.samples)
        return logits.flatten()

    def objective(self) -> Objective | None:
        """Return −E[log D(G)], the mean over patches, or none."""
        weighs = self.settings.adversarial_weight > 0
        return whole(mutations.get("heuristic")) if weighs else None

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor:  # noqa: ARG002
        """Return the other terms, by their weights over that of the adversarial one."""
        s, network = self.settings, self.generator
        known = self.recogniser if s.identity_weight else None
        return terms(fake, network, s, known) / (s.adversarial_weight or 1.0)  # type: ignore[arg-type]

    @cached_property
    def recogniser(self) -> Classifier:
        """What knows faces, frozen: of training persons, and another than the judge."""
        return recogniser(self.task).to(self.device)
