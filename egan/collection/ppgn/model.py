"""PPGN; `egan.collection.ppgn` tells the paper."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import mutations
from egan.collection.ppgn import PRESETS, SOURCES, PpgnSettings
from egan.collection.ppgn.networks import Condition, Encoder
from egan.collection.ppgn.walk import Function, Walk, started
from egan.losses import discriminator as logistic
from egan.losses.games import whole
from egan.networks import dcgan
from egan.tasks import ROW, Batch, Classes, Codes, Draw, draw_labels
from egan.training.game import Game, Half, Objective, Sides
from egan.training.model import BATCH

if TYPE_CHECKING:
    from PIL import Image

DISTANCE_WEIGHT = 0.1
SOURCE, NOISE = "source", "noise"
LEARNERS = ("encoder", "condition")


class Ppgn(Game):
    """A generator that inverts an encoder, whose codes walk to where a class is."""

    sides: ClassVar = Sides(environment=("discriminator", *LEARNERS))
    task_type: ClassVar = partial(Classes, distance_weight=DISTANCE_WEIGHT)
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    tiny: ClassVar = {
        "width": 4,
        "discriminator_width": 4,
        "code_dim": 8,
        "batch_size": 8,
        "pretraining": 0,
        "steps": 2,
    }
    paper_classes: ClassVar = 1000
    settings: PpgnSettings

    @property
    def learning(self) -> Mapping[str, str]:  # type: ignore[override]
        """Both classifiers have a rate of their own."""
        return {**super().learning, **dict.fromkeys(LEARNERS, "encoder_lr")}

    def generator_network(self) -> nn.Module:
        """Build G."""
        s = self.settings
        return dcgan.generator(self.shape, latent_dim=s.code_dim, width=s.width, norm="batch")

    def discriminators(self) -> dict[str, nn.Module]:
        """Build D, E and the condition network."""
        s, shape, num_classes = self.settings, self.shape, self.num_classes
        return {
            "discriminator": dcgan.discriminator(
                shape, width=s.discriminator_width, norm="spectral"
            ),
            "encoder": Encoder(
                shape, width=s.discriminator_width, code_dim=s.code_dim, num_classes=num_classes
            ),
            "condition": Condition(shape, width=s.discriminator_width, num_classes=num_classes),
        }

    @property
    def encoder(self) -> Encoder:
        """E."""
        return self.networks["encoder"]  # type: ignore[return-value]

    @property
    def condition(self) -> nn.Module:
        """What is plugged in if nothing else is."""
        return self.networks["condition"]

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw images to encode, and the noise on their codes (count, F)."""
        source = self.task.draw(count, rng).samples
        return {
            SOURCE: source,
            NOISE: torch.randn(count, self.settings.code_dim, generator=rng),
        }

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Invert noisy codes of the images "source"."""
        with torch.no_grad():
            hidden = self.encoder.codes(codes[SOURCE])
        images: Tensor = network(hidden + self.settings.code_noise * codes[NOISE])
        return images

    @property
    def learns_classes(self) -> bool:
        """Whether E and the condition network still learn."""
        return self.updates < self.settings.pretraining

    def classified(self, real: Batch) -> Tensor:
        """Return what E and the condition network minimise: −E[log p(y | x)] of each."""
        asked = (self.computed(self.networks[name], real.samples) for name in LEARNERS)
        first, second = (F.cross_entropy(logits, real.labels) for logits in asked)
        return first + second

    def real_loss(self, real: Batch) -> Tensor:
        """Return the half of L_D on real samples, and while classes are learned their loss."""
        return self.real_half(real, None)

    def real_half(self, real: Batch, half: Half | None) -> Tensor:
        """Return the same, or with a mutation of D in place of its part of L_D."""
        loss = (half or logistic.real_loss)(self.logits(real))
        return loss + self.classified(real) if self.learns_classes else loss

    def objective(self) -> Objective:
        """Return −E[log D(x')], whole beside the other terms."""
        return whole(mutations.get("heuristic"))

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor:  # noqa: ARG002
        """Return the weighted squared errors of pixels, codes and early features."""
        s, source = self.settings, fake.codes[SOURCE]
        with torch.no_grad():
            early, hidden = self.encoder.features(source)
        made_early, made_hidden = self.encoder.features(fake.samples)
        return (
            s.image_weight * F.mse_loss(fake.samples, source)
            + s.code_weight * F.mse_loss(made_hidden, hidden)
            + s.early_weight * F.mse_loss(made_early, early)
        )

    def update(self) -> None:
        """Train E and the condition network at first, then D and G."""
        if self.learns_classes:
            self.descend(self.classified(self.draw()), *LEARNERS)
        else:
            super().update()

    def walk(self, drive: Function) -> Walk:
        """Return the walk over codes, by the averaged generator, that climbs `drive`."""
        s = self.settings
        return Walk(
            make=self.average,
            encode=self.encoder.codes,
            drive=drive,
            prior=s.epsilon1,
            noise=s.epsilon3,
            step_size=s.step_size,
        )

    def towards(self, labels: Tensor, condition: Function | None = None) -> Function:
        """Return ε₂ log p(y | x) of labels y (N,), by what is plugged in: images to (N,)."""
        asked, labels = condition or self.condition, labels.to(self.device)

        def drive(images: Tensor) -> Tensor:
            return -self.settings.epsilon2 * F.cross_entropy(
                asked(images), labels, reduction="none"
            )

        return drive

    def start(self, count: int, rng: torch.Generator) -> Tensor:
        """Draw where walks begin (count, F)."""
        return started(count, self.settings.code_dim, rng).to(self.device)

    @torch.no_grad()
    def samples_of(
        self, labels: Tensor, rng: torch.Generator, *, condition: Function | None = None
    ) -> Tensor:
        """Walk to classes (N,); return images (N, C, H, W) on the CPU.

        Args:
            labels: What is asked for, in the numbers of the condition network.
            rng: Of the starts and of the noise.
            condition: From images to logits (N, K'), in the place of the model's own network.
        """
        made = []
        for part in torch.split(labels, BATCH):
            walk = self.walk(self.towards(part, condition))
            end = walk.end(self.start(len(part), rng), rng, count=self.settings.steps)
            made.append(self.average(end).cpu())
        return torch.cat(made)

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Walk to classes as the data have them."""
        return self.labelled(count, rng)[1]

    def labelled(self, count: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw labels (count,) as the data have them; return them and samples of them."""
        labels = draw_labels(self.task.data, count, rng)
        return labels, self.samples_of(labels, rng)

    def look(self) -> dict[str, float]:
        """Return all distances and the accuracy, of the same walks: they are dear."""
        labels, made = self.labelled(self.task.num_looked_at, self.rng)
        told = torch.as_tensor(self.task.features.classes(made))
        return {**self.task.judged(made), "accuracy": float((told == labels).float().mean())}

    @torch.no_grad()
    def matched(
        self, images: Tensor, known: Tensor, rng: torch.Generator, labels: Tensor | None = None
    ) -> Tensor:
        """Walk to images that match others where those are known; return them on the device.

        The walk begins at the code of the images as they are, and climbs ε₄ times −½ Σ (x − G(h))²
        over known pixels, and where there are labels the class too.

        Args:
            images: (N, C, H, W), whatever they have where they are not known.
            known: 1 or 0 for each pixel, (H, W) or of the images' shape.
            rng: Of the noise.
            labels: Their classes (N,), or None.
        """
        images, known = images.to(self.device), known.to(self.device)
        class_drive = None if labels is None else self.towards(labels)

        def drive(made: Tensor) -> Tensor:
            match = -0.5 * (known * (made - images)).square().flatten(1).sum(dim=1)
            climbed = self.settings.epsilon4 * match
            return climbed if class_drive is None else climbed + class_drive(made)

        walk = self.walk(drive)
        end = walk.end(self.encoder.codes(images), rng, count=self.settings.steps)
        matched: Tensor = self.average(end)
        return matched

    def inpainted(
        self, images: Tensor, known: Tensor, rng: torch.Generator, labels: Tensor | None = None
    ) -> Tensor:
        """Fill in what is not known of images, see `matched`; return them on the CPU."""
        made = self.matched(images, known, rng, labels).cpu()
        return torch.where(known.cpu() > 0, images.cpu(), made)

    def renew_statistics(self) -> None:
        """Take batch norm's statistics anew, from images of the data if those are here."""
        if self.task.data.is_here:
            super().renew_statistics()

    def pictures(self) -> dict[str, Draw]:
        """Show a row for each class, and walks."""
        return {**super().pictures(), "walks": self.show_walks}

    @torch.no_grad()
    def show_walks(self, rng: torch.Generator) -> Image.Image:
        """Draw a walk to each of the first ten classes, from its start on the left to its end."""
        count = min(self.num_classes, ROW)
        labels, last = torch.arange(count), self.settings.steps
        shown = {round(last * (column / (ROW - 1)) ** 2) for column in range(ROW)}
        steps = self.walk(self.towards(labels)).steps(self.start(count, rng), rng, count=last)
        frames = [self.average(codes).cpu() for i, codes in enumerate(steps) if i in shown]
        names = [f"class {name}" for name in self.task.data.classes[:count]]
        columns = torch.stack(frames, dim=1).flatten(0, 1)
        picture: Image.Image = self.task.show(columns, columns=len(frames), row_names=names)
        return picture
