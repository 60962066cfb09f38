"""A folder of images, searched recursively; its subfolders are classes if they hold all images.

Two passes: all files are looked at, their sizes and, of wide grey ones, their darkest and brightest
pixel; then those that can be used are decoded, all by the same scales.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from egan.data.dataset import Absent, Array, Dataset
from egan.data.image_files import open_image
from egan.data.images import (
    as_channels,
    check_channels,
    check_image_size,
    check_path,
    decode,
    fit,
)
from egan.data.listing import Listing, list_images
from egan.data.scale import Scale
from egan.data.survey import (
    Survey,
    check_count,
    looked_at,
    num_channels,
    progress,
    quiet,
    skipping,
    with_labels,
)
from egan.memory import free_bytes, require

if TYPE_CHECKING:
    pass

SMALLER = (
    "They would be held in memory: map them from a file (--data.store mapped), choose a smaller "
    "--data.image-size, or fewer."
)
MEMORY_SHARE = 0.25
"""The share of the free memory beyond which images are mapped from a file."""


def load(
    *,
    path: Path | None,
    image_size: int | None,
    channels: int | None,
    store: str = "auto",
    any_size: bool = False,
    least: int = 2,
) -> Dataset:
    """Load every readable image below `path`, resized and cropped to `image_size`.

    Skipped and named in the notes: a file that cannot be decoded; an image that is empty, a
    decompression bomb, longer than 16 times its width, or under half of `image_size`; where nine
    images in ten or more share one size (either way up), an image of another size; and files of
    other formats and folders that cannot be read.

    Args:
        path: The folder.
        image_size: Height and width.
        channels: 1 or 3; None for what the images have.
        store: In "memory", "mapped" from a file of `egan.data.prepared`, or by "auto" the one or
            the other, see `is_mapped`.
        any_size: Whether no network needs to fit the images.
        least: How many images are needed.

    Raises:
        ValueError: If the folder is missing or empty, or fewer than `least` images can be used.
    """
    listing, size = listed(path, image_size=image_size, channels=channels, any_size=any_size)
    if is_mapped(store, len(listing.files), size, channels):
        from egan.data import prepared

        return prepared.load(listing, image_size=size, channels=channels)
    survey = looked_at(listing, image_size=size, least=least)
    samples = in_memory(survey, image_size=size)
    samples = in_channels(samples, num_channels(survey, channels))
    labels, names, notes = with_labels(survey)
    return Dataset("folder", samples, labels, notes=tuple(notes), class_names=names)


def outline(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:
    """Return a folder's data set without its samples: what `load` tells but for decoding.

    Raises:
        ValueError: As `load` does, but for images that begin well and are damaged further on.
    """
    listing, size = listed(path, image_size=image_size, channels=channels)
    survey = looked_at(listing, image_size=size)
    shape = (len(survey.looks), num_channels(survey, channels), size, size)
    labels, names, notes = with_labels(survey)
    samples = np.zeros(shape, np.uint8)
    return Absent("folder", samples, labels, notes=tuple(notes), class_names=names)


def is_mapped(store: str, num_images: int, image_size: int, channels: int | None) -> bool:
    """Whether images are mapped from a file: where that is asked, or they would fill the memory.

    What learns, is held out and judges, and Ray's workers hold copies of parts of them.
    """
    if store != "auto":
        return store == "mapped"
    return num_images * (channels or 3) * image_size**2 > MEMORY_SHARE * free_bytes()


def listed(
    path: Path | None, *, image_size: int | None, channels: int | None, any_size: bool = False
) -> tuple[Listing, int]:
    """Return the images below a folder, and the size that they are brought to.

    Raises:
        ValueError: A setting is wrong, or there are no images.
    """
    check_channels(channels)
    path = check_path(path, name="folder", folder=True)
    if not any_size:
        check_image_size(image_size, needed="images of a folder are resized to one size")
    assert image_size is not None
    return list_images(path), image_size


def in_memory(survey: Survey, *, image_size: int, parts: int = 1) -> Array:
    """Decode the images that can be used: (N, 3, H, W).

    Args:
        survey: The images.
        image_size: Height and width.
        parts: How many images lie side by side in each; they come one under the other, so that H
            is as many times the height.

    Raises:
        ValueError: Fewer than are needed can be decoded, or they do not fit in memory.
    """
    shape = (len(survey.looks), 3, parts * image_size, image_size)
    require(math.prod(shape), f"{shape[0]:,} images of {image_size}x{image_size}", mend=SMALLER)
    samples, count = np.empty(shape, dtype=np.uint8), 0
    for image in decoded(survey, image_size=image_size, parts=parts):
        samples[count] = image
        count += 1
    check_count(survey)
    return samples[:count]


def decoded(survey: Survey, *, image_size: int, parts: int = 1) -> Iterator[Array]:
    """Yield each image that can be used, (3, H, W); those that are damaged are left out."""
    for file in progress(list(survey.looks), "Reading images"):
        with quiet(), skipping(survey, file):
            image = _read(file, image_size, survey.scale(file), parts)
        if file in survey.looks:
            yield image


def _read(file: Path, image_size: int, scale: Scale | None, parts: int) -> Array:
    from PIL import Image, ImageOps

    with open_image(file) as image:
        # A JPEG decodes several times faster at a fraction of its size.
        image.draft(None, (2 * parts * image_size, 2 * image_size))
        pixels = decode(ImageOps.exif_transpose(image), scale=scale)
    width = pixels.shape[2] // parts
    if not width:
        raise ValueError(f"wrong size: no {parts} images lie side by side")
    columns = [pixels[:, :, i * width : (i + 1) * width] for i in range(parts)]
    small = [fit(Image.fromarray(one.transpose(1, 2, 0)), image_size) for one in columns]
    return np.concatenate([np.asarray(one).transpose(2, 0, 1) for one in small], axis=1)


def in_channels(images: Array, channels: int) -> Array:
    """Bring images (N, 3, H, W) to 3 channels or 1, a thousand at a time to spare memory."""
    if channels != 1:
        return images
    parts = [as_channels(images[i : i + 1000], 1) for i in range(0, len(images), 1000)]
    return np.concatenate(parts)
