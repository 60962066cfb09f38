"""Age-cGAN: a game by age, and the codes of images; `egan.collection.age_cgan` tells the paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.collection.age_cgan import PRESETS, SOURCES, AgeCganSettings
from egan.collection.age_cgan.networks import (
    Discriminator,
    Encoder,
    Generator,
    Recogniser,
    likeness_loss,
)
from egan.tasks import OTHER, OTHER_AGES, Ageing, Batch, Codes, draw_labels
from egan.training.game import Game
from egan.training.sides import Sides


class AgeCgan(Game):
    """A generator that is told an age, with what finds the code of an image."""

    task_type: ClassVar = Ageing
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    sides: ClassVar = Sides(environment=("discriminator", "encoder", "recogniser"))
    discriminator_codes: ClassVar = ("z", "labels")
    tiny: ClassVar = {
        "width": 2,
        "latent_dim": 4,
        "embedding_dim": 4,
        "batch_size": 8,
        "game_updates": 2,
        "inversion_steps": 2,
    }
    paper_classes = 6
    settings: AgeCganSettings

    @property
    def learning(self) -> Mapping[str, str]:  # type: ignore[override]
        """Encoder and recogniser have rates of their own."""
        own = {"encoder": "encoder_lr", "recogniser": "recogniser_lr"}
        return {**super().learning, **own}

    def generator_network(self) -> nn.Module:
        """Build G."""
        s = self.settings
        sizes = {"latent_dim": s.latent_dim, "num_ages": self.num_classes, "width": s.width}
        return Generator(self.shape, **sizes)

    def discriminators(self) -> dict[str, nn.Module]:
        """Build D, E and R."""
        s, ages = self.settings, self.num_classes
        return {
            "discriminator": Discriminator(self.shape, num_ages=ages, width=s.width),
            "encoder": Encoder(self.shape, latent_dim=s.latent_dim, num_ages=ages, width=s.width),
            "recogniser": Recogniser(
                self.shape, embedding_dim=s.embedding_dim, num_ages=ages, width=s.width
            ),
        }

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z) from N(0, 1), and labels (count,) as the data have them."""
        z = torch.randn(count, self.settings.latent_dim, generator=rng)  # before labels: bits
        return {"z": z, "labels": draw_labels(self.task.data, count, rng)}

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Make images of the ages "labels"."""
        images: Tensor = network(codes["z"], codes["labels"])
        return images

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D about images and their ages."""
        logits: Tensor = self.discriminator(batch.samples, batch.labels)
        return logits

    @property
    def has_halves(self) -> bool:
        """No: an evolution, too, takes D's step whole, with those of R and E."""
        return False

    def update(self) -> None:
        """Take an update of the game; or, after `game_updates`, a step of E."""
        if self.updates < self.settings.game_updates:
            super().update()
            return
        codes = {
            name: code.to(self.device)
            for name, code in self.codes(self.settings.batch_size, self.rng).items()
        }
        with torch.no_grad():
            # batch norm as in training: the average's running statistics are taken at looks alone
            made = self.generate(self.average, codes)
        self.train_encoder(Batch(made, codes))

    def train_discriminator(self, real: Batch, fake: Batch) -> Tensor:
        """Take a step of D and of R; in an evolution of E too."""
        loss = self.discriminator_loss(self.seen(real, learned=True), self.seen(fake))
        self.descend(loss, "discriminator")
        self.descend(self.recognition_loss(real), "recogniser")
        if self.side == "environment":
            self.train_encoder(fake)
        return loss.detach()

    def recognition_loss(self, real: Batch) -> Tensor:
        """Return what R minimises: identities that are told apart, and ages."""
        recogniser = self.networks["recogniser"]
        first, ages = recogniser(real.samples)
        second, other_ages = recogniser(real.codes[OTHER])
        told = F.cross_entropy(ages, real.labels)
        told = told + F.cross_entropy(other_ages, real.codes[OTHER_AGES])
        return likeness_loss(first, second) + 0.5 * told

    def train_encoder(self, fake: Batch) -> Tensor:
        """Take a step of E on made images, whose codes are known; return its loss."""
        found = self.networks["encoder"](fake.samples.detach(), fake.labels)
        loss = F.mse_loss(found, fake.codes["z"])
        self.descend(loss, "encoder")
        return loss.detach()

    def inverted(self, images: Tensor, ages: Tensor | None, rng: torch.Generator) -> Tensor:
        """Return the codes (N, Z) of images, on the CPU; R tells the ages that are not given."""
        del rng  # nothing is drawn
        images = images.to(self.device)
        with torch.no_grad():
            recogniser = self.networks["recogniser"]
            wanted, told = recogniser(images)
            known = told.argmax(dim=1) if ages is None else ages.to(self.device)
            start = self.networks["encoder"](images, known)
        return self.refined(start, images, wanted, known).cpu()

    def refined(self, start: Tensor, images: Tensor, wanted: Tensor, ages: Tensor) -> Tensor:
        """Refine codes (N, Z) until G makes images of them, to pixels and to R.

        Args:
            start: Codes to begin with.
            images: What G is to make.
            wanted: What R returns of it, (N, F).
            ages: Of the images.
        """
        s = self.settings
        codes = start.detach().clone().requires_grad_()
        adam = torch.optim.Adam([codes], lr=s.inversion_lr)
        for _ in range(s.inversion_steps):
            with torch.enable_grad():
                loss = self.astray(codes, images, wanted, ages).sum()
                (codes.grad,) = torch.autograd.grad(loss, codes)
            adam.step()
        return codes.detach()

    def astray(self, codes: Tensor, images: Tensor, wanted: Tensor, ages: Tensor) -> Tensor:
        """Return by how much G's images of codes miss what they are to be, (N,)."""
        s = self.settings
        made = self.average(codes, ages)
        total = s.prior_weight * codes.square().mean(dim=1)
        if s.mix < 1:
            total = total + (1 - s.mix) * (made - images).square().flatten(1).mean(dim=1)
        if s.mix > 0:
            seen = self.networks["recogniser"].embed(made)  # type: ignore[operator]
            total = total + s.mix * (1 - (seen * wanted).sum(dim=1))
        return total

    def rendered(self, codes: Tensor, ages: Tensor) -> Tensor:
        """Make images (N, C, H, W) of codes at ages (N,), on the CPU."""
        with torch.no_grad():
            return self.made({"z": codes, "labels": ages})
