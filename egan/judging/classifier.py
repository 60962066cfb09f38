"""A small convolutional classifier, trained on a data set in seconds, whose features judge samples.

It learns the classes where there are labels; elsewhere it learns by how many quarter turns an
image was rotated (Gidaris et al., arXiv 1803.07728), so that features exist in any case.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from egan.data.dataset import Dataset
from egan.eager import eager

NUM_FEATURES = 64
MAX_SIZE = 32
BASE = 4
NUM_TURNS = 4
BATCH = 64
MIN_STEPS, MAX_STEPS = 400, 3000
LEARNING_RATE = 4e-3
NUM_SCALED = 1000
HELD_OUT = 5  # one example in five


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a classifier is trained.

    Attributes:
        seed: Of its weights and batches: another one gives an independent classifier.
        examples_per_step: One step for so many examples, within 400 to 3,000 steps.
    """

    seed: int = 1803
    examples_per_step: int = 16

    def num_steps(self, num_examples: int) -> int:
        """Return the number of steps for so many examples."""
        return min(max(num_examples // self.examples_per_step, MIN_STEPS), MAX_STEPS)

    def varied(self, images: torch.Tensor, rng: torch.Generator) -> torch.Tensor:  # noqa: ARG002
        """Return images (N, C, H, W) to learn from: as they are."""
        return images


DEFAULT = Recipe()


class Classifier(nn.Module):
    """Images (N, C, H, W) in [-1, 1] -> logits (N, K); 3x3 convolutions down to 4x4.

    Images wider than 32 are averaged down to 32 first. `scale` brings the features of real images
    to a mean square of 1, so that distances between features compare across data sets.
    """

    scale: torch.Tensor

    def __init__(self, shape: tuple[int, ...], *, num_classes: int) -> None:
        super().__init__()
        channels, size, width = shape[0], min(shape[1], MAX_SIZE), 32
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
        while size > BASE:
            layers += [nn.Conv2d(width, 64, 3, stride=2, padding=1), nn.ReLU()]
            size, width = (size + 1) // 2, 64
        self.convolutions = nn.Sequential(*layers, nn.Flatten())
        self.hidden = nn.Linear(width * size * size, NUM_FEATURES)
        self.head = nn.Linear(NUM_FEATURES, num_classes)
        self.register_buffer("scale", torch.ones(()))

    def embed(self, images: torch.Tensor) -> torch.Tensor:
        """Map images (N, C, H, W) to features (N, F), the last hidden layer."""
        return self.last_two(images)[1]

    def last_two(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Map images (N, C, H, W) to the last convolution's features, and to those of `embed`."""
        if images.shape[-1] > MAX_SIZE:
            images = F.interpolate(images, size=(MAX_SIZE, MAX_SIZE), mode="area")
        maps = self.convolutions(images)
        return maps, F.relu(self.hidden(maps)) * self.scale

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map images (N, C, H, W) to logits (N, K)."""
        logits: torch.Tensor = self.head(self.embed(images) / self.scale)
        return logits


def has_classes(dataset: Dataset) -> bool:
    """Whether there are labels to learn, of two classes at least."""
    return dataset.num_classes > 1


def build(dataset: Dataset) -> Classifier:
    """Build the classifier that fits a data set of images, with fresh weights."""
    classes = dataset.num_classes if has_classes(dataset) else NUM_TURNS
    return Classifier(dataset.shape, num_classes=classes)


def train(
    dataset: Dataset, *, test: Dataset | None = None, recipe: Recipe = DEFAULT
) -> tuple[Classifier, float]:
    """Train on the data; return the network and its accuracy on `test`.

    Without `test`, a fifth of the data is held out instead. The same data and recipe give the same
    weights, and torch's global generator is left as it was.
    """
    with one_thread(), own_random(recipe.seed), torch.enable_grad():
        generator = torch.Generator().manual_seed(recipe.seed)
        network = build(dataset)
        order = torch.randperm(len(dataset), generator=generator).numpy()
        num_held = 0 if test is not None else max(1, len(order) // HELD_OUT)
        num_steps = recipe.num_steps(len(order) - num_held)
        _fit(network, dataset, order[num_held:], generator, num_steps=num_steps, recipe=recipe)
        network.eval().requires_grad_(False)
        square = network.embed(dataset.real(NUM_SCALED)).square().mean()
        network.scale.copy_(square.clamp_min(1e-12).rsqrt())
        if test is not None:
            return network, _accuracy(network, test, np.arange(len(test)), generator)
        return network, _accuracy(network, dataset, order[:num_held], generator)


def _fit(
    network: Classifier,
    dataset: Dataset,
    indices: np.ndarray,
    generator: torch.Generator,
    *,
    num_steps: int,
    recipe: Recipe,
) -> None:
    optimiser = eager(torch.optim.Adam)(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=num_steps)
    for _ in range(num_steps):
        chosen = torch.randint(len(indices), (BATCH,), generator=generator).numpy()
        images, targets = _examples(dataset, indices[chosen], generator)
        images = recipe.varied(images, generator)
        loss = F.cross_entropy(network(images), targets)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        schedule.step()


@torch.no_grad()
def _accuracy(
    network: Classifier, dataset: Dataset, indices: np.ndarray, generator: torch.Generator
) -> float:
    correct = 0
    for start in range(0, len(indices), 4 * BATCH):
        part = indices[start : start + 4 * BATCH]
        images, targets = _examples(dataset, part, generator)
        correct += int((network(images).argmax(dim=1) == targets).sum())
    return correct / len(indices)


def _examples(
    dataset: Dataset, indices: np.ndarray, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images (N, C, H, W) and their classes (N,), or turned images and their turns."""
    images = dataset.tensor(indices)
    if has_classes(dataset):
        assert dataset.labels is not None
        return images, torch.from_numpy(dataset.labels[indices])
    turns = torch.randint(NUM_TURNS, (len(images),), generator=generator)
    for turn in range(1, NUM_TURNS):
        chosen = turns == turn
        images[chosen] = images[chosen].rot90(turn, (2, 3))
    return images, turns


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one torch thread: sums over several differ in the last bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def own_random(seed: int) -> Iterator[None]:
    """Seed torch's global CPU generator, which fresh weights come from, and restore it after."""
    before = torch.get_rng_state()
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(before)
