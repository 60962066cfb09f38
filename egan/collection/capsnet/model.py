"""CapsNet: images with the things in them, what is descended, how it is judged and shown."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.collection.capsnet import PRESETS, SOURCES, CapsNetSettings
from egan.collection.capsnet.networks import Capsules, decoder, lengths
from egan.tasks import Draw, Recognition
from egan.tasks.recognition import accuracy
from egan.training.model import BATCH, Model

if TYPE_CHECKING:
    from PIL import Image

    from egan.data.dataset import Array, Dataset

NUM_SHOWN = 10
SWEEP = 0.25


class Scene(NamedTuple):
    """Images (N, C, H, W), the P things in each, alone (N, P, C, H, W), and their classes (N, P).

    With one class per image, P = 1 and the thing is the image.
    """

    images: Tensor
    parts: Tensor
    classes: Tensor

    def to(self, device: torch.device) -> Scene:
        """Move all three to a device."""
        return Scene(*(tensor.to(device) for tensor in self))


def scenes(data: Dataset, chosen: Array) -> Scene:
    """Return the images at some indices (N,), in [-1, 1], on the CPU."""
    images = data.tensor(chosen)
    if data.labels is not None:
        return Scene(images, images[:, None], torch.from_numpy(data.labels[chosen])[:, None])
    parts = torch.from_numpy(data.annotations["parts"][chosen])
    classes = torch.from_numpy(data.annotations["digits"][chosen])
    return Scene(images, parts / 127.5 - 1, classes)


def shifted(images: Tensor, offsets: Tensor, *, most: int) -> Tensor:
    """Shift images (N, C, H, W) by offsets (N, 2) from -most to most; what comes in is black."""
    padded = F.pad(images, [most] * 4, value=-1.0)
    height, width = images.shape[2:]
    rows = torch.arange(height) + most - offsets[:, :1]
    columns = torch.arange(width) + most - offsets[:, 1:]
    index = torch.arange(len(images))[:, None, None]
    return padded[index, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def margin_loss(lengths: Tensor, present: Tensor, settings: CapsNetSettings) -> Tensor:
    """Return the margin loss of lengths (N, K), summed over classes, (N,).

    Any number of classes may be present: `present` (N, K) holds ones and zeros.
    """
    found = F.relu(settings.positive_margin - lengths).square()
    imagined = F.relu(lengths - settings.negative_margin).square()
    return (present * found + settings.absent_weight * (1 - present) * imagined).sum(dim=1)


class CapsNet(Model):
    """Capsules that tell the classes of an image, and a decoder that draws each of them."""

    task_type: ClassVar = Recognition
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    learning: ClassVar = {"capsnet": "lr"}
    tiny: ClassVar = {"filters": 4, "primary_channels": 2, "class_dim": 4, "hidden": 8}
    paper_parameters: ClassVar = {"capsnet": 8.2}
    settings: CapsNetSettings

    def build(self) -> dict[str, nn.Module]:
        """Build capsules and decoder.

        Raises:
            ValueError: The images are too small, or nothing is known of their classes.
        """
        data, s = self.task.data, self.settings
        known = data.annotations.get("classes")
        self.num_classes = data.num_classes or (0 if known is None else known.shape[1])
        if self.num_classes < 2:
            raise ValueError(
                f"CapsNet needs data with classes, but {data.name} has no labels. Give labelled "
                "data, such as a folder with a subfolder for each class, or overlapped_digits."
            )
        self.capsules = Capsules(self.shape, self.num_classes, s)
        self.decoder = decoder(self.shape, self.num_classes, s)
        return {"capsnet": nn.ModuleDict({"capsules": self.capsules, "decoder": self.decoder})}

    def learning_rate(self, network: str) -> float:
        """Return the learning rate, as far as it has fallen."""
        half_life = self.settings.lr_half_life
        halved = self.updates / half_life if half_life else 0.0
        return super().learning_rate(network) * float(0.5**halved)

    def find(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to the capsules of their classes (N, K, D)."""
        capsules: Tensor = self.capsules(images, self.settings.routing_iterations)
        return capsules

    def classify(self, images: Tensor) -> Tensor:
        """Return how long the capsules of the classes (N, K) of images (N, C, H, W) are."""
        return lengths(self.find(images.to(self.device)))

    def decode(self, capsules: Tensor, classes: Tensor) -> Tensor:
        """Draw the things of some classes (N, P), each from its capsule: (N, P, C, H, W) in [0, 1].

        All other capsules of (N, K, D) are masked.
        """
        masks = F.one_hot(classes, self.num_classes)[..., None]
        masked = (capsules[:, None] * masks).flatten(2)
        drawn: Tensor = self.decoder(masked.flatten(0, 1))
        return drawn.view(*classes.shape, *self.shape)

    def update(self) -> None:
        """Descend the margin loss and the reconstruction error once."""
        self.apply_settings()
        scene = self.drawn()
        capsules = self.find(scene.images)
        loss = self.loss(capsules, scene.classes)
        if self.settings.reconstruction_weight:
            error = self.squared_errors(capsules, scene).sum(dim=1)
            loss = loss + self.settings.reconstruction_weight * error
        self.descend(loss.mean(), "capsnet")

    def drawn(self) -> Scene:
        """Draw images to learn from, shifted at random."""
        size, most = self.settings.batch_size, self.settings.shift
        chosen = torch.randint(len(self.task.data), (size,), generator=self.rng)
        scene = scenes(self.task.data, chosen.numpy())
        if most:
            offsets = torch.randint(-most, most + 1, (size, 2), generator=self.rng)
            images = shifted(scene.images, offsets, most=most)
            parts = shifted(scene.parts.flatten(1, 2), offsets, most=most)
            scene = Scene(images, parts.view_as(scene.parts), scene.classes)
        return scene.to(self.device)

    def loss(self, capsules: Tensor, classes: Tensor) -> Tensor:
        """Return the margin loss (N,) of capsules (N, K, D) and the classes present (N, P)."""
        return margin_loss(lengths(capsules), self.present(classes), self.settings)

    def present(self, classes: Tensor) -> Tensor:
        """Return ones at classes (N, P), zeros elsewhere (N, K)."""
        return F.one_hot(classes, self.num_classes).amax(dim=1).float()

    def squared_errors(self, capsules: Tensor, scene: Scene) -> Tensor:
        """Return the squared error, summed over pixels in [0, 1], of each thing decoded, (N, P)."""
        decoded = self.decode(capsules, scene.classes)
        return (decoded - (scene.parts + 1) / 2).square().flatten(2).sum(dim=2)

    def score(self) -> dict[str, float]:
        """Return how often all classes are right, and losses, on held-out data."""
        held_out = self.task.held_out
        chosen = torch.split(torch.from_numpy(held_out.spread(self.task.num_judged)), BATCH)
        parts = [self._judged(scenes(held_out, part.numpy())) for part in chosen]
        found, present, losses, errors = (torch.cat(one) for one in zip(*parts, strict=True))
        return {
            "fitness": accuracy(found, present),
            "margin_loss": float(losses.mean()),
            "reconstruction_error": float(errors.mean()) / prod(self.shape),
        }

    def _judged(self, scene: Scene) -> tuple[Tensor, ...]:
        """Return lengths, the classes present, margin losses and squared errors, on the CPU."""
        scene = scene.to(self.device)
        capsules = self.find(scene.images)
        found, present = lengths(capsules), self.present(scene.classes)
        losses, errors = self.loss(capsules, scene.classes), self.squared_errors(capsules, scene)
        return tuple(x.cpu() for x in (found, present, losses, errors))

    def pictures(self) -> dict[str, Draw]:
        """Show what is drawn from capsules, what each of their dimensions does, and mistakes."""
        own = {"reconstructions": self.show_reconstructions, "dimensions": self.show_dimensions}
        return own | super().pictures()

    def show_reconstructions(self, rng: torch.Generator) -> Image.Image:  # noqa: ARG002
        """Draw a row of held-out images, and of each thing in them a row alone and one decoded.

        Decoded are the classes of the longest capsules, in rising order, as the things are.
        """
        held_out = self.task.held_out
        scene = scenes(held_out, held_out.spread(NUM_SHOWN)).to(self.device)
        count = scene.classes.shape[1]
        capsules = self.find(scene.images)
        told = lengths(capsules).topk(count, dim=1).indices.sort(dim=1).values
        decoded = 2 * self.decode(capsules, told) - 1
        order = scene.classes.argsort(dim=1)
        rows = [scene.images]
        for place in range(count):
            alone = scene.parts[torch.arange(len(order)), order[:, place]]
            rows += [alone, decoded[:, place]] if count > 1 else [decoded[:, place]]
        picture: Image.Image = self.task.show(torch.cat(rows), columns=NUM_SHOWN)
        return picture

    def show_dimensions(self, rng: torch.Generator) -> Image.Image:  # noqa: ARG002
        """Draw a row for each dimension of a capsule, changed by -0.25 to 0.25 in steps of 0.05."""
        capsules = self.find(self.task.held_out.real(1).to(self.device))
        told = lengths(capsules).argmax(dim=1)
        changes = torch.linspace(-SWEEP, SWEEP, 11, device=self.device)
        moves = torch.eye(self.settings.class_dim, device=self.device)[:, None] * changes[:, None]
        changed = (capsules + moves.flatten(0, 1)[:, None, :]).contiguous()
        decoded = self.decode(changed, told.expand(len(changed))[:, None])[:, 0]
        picture: Image.Image = self.task.show(2 * decoded - 1, columns=len(changes))
        return picture
