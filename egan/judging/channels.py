"""A classifier of single images, asked about each channel of stacked ones: features and modes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from egan.data.dataset import Dataset
from egan.judging.classifier import Classifier, Recipe

SIDE = 16
"""Images are averaged down to at most this many pixels, since tens of thousands are read."""


@dataclass(frozen=True, kw_only=True)
class Shifted(Recipe):
    """Trains on images that are moved by up to some pixels along each axis, all of a batch alike.

    Attributes:
        shift: How many pixels.
    """

    shift: int = 1

    def varied(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """Move images (N, C, H, W); what leaves on one side comes in on the other."""
        down, right = torch.randint(-self.shift, self.shift + 1, (2,), generator=rng).tolist()
        return images.roll((down, right), dims=(2, 3))


READER = Shifted(seed=1712, examples_per_step=2)
"""How the classifier of single images is trained: longer, since modes are counted by it.

Of `mnist5k`'s 1,000 test digits it tells 98.2%.
"""


@dataclass(frozen=True, eq=False)
class PerChannel:
    """Sees images (N, C, H, W) as C grey ones, each of one of K classes.

    Attributes:
        network: The classifier of grey images, averaged down.
    """

    network: Classifier

    def embed(self, images: Tensor) -> Tensor:
        """Map images to the features (N, C * F) of their channels, side by side."""
        return self.network.embed(_apart(images)).view(len(images), -1)

    def modes(self, images: Tensor) -> Tensor:
        """Map images to modes (N,) from 0 to K^C - 1: classes as the digits of a number."""
        logits = self.network(_apart(images))
        classes = logits.argmax(dim=1).view(images.shape[:2])
        base = logits.shape[1] ** torch.arange(images.shape[1] - 1, -1, -1)
        modes: Tensor = (classes * base).sum(dim=1)
        return modes


def averaged(dataset: Dataset) -> Dataset:
    """Return a data set of images of at most `SIDE` pixels, averaged down."""
    samples = torch.from_numpy(dataset.samples.copy()).float()
    return replace(dataset, samples=_small(samples).round().byte().numpy())


def _apart(images: Tensor) -> Tensor:
    """Return the channels (N * C, 1, H, W) of images, averaged down."""
    return _small(images.flatten(0, 1)[:, None])


def _small(images: Tensor) -> Tensor:
    factor = -(-images.shape[-1] // SIDE)
    return avg_pool2d(images, factor) if factor > 1 else images
