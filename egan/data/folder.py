"""A folder of images, searched recursively; its subfolders are classes if they hold all images.

Two passes: all files are looked at, their sizes and, of wide grey ones, their darkest and brightest
pixel; then those that can be used are decoded, all by the same scales.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from egan.data.dataset import Absent, Array, Dataset
from egan.data.image_files import open_image
from egan.data.images import (
    GREY_MODES,
    WIDE_KINDS,
    as_channels,
    check_channels,
    check_image_size,
    check_path,
    decode,
    fit,
    refusal,
)
from egan.data.listing import NUM_NAMED, Listing, counted, list_images, named
from egan.data.scale import Scale, scale_of
from egan.memory import free_bytes, require

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_ASPECT = 16
COMMON_SIZE_SHARE = 0.9
NUM_FOR_PROGRESS = 500
SMALLER = (
    "They would be held in memory: map them from a file (--data.store mapped), choose a smaller "
    "--data.image-size, or fewer."
)
MEMORY_SHARE = 0.25
"""The share of the free memory beyond which images are mapped from a file."""
WIDE_WHITE = 65535
"""What is white in images of 16 bits if nothing is said."""


@dataclass(frozen=True)
class Look:
    """What the head of an image file says.

    Attributes:
        sides: The shorter and the longer side.
        grey: Whether it has one channel.
        ends: Of a wide grey image the lowest and the highest number, and whether it has integers.
    """

    sides: tuple[int, int]
    grey: bool
    ends: tuple[float, float, bool] | None = None


@dataclass
class Survey:
    """A folder whose files were looked at.

    Attributes:
        listing: Its files.
        looks: What was seen of each that can be used.
        skipped: Why others cannot be, by name.
        scales: Of wide grey images with integers (True) and with floats (False).
    """

    listing: Listing
    looks: dict[Path, Look] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    scales: dict[bool, Scale] = field(default_factory=dict)

    def skip(self, file: Path, reason: str) -> None:
        """Leave out an image."""
        self.looks.pop(file, None)
        self.skipped[str(file.relative_to(self.listing.root))] = reason

    def scale(self, file: Path) -> Scale | None:
        """Return what is black and white in a wide grey image; None for others."""
        ends = self.looks[file].ends
        return None if ends is None else self.scales[ends[2]]

    def notes(self) -> list[str]:
        """Return what is left out, and how wide images were read."""
        notes = list(self.listing.notes())
        if self.skipped:
            count = f"{len(self.skipped)} of {len(self.listing.files)}"
            notes.append(f"skipped {count} images: {named(self.skipped)}")
        return notes + [scale.note for scale in self.scales.values() if scale.note]


def load(
    *,
    path: Path | None,
    image_size: int | None,
    channels: int | None,
    store: str = "auto",
    any_size: bool = False,
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

    Raises:
        ValueError: If the folder is missing or empty, or fewer than two images can be used.
    """
    listing, size = listed(path, image_size=image_size, channels=channels, any_size=any_size)
    if is_mapped(store, len(listing.files), size, channels):
        from egan.data import prepared

        return prepared.load(listing, image_size=size, channels=channels)
    survey = looked_at(listing, image_size=size)
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


def looked_at(listing: Listing, *, image_size: int) -> Survey:
    """Look at all files of a listing, and see which can be used.

    Raises:
        ValueError: Fewer than two.
    """
    survey = Survey(listing)
    with _quiet():
        for file in _progress(survey.listing.files, "Looking at images"):
            with _skipping(survey, file):
                survey.looks[file] = _look(file, image_size)
    _leave_unusual(survey)
    _find_scales(survey)
    _check_count(survey)
    return survey


def _check_count(survey: Survey) -> None:
    if len(survey.looks) < 2:
        raise refusal(
            survey.listing.root,
            got=f"{len(survey.looks)} usable of {len(survey.listing.files)} images "
            f"({named(survey.skipped)})",
            expected="at least 2",
            mend="Repair or add images, or choose a smaller --data.image-size.",
        )


def num_channels(survey: Survey, asked: int | None) -> int:
    """Return how many channels the images are brought to: those asked for, or what they have."""
    return asked or (1 if all(look.grey for look in survey.looks.values()) else 3)


def with_labels(survey: Survey) -> tuple[Array | None, tuple[str, ...], list[str]]:
    """Return the classes (N,) of the images that can be used, their names, and all to be said."""
    labels, names, notes = _labels(list(survey.looks), survey.listing)
    return labels, names, [*survey.notes(), *notes]


@contextmanager
def _skipping(survey: Survey, file: Path) -> Iterator[None]:
    """Leave out an image that raises.

    Decoders fail on broken bytes in every way there is, and one bad file among thousands must not
    end a run.
    """
    try:
        yield
    except Exception as error:
        survey.skip(file, str(error) or type(error).__name__)


def _look(file: Path, image_size: int) -> Look:
    with open_image(file) as image:
        short, long = sorted(image.size)
        if short * MAX_ASPECT < long:
            raise ValueError(f"wrong size: {image.width}x{image.height} is too long and thin")
        if short * 2 < image_size:
            raise ValueError(
                f"wrong size: {image.width}x{image.height} is under half of {image_size}"
            )
        ends = _ends(image) if image.mode in WIDE_KINDS else None
        return Look((short, long), image.mode in GREY_MODES, ends)


def _ends(image: Image) -> tuple[float, float, bool]:
    numbers = np.asarray(image)
    if not np.isfinite(numbers).all():
        raise ValueError("pixels that are not finite")
    return float(numbers.min()), float(numbers.max()), numbers.dtype.kind != "f"


def _find_scales(survey: Survey) -> None:
    """Find the scale of all wide grey images with integers, and of all with floats."""
    for whole in (True, False):
        ends = {f: look.ends for f, look in survey.looks.items() if look.ends is not None}
        ends = {file: end for file, end in ends.items() if end[2] == whole}
        if not ends:
            continue
        low, high = min(end[0] for end in ends.values()), max(end[1] for end in ends.values())
        try:
            survey.scales[whole] = scale_of(low, high, whole=whole, usual=WIDE_WHITE)
        except ValueError as error:
            for file in ends:
                survey.skip(file, f"grey {'integers' if whole else 'floats'} {error}")


def in_memory(survey: Survey, *, image_size: int, parts: int = 1) -> Array:
    """Decode the images that can be used: (N, 3, H, W).

    Args:
        survey: The images.
        image_size: Height and width.
        parts: How many images lie side by side in each; they come one under the other, so that H
            is as many times the height.

    Raises:
        ValueError: Fewer than two can be decoded, or they do not fit in memory.
    """
    shape = (len(survey.looks), 3, parts * image_size, image_size)
    require(math.prod(shape), f"{shape[0]:,} images of {image_size}x{image_size}", mend=SMALLER)
    samples, count = np.empty(shape, dtype=np.uint8), 0
    for image in decoded(survey, image_size=image_size, parts=parts):
        samples[count] = image
        count += 1
    _check_count(survey)
    return samples[:count]


def decoded(survey: Survey, *, image_size: int, parts: int = 1) -> Iterator[Array]:
    """Yield each image that can be used, (3, H, W); those that are damaged are left out."""
    for file in _progress(list(survey.looks), "Reading images"):
        with _quiet(), _skipping(survey, file):
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


@contextmanager
def _quiet() -> Iterator[None]:
    """Let a decompression bomb raise, and silence what pillow says about odd metadata."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _leave_unusual(survey: Survey) -> None:
    """Where nearly all images share one size, leave out and name the odd ones."""
    if not survey.looks:
        return
    sides = {file: look.sides for file, look in survey.looks.items()}
    (common, count), *_ = Counter(sides.values()).most_common(1)
    if count < COMMON_SIZE_SHARE * len(sides):
        return
    for file, (short, long) in sides.items():
        if (short, long) != common:
            others = f"{common[0]}x{common[1]}"
            survey.skip(file, f"wrong size: {short}x{long} where the others are {others}")


def in_channels(images: Array, channels: int) -> Array:
    """Bring images (N, 3, H, W) to 3 channels or 1, a thousand at a time to spare memory."""
    if channels != 1:
        return images
    parts = [as_channels(images[i : i + 1000], 1) for i in range(0, len(images), 1000)]
    return np.concatenate(parts)


def _labels(files: list[Path], listing: Listing) -> tuple[Array | None, tuple[str, ...], list[str]]:
    """Number the subfolders of the first level, unless an image lies outside them.

    Returns:
        Labels (N,) or None, the names of classes, and notes.
    """
    parts = [file.relative_to(listing.root).parts for file in files]
    outside = [part[0] for part in parts if len(part) < 2]
    names, labels = np.unique([part[0] for part in parts], return_inverse=True)
    empty = [name for name in listing.folders if name not in names]
    notes = []
    if empty:
        notes.append(f"no image can be used of {counted(len(empty), 'folder')}: {_first(empty)}")
    if outside and len(outside) + 1 < len(names):
        notes.append(
            f"the subfolders are no classes, since of {counted(len(files), 'image')} "
            f"{len(outside):,} {'lies' if len(outside) == 1 else 'lie'} outside them: "
            f"{_first(outside)}"
        )
    if outside or len(names) < 2:
        return None, (), notes
    return labels.astype(np.int64), tuple(map(str, names)), notes


def _first(names: list[str]) -> str:
    return ", ".join(names[:NUM_NAMED]) + (" ..." if len(names) > NUM_NAMED else "")


def _progress(files: list[Path], doing: str) -> Iterable[Path]:
    """Show a progress bar for a big folder, if somebody is looking."""
    if len(files) < NUM_FOR_PROGRESS or not sys.stderr.isatty():
        return files
    from rich.console import Console
    from rich.progress import track

    return track(files, doing, console=Console(stderr=True), transient=True)
