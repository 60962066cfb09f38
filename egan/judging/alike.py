"""Two sets of samples in one form, so that they can be compared: channels, classes, numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from egan.data.images import as_channels
from egan.data.splits import subset

if TYPE_CHECKING:
    from egan.data.dataset import Dataset


def comparable(real: Dataset, made: Dataset) -> tuple[Dataset, Dataset, list[str]]:
    """Return both with the same channels and numbers of classes, and notes.

    Classes are the same where they are called the same; where generated ones are called otherwise,
    their labels are left out.

    Raises:
        ValueError: They are of different kinds or sizes.
    """
    if real.kind != made.kind or real.shape[1:] != made.shape[1:]:
        raise ValueError(
            f"real and generated samples must be alike, but got {real.kind.name} of {real.shape} "
            f"and {made.kind.name} of {made.shape}."
        )
    if real.channels != made.channels:
        real, made = (_coloured(one) for one in (real, made))
    if made.labels is None or real.labels is None:
        return real, replace(made, labels=None, class_names=()), []
    strange = [name for name in made.classes if name not in real.classes]
    if strange:
        named = ", ".join(strange[:5]) + (" ..." if len(strange) > 5 else "")
        note = f"the generated images' labels are left out: no real image is of {named}"
        return real, replace(made, labels=None, class_names=()), [note]
    numbers = np.array([real.classes.index(name) for name in made.classes])
    labels = numbers[made.labels]
    return real, replace(made, labels=labels, class_names=real.classes), []


def _coloured(data: Dataset) -> Dataset:
    return replace(data, samples=as_channels(data.samples, 3))


def at_most(data: Dataset, count: int) -> Dataset:
    """Return so many samples at most, spread evenly."""
    return data if len(data) <= count else subset(data, data.spread(count))
