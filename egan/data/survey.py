"""A first look at the images of a folder: which can be used, of what size, by which scale.

What is left out is named, with its reason; nothing is decoded but wide grey images.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from egan.data.dataset import Array
from egan.data.image_files import open_image
from egan.data.images import GREY_MODES, WIDE_KINDS, refusal
from egan.data.listing import NUM_NAMED, Listing, counted, named
from egan.data.scale import Scale, scale_of

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_ASPECT = 16
COMMON_SIZE_SHARE = 0.9
NUM_FOR_PROGRESS = 500
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
        least: How many images are needed.
    """

    listing: Listing
    looks: dict[Path, Look] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    scales: dict[bool, Scale] = field(default_factory=dict)
    least: int = 2

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


def looked_at(listing: Listing, *, image_size: int, least: int = 2) -> Survey:
    """Look at all files of a listing, and see which can be used.

    Raises:
        ValueError: Fewer than `least`.
    """
    survey = Survey(listing, least=least)
    with quiet():
        for file in progress(survey.listing.files, "Looking at images"):
            with skipping(survey, file):
                survey.looks[file] = _look(file, image_size)
    _leave_unusual(survey)
    _find_scales(survey)
    check_count(survey)
    return survey


def check_count(survey: Survey) -> None:
    """See that there are as many images as are needed, two to learn from.

    Raises:
        ValueError: There are fewer.
    """
    if len(survey.looks) < survey.least:
        left_out = f" ({named(survey.skipped)})" if survey.skipped else ""
        raise refusal(
            survey.listing.root,
            got=f"{len(survey.looks)} usable of {len(survey.listing.files)} images{left_out}",
            expected=f"at least {survey.least}",
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
def skipping(survey: Survey, file: Path) -> Iterator[None]:
    """Leave out an image that raises.

    Decoders fail on broken bytes in every way there is, and one bad file among thousands must not
    end a run.
    """
    try:
        yield
    except Exception as error:
        survey.skip(file, str(error) or type(error).__name__)


@contextmanager
def quiet() -> Iterator[None]:
    """Let a decompression bomb raise, and silence what pillow says about odd metadata."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def progress(files: list[Path], doing: str) -> Iterable[Path]:
    """Show a progress bar for a big folder, if somebody is looking."""
    if len(files) < NUM_FOR_PROGRESS or not sys.stderr.isatty():
        return files
    from rich.console import Console
    from rich.progress import track

    return track(files, doing, console=Console(stderr=True), transient=True)


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
