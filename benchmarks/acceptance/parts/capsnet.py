"""What stands beside CapsNet: CNNs with batch norm, and ridge regressions that draw digits."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from acceptance.training import num_parameters
from egan.collection.capsnet.model import CapsNet, Scene
from egan.data.dataset import Array

LARGE = 16


class Convolutional(CapsNet):
    """Three convolutions with pooling, then a hidden layer that makes up for the parameters."""

    def build(self) -> dict[str, nn.Module]:
        """Build the network, a logit per class."""
        size, width = num_parameters(*super().build().values()), self.settings.filters
        body = self.body(width)
        features = flat_size(body, self.shape)
        left = size - num_parameters(body) - self.num_classes
        hidden = self.hidden or round(left / (features + 1 + self.num_classes))
        head = [nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, self.num_classes)]
        self.network = body.extend(head)
        return {"capsnet": self.network}

    hidden: ClassVar[int] = 0
    """Units of the hidden layer; 0 for as many as make up for the parameters."""

    def body(self, width: int) -> nn.Sequential:
        """Build the convolutions."""
        return nn.Sequential(
            *normed(self.shape[0], width),
            *(*normed(width, width), nn.MaxPool2d(2)),
            *(*normed(width, 2 * width), nn.MaxPool2d(2)),
            nn.Flatten(),
        )

    def update(self) -> None:
        """Descend the cross-entropy of the classes, each as likely as the other, once."""
        self.apply_settings()
        scene = self.drawn()
        targets = F.normalize(self.present(scene.classes), p=1.0)
        self.descend(F.cross_entropy(self.classify(scene.images), targets), "capsnet")

    def classify(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, K)."""
        logits: Tensor = self.network((images + 1) / 2)
        return logits


class SmallConvolutional(Convolutional):
    """The same for larger images: four narrow convolutions, two for small ones, each pooled."""

    hidden: ClassVar[int] = 128

    def body(self, width: int) -> nn.Sequential:
        """Build the convolutions, of as many channels as the capsules' filters at first."""
        widths = [width * 2**level for level in range(4 if self.shape[-1] >= LARGE else 2)]
        layers = nn.Sequential()
        for before, after in zip([self.shape[0], *widths], widths, strict=False):
            layers.extend([*normed(before, after), nn.MaxPool2d(2)])
        return layers.append(nn.Flatten())


def normed(before: int, after: int) -> list[nn.Module]:
    """Return a convolution, batch norm and ReLU."""
    return [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()]


def flat_size(body: nn.Module, shape: tuple[int, ...]) -> int:
    """Return how many numbers come out of a network, leaving its statistics alone."""
    with torch.no_grad():
        size = body.eval()(torch.zeros(1, *shape)).shape[1]
    body.train()
    return int(size)


def ridge(old: Scene, new: Scene, penalty: float) -> float:
    """Fit a ridge regression for each class; return the squared error per pixel on other scenes."""
    (x, y, k), (x_new, y_new, k_new) = rows(old), rows(new)
    total = 0.0
    for one in range(10):
        known, asked = x[k == one], k_new == one
        gram = known.T @ known + penalty * np.eye(x.shape[1])
        weights = np.linalg.solve(gram, known.T @ y[k == one])
        total += float(np.square((x_new[asked] @ weights).clip(0, 1) - y_new[asked]).sum())
    return total / y_new.size


def rows(scene: Scene) -> tuple[Array, Array, Array]:
    """Return what is known of each digit (pixels and the other's class), itself, and its class."""
    pixels = ((scene.images + 1) / 2).flatten(1)
    known = [torch.cat([pixels, F.one_hot(scene.classes[:, 1 - i], 10)], dim=1) for i in (0, 1)]
    alone = ((scene.parts + 1) / 2).flatten(2)
    found = torch.cat(known), torch.cat([alone[:, 0], alone[:, 1]]), scene.classes.T.flatten()
    return tuple(x.numpy() for x in found)  # type: ignore[return-value]
