"""RLA; `egan.collection.rla` tells the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import mutations
from egan.collection.rla import PRESETS, SOURCES, RlaSettings
from egan.collection.rla.networks import Autoencoder, Discriminator, Restored
from egan.losses.games import whole
from egan.tasks import DAMAGED, MASK, Batch, Codes, Deocclusion, Draw
from egan.training.game import Game, Objective

if TYPE_CHECKING:
    from PIL import Image

TRUE = "target"
COLUMNS = 10


class Rla(Game):
    """An autoencoder of LSTMs that restores, against a discriminator and an identity classifier.

    A sample is a restored image with the logits of its mask as a last channel (N, C + 1, H, W).
    """

    task_type: ClassVar = Deocclusion
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    tiny: ClassVar = {"width": 8, "discriminator_width": 4, "num_steps": 2, "batch_size": 8}
    settings: RlaSettings

    def generator_network(self) -> nn.Module:
        """Build encoder and decoder."""
        s = self.settings
        return Autoencoder(self.shape, scales=s.scales, width=s.width, num_steps=s.num_steps)

    def discriminator_network(self) -> nn.Module:
        """Build D, with the classifier of identities beside it."""
        width = self.settings.discriminator_width
        return Discriminator(self.shape, width=width, num_classes=self.num_classes)

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw hidden images with what hides them, who they show, and the truth."""
        batch = self.task.draw(count, rng)
        return {**batch.codes, TRUE: batch.samples}

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Restore hidden images, and find what hides them."""
        made: Tensor = network(codes[DAMAGED])
        return made

    def split(self, samples: Tensor) -> Restored:
        """Return the images of samples (N, C + 1, H, W), and the logits of their masks."""
        return Restored(samples[:, : self.shape[0]], samples[:, self.shape[0] :])

    def seen(self, batch: Batch, *, learned: bool = False) -> Batch:
        """Return the images of a batch as D sees them, without masks."""
        images = self.split(batch.samples).images
        return super().seen(Batch(images, batch.codes), learned=learned)

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D about images."""
        logits: Tensor = self.discriminator(self.split(batch.samples).images)
        return logits

    def real_penalty(self, real: Batch) -> Tensor:
        """Return −E[log P(k | x*)], which the classifier learns by."""
        return self.identity_loss(real)

    def identity_loss(self, seen: Batch) -> Tensor:
        """Return −E[log P(k | x)] of images as D sees them."""
        network = self.discriminator
        assert isinstance(network, Discriminator)
        logits = self.computed(network.identities, seen.samples)
        return F.cross_entropy(logits, seen.labels)

    def objective(self) -> Objective | None:
        """Return −E[log D(x̂)] before it is weighed, or none."""
        weighs = self.settings.adversarial_weight > 0
        return whole(mutations.get("heuristic")) if weighs else None

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor:  # noqa: ARG002
        """Return all other terms over the weight of the adversarial one."""
        weight = self.settings.identity_weight
        terms = self.restoring(fake)
        if weight:
            terms = terms + weight * self.identity_loss(self.seen(fake))
        return terms / (self.settings.adversarial_weight or 1.0)

    def restoring(self, fake: Batch) -> Tensor:
        """Return E[‖x̂ − x*‖²] + λ_m BCE(m, m*), means over pixels."""
        images, mask = self.split(fake.samples)
        error = F.mse_loss(images, fake.codes[TRUE])
        hiding = F.binary_cross_entropy_with_logits(mask, fake.codes[MASK])
        return error + self.settings.mask_weight * hiding

    def update(self) -> None:
        """Train D and then the autoencoder, or that alone where there is no game."""
        if self.settings.adversarial_weight or self.settings.identity_weight:
            super().update()
        else:
            self.train_generator(self.restoring(self.fake(self.settings.batch_size)))

    @torch.no_grad()
    def restore(self, damaged: Tensor, rng: torch.Generator) -> Tensor:  # noqa: ARG002
        """Restore hidden images (N, C, H, W) with the averaged autoencoder, on the CPU."""
        return self.split(self.made({DAMAGED: damaged.cpu()})).images

    @torch.no_grad()
    def uncover(self, damaged: Tensor, rng: torch.Generator) -> Tensor:  # noqa: ARG002
        """Return the same with how probably each pixel was hidden as a last channel."""
        images, mask = self.split(self.made({DAMAGED: damaged.cpu()}))
        return torch.cat([images, torch.sigmoid(mask)], dim=1)

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Restore images of the data that are hidden."""
        return self.restore(self.task.draw(count, rng).codes[DAMAGED], rng)

    def pictures(self) -> dict[str, Draw]:
        """Show what the task does, and what each step makes."""
        return {**super().pictures(), "steps": self.show_steps}

    @torch.no_grad()
    def show_steps(self, rng: torch.Generator) -> Image.Image:  # noqa: ARG002
        """Draw rows of held-out images: hidden, the mask that is found, step by step, true."""
        batch = self.task.judged(COLUMNS)
        network = self.average
        assert isinstance(network, Autoencoder)
        steps = network.steps(batch.codes[DAMAGED].to(self.device))
        rows = {"occluded": batch.codes[DAMAGED], MASK: torch.sigmoid(steps[-1].mask).cpu()}
        rows |= {f"step {number}": one.images.cpu() for number, one in enumerate(steps, 1)}
        drawn: Image.Image = self.task.rows({**rows, "truth": batch.samples})
        return drawn
