"""CapsNet (Sabour et al. 2017, "Dynamic routing between capsules", arXiv 1710.09829).

A capsule is a vector: its length says how surely something is there, its direction how it looks.
Primary capsules u_i come from convolutions; each predicts every class capsule, û_{j|i} = W_ij u_i,
and r rounds of routing, in training and afterwards, decide whose predictions count:

    b_ij = 0, then r times    c_i = softmax_j(b_i),  s_j = Σ_i c_ij û_{j|i},  v_j = squash(s_j),
                              b_ij += û_{j|i} · v_j
    squash(s) = ‖s‖² / (1 + ‖s‖²) · s / ‖s‖

Any number of classes T may be present at once. A decoder draws each of them from its capsule alone:

    L = Σ_k T_k max(0, m⁺ − ‖v_k‖)² + λ (1 − T_k) max(0, ‖v_k‖ − m⁻)²  +  w Σ (x − decoded)²

Here no gradient flows through the updates of b, and small images get a border. The preset
`overlapped` is the paper's task of two digits, one over the other; each is decoded on its own.

Fitness: the share of held-out images whose classes are exactly those of the longest capsules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import fitness
from egan.config import DataConfig, SearchConfig
from egan.config.collection import CollectionConfig
from egan.config.settings import Settings
from egan.reporting.pictures import image_grid
from egan.training.model import Draw, Model

if TYPE_CHECKING:
    from PIL import Image

    from egan.data.dataset import Array, Dataset

NUM_JUDGED, NUM_SHOWN = 1000, 10
BATCH = 250
SWEEP, EPSILON = 0.25, 1e-9


@dataclass(frozen=True, kw_only=True)
class CapsNetSettings(Settings):
    """Settings of a CapsNet."""

    STRUCTURAL = (
        "kernel",
        "padding",
        "filters",
        "primary_channels",
        "primary_dim",
        "class_dim",
        "hidden",
    )
    MAY_BE_ZERO = ("padding", "shift", "lr_half_life")

    kernel: int = 9
    """Height and width of both convolutions; images must be at least twice as large, less 1."""
    padding: int = 0
    """Black pixels added on every side of an image, so that its border is seen as often."""
    filters: int = 256
    """Channels of the first convolution."""
    primary_channels: int = 32
    """Primary capsules at each place."""
    primary_dim: int = 8
    """Dimensions of a primary capsule."""
    class_dim: int = 16
    """Dimensions of a class's capsule."""
    hidden: int = 512
    """Units of the decoder's first hidden layer; the second has twice as many."""
    routing_iterations: int = 3
    """Rounds of routing (r)."""
    positive_margin: float = 0.9
    """Length that the capsule of a class that is present should have (m+)."""
    negative_margin: float = 0.1
    """Length that the capsule of an absent class may have (m-)."""
    absent_weight: float = 0.5
    """Weight of absent classes (lambda)."""
    reconstruction_weight: float = 0.0005
    """Weight of the squared error, summed over pixels in [0, 1]; 0 for no reconstruction."""
    shift: int = 0
    """Most pixels that images are shifted by in training, along each axis."""
    lr: float = 1e-3
    """Learning rate at the start."""
    lr_half_life: int = 0
    """Updates in which the learning rate falls to a half; 0 keeps it."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if not self.negative_margin < self.positive_margin <= 1:
            raise ValueError(
                "--negative-margin must be below --positive-margin, and that at most 1, but got "
                f"{self.negative_margin} and {self.positive_margin}."
            )


SMALL = CapsNetSettings(
    kernel=3,
    padding=1,
    filters=64,
    primary_channels=8,
    hidden=128,
    reconstruction_weight=0.005,
    lr=5e-3,
    lr_half_life=800,
)


def small() -> CollectionConfig:
    """Digits of 8x8 pixels, in half a minute."""
    data, search = DataConfig(name="digits"), SearchConfig(rounds=20, interval=50)
    return CollectionConfig(data=data, search=search, settings=SMALL)


def overlapped() -> CollectionConfig:
    """Two digits, one over the other on 12x12 pixels, in a minute."""
    data, search = DataConfig(name="overlapped_digits"), SearchConfig(rounds=20, interval=100)
    return CollectionConfig(data=data, search=search, settings=SMALL)


def paper() -> CollectionConfig:
    """MNIST as published: 1152 capsules of 8 dimensions, 8.2 million parameters."""
    return CollectionConfig(
        data=DataConfig(name="mnist", image_size=28),
        search=SearchConfig(rounds=100, interval=500),
        settings=CapsNetSettings(batch_size=128, shift=2, lr_half_life=34_000),
    )


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


def squash(vectors: Tensor) -> Tensor:
    """Shorten vectors (..., D), keeping their direction: length n -> n² / (1 + n²), below 1."""
    squares = vectors.square().sum(dim=-1, keepdim=True)
    return vectors * (squares + EPSILON).sqrt() / (1 + squares)


def lengths(capsules: Tensor) -> Tensor:
    """Return the lengths of vectors (..., D), with a gradient at 0 too."""
    return (capsules.square().sum(dim=-1) + EPSILON).sqrt()


def route(predictions: Tensor, *, iterations: int) -> tuple[Tensor, Tensor]:
    """Route predictions û (N, K, I, D) of I capsules to K: v (N, K, D) and c (N, K, I).

    Couplings c sum to 1 over the K classes, for each of the I capsules. No gradient flows through
    them.
    """
    detached = predictions.detach()
    logits = torch.zeros_like(detached[..., 0])
    for _ in range(iterations - 1):
        logits = logits + torch.matmul(detached, _routed(detached, logits)[..., None])[..., 0]
    return _routed(predictions, logits), logits.softmax(dim=1)


def _routed(predictions: Tensor, logits: Tensor) -> Tensor:
    """Return squash(Σ_i c_ij û_{j|i}), (N, K, D)."""
    couplings = logits.softmax(dim=1)
    return squash(torch.matmul(couplings[:, :, None, :], predictions)[:, :, 0])


def margin_loss(lengths: Tensor, present: Tensor, settings: CapsNetSettings) -> Tensor:
    """Return the margin loss of lengths (N, K), summed over classes, (N,).

    Any number of classes may be present: `present` (N, K) holds ones and zeros.
    """
    found = F.relu(settings.positive_margin - lengths).square()
    imagined = F.relu(lengths - settings.negative_margin).square()
    return (present * found + settings.absent_weight * (1 - present) * imagined).sum(dim=1)


class Capsules(nn.Module):
    """Images (N, C, H, W) -> class capsules (N, K, D)."""

    def __init__(self, shape: tuple[int, ...], num_classes: int, settings: CapsNetSettings) -> None:
        super().__init__()
        s = settings
        least = 2 * (s.kernel - s.padding) - 1
        side = (min(shape[1:]) - least) // 2 + 1
        if side < 1 or shape[1] != shape[2]:
            raise ValueError(
                f"two convolutions of --kernel {s.kernel} with --padding {s.padding} need square "
                f"images of {least} pixels or more, but got samples of shape {shape}. Give a "
                "smaller --kernel, such as 3, or --data.image-size 28."
            )
        self.dim = s.primary_dim
        self.first = nn.Conv2d(shape[0], s.filters, s.kernel, padding=s.padding)
        self.primary = nn.Conv2d(s.filters, s.primary_channels * s.primary_dim, s.kernel, stride=2)
        num_primary = s.primary_channels * side**2
        scale = num_classes / (num_primary * s.class_dim) ** 0.5
        weights = torch.randn(num_classes, num_primary, s.primary_dim, s.class_dim)
        self.weights = nn.Parameter(scale * weights)

    def forward(self, images: Tensor, iterations: int) -> Tensor:
        """Map images to the capsules of their classes, found in so many rounds of routing."""
        capsules, _ = route(self.predictions(images), iterations=iterations)
        return capsules

    def predictions(self, images: Tensor) -> Tensor:
        """Return û_{j|i} = W_ij u_i, (N, K, I, D)."""
        maps = self.primary(self.first((images + 1) / 2).relu())
        primary = squash(maps.unflatten(1, (-1, self.dim)).movedim(2, -1).flatten(1, 3))
        return torch.einsum("nid,kide->nkie", primary, self.weights)


class CapsNet(Model):
    """Capsules that tell the classes of an image, and a decoder that draws each of them."""

    presets: ClassVar = {"small": small, "overlapped": overlapped, "paper": paper}
    space: ClassVar = {
        "lr": "1e-4,1e-2,log",
        "routing_iterations": "1,2,3,4,5",
        "positive_margin": "0.8,0.95",
        "negative_margin": "0.05,0.2",
        "absent_weight": "0.25,1",
        "reconstruction_weight": "1e-5,1e-2,log",
        "primary_channels": "4,8,16,32",
        "primary_dim": "4|8",
        "class_dim": "8,16,32",
    }
    tiny: ClassVar = {"filters": 4, "primary_channels": 2, "class_dim": 4, "hidden": 8}
    paper_parameters: ClassVar = {"capsnet": 8.2}
    needs_images = True
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
        self.decoder = nn.Sequential(
            nn.Linear(self.num_classes * s.class_dim, s.hidden),
            nn.ReLU(),
            nn.Linear(s.hidden, 2 * s.hidden),
            nn.ReLU(),
            nn.Linear(2 * s.hidden, prod(self.shape)),
            nn.Sigmoid(),
            nn.Unflatten(1, self.shape),
        )
        return {"capsnet": nn.ModuleDict({"capsules": self.capsules, "decoder": self.decoder})}

    def optimizer_options(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the learning rate, as far as it has fallen."""
        s = self.settings
        halved = self.updates / s.lr_half_life if s.lr_half_life else 0.0
        return {"capsnet": {"lr": s.lr * 0.5**halved}}

    def find(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to the capsules of their classes (N, K, D)."""
        capsules: Tensor = self.capsules(images, self.settings.routing_iterations)
        return capsules

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
        self.apply_options()
        scene = self.drawn()
        capsules = self.find(scene.images)
        loss = self.loss(capsules, scene.classes)
        if self.settings.reconstruction_weight:
            error = self.squared_errors(capsules, scene).sum(dim=1)
            loss = loss + self.settings.reconstruction_weight * error
        self.descend("capsnet", loss.mean())

    def drawn(self) -> Scene:
        """Draw images to learn from, shifted at random."""
        size, most = self.settings.batch_size, self.settings.shift
        chosen = torch.randint(len(self.task.data), (size,), generator=self.random)
        scene = scenes(self.task.data, chosen.numpy())
        if most:
            offsets = torch.randint(-most, most + 1, (size, 2), generator=self.random)
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
        chosen = torch.split(torch.from_numpy(held_out.spread(NUM_JUDGED)), BATCH)
        parts = [self._judged(scenes(held_out, part.numpy())) for part in chosen]
        found, present, losses, errors = (torch.cat(one) for one in zip(*parts, strict=True))
        return {
            "fitness": fitness.accuracy(found, present),
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
        """Show what is drawn from capsules, and what each dimension of a capsule does."""
        return {"reconstructions": self.show_reconstructions, "dimensions": self.show_dimensions}

    def show_reconstructions(self, generator: torch.Generator) -> Image.Image:  # noqa: ARG002
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
        return image_grid(torch.cat(rows).cpu().numpy(), columns=NUM_SHOWN)

    def show_dimensions(self, generator: torch.Generator) -> Image.Image:  # noqa: ARG002
        """Draw a row for each dimension of a capsule, changed by -0.25 to 0.25 in steps of 0.05."""
        capsules = self.find(self.task.held_out.real(1).to(self.device))
        told = lengths(capsules).argmax(dim=1)
        changes = torch.linspace(-SWEEP, SWEEP, 11, device=self.device)
        moves = torch.eye(self.settings.class_dim, device=self.device)[:, None] * changes[:, None]
        changed = (capsules + moves.flatten(0, 1)[:, None, :]).contiguous()
        decoded = self.decode(changed, told.expand(len(changed))[:, None])[:, 0]
        return image_grid((2 * decoded - 1).cpu().numpy(), columns=len(changes))
