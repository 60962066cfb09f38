"""Images with a mask of each: `--data.name masks --data.pairs IMAGES MASKS`, of equal names.

A mask is a PNG, BMP, GIF or TIFF as large as its image, in one of two forms, the same for all:

    index     grey, paletted, or black and white: the number in a pixel is its class, from 0. 255 is
              "nobody knows", and is learned from nowhere; where there is nothing but 0 and 255, 255
              is class 1
    colour    RGB: each colour is a class; they are numbered by their hexadecimal names, so that
              black is class 0

There may be 64 classes. Images and masks are resized alike, and cropped to squares; masks by their
nearest pixel, so that no class comes about that was not there. JPEG has no exact colours, and is
refused for masks. What has no partner, cannot be read, or is of another size than its partner, is
left out and named.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from egan.data.crowds import SEGMENTATION
from egan.data.dataset import Array, Dataset
from egan.data.image_files import open_image
from egan.data.images import (
    check_channels,
    check_different,
    check_image_size,
    check_path,
    refusal,
)
from egan.data.listing import Listing, list_images, named
from egan.data.pairs import Side, keep_partners, name_in, side_of
from egan.data.survey import quiet
from egan.memory import require

if TYPE_CHECKING:
    from PIL.Image import Image

IGNORED = 255
MOST_CLASSES = 64
INDEX_MODES = ("1", "L", "LA", "P", "PA")
LOSSY = (".jpg", ".jpeg", ".webp")
NEEDED = "images and masks are resized to one size"
MEND = (
    "Give a folder of images and one of their masks, PNG files of equal names: --data.name masks "
    "--data.pairs images/ masks/."
)


def load(*, path: Sequence[Path] | None, image_size: int | None, channels: int | None) -> Dataset:
    """Load images, each with the mask of its name as the annotation "segmentation" (N, H, W).

    The classes' names are `class_names`: numbers, or colours as "#rrggbb".

    Raises:
        ValueError: A folder is missing or empty, masks are of two forms or have too many classes,
            or fewer than two pairs can be used.
    """
    if path is None or isinstance(path, str | Path) or len(path) != 2:
        raise ValueError(f"--data.pairs is missing: masks reads two folders. {MEND}")
    try:
        return _load(path, image_size=image_size, channels=channels)
    except ValueError as error:  # of what reads one folder, which is told of by its flag elsewhere
        raise ValueError(str(error).replace("--data.path", "--data.pairs")) from error


def _load(path: Sequence[Path], *, image_size: int | None, channels: int | None) -> Dataset:
    check_channels(channels)
    check_image_size(image_size, needed=NEEDED)
    assert image_size is not None
    roots = [check_path(Path(one), name="masks", folder=True) for one in path]
    check_different(roots, name="masks", mend=MEND)
    listings = [list_images(root) for root in roots]
    notes = keep_partners(listings)
    _refuse_lossy(listings[1])
    images = side_of(listings[0], image_size=image_size, channels=channels)
    masks = Masks(listings, images, image_size=image_size)
    names, maps = masks.numbered()
    if len(masks.kept) < 2:
        raise refusal(
            roots[1],
            got=f"{len(masks.kept)} pairs that can be read "
            f"({'; '.join([*images.notes, named(masks.skipped)])})",
            expected="at least 2",
            mend="Repair or add images and masks, or choose a smaller --data.image-size.",
        )
    said = [f"{roots[0]}: {note}" for note in images.notes]
    if masks.skipped:
        said.append(f"skipped {len(masks.skipped)} masks of {roots[1]}: {named(masks.skipped)}")
    samples = images.samples[[images.rows[name] for name in masks.kept]]
    return Dataset(
        "masks",
        samples,
        annotations={SEGMENTATION: maps},
        notes=(*notes, *said),
        class_names=names,
    )


def _refuse_lossy(listing: Listing) -> None:
    lossy = [file for file in listing.files if file.suffix.lower() in LOSSY]
    if lossy:
        raise refusal(
            listing.root,
            got=f"{len(lossy)} masks in JPEG or WebP, such as {lossy[0].name}",
            expected="PNG files, whose pixels are exact",
            mend="Save them as PNG from what they were made of.",
        )


class Masks:
    """The masks of images that can be used, read one after the other.

    Attributes:
        kept: The names of those that were read, in order.
        skipped: Why others were not, by file.
    """

    def __init__(self, listings: Sequence[Listing], images: Side, *, image_size: int) -> None:
        self.root, self.size = listings[1].root, image_size
        self.kept: list[str] = []
        self.skipped: dict[str, str] = {}
        self._form: tuple[str, Path] | None = None
        self._known: dict[int, int] = {}
        pairs = list(zip(listings[0].files, listings[1].files, strict=True))
        require(
            len(pairs) * image_size**2,
            f"{len(pairs):,} masks of {image_size}x{image_size}",
            mend="They are held in memory: choose a smaller --data.image-size, or fewer.",
        )
        read = []
        with quiet():
            for image, mask in pairs:
                name = name_in(listings[0].root, image)
                if name in images.rows and (found := self._read(image, mask)) is not None:
                    read.append(found)
                    self.kept.append(name)
        self._maps = np.stack(read) if read else np.zeros((0, image_size, image_size), np.uint8)

    def numbered(self) -> tuple[tuple[str, ...], Array]:
        """Return what the classes are called, and the maps (N, H, W) uint8 of their numbers."""
        if self._form is None:
            return (), self._maps
        values = sorted(self._known)
        if self._form[0] == "colour":
            order = [self._known[value] for value in values]
            numbers = np.zeros(MOST_CLASSES, np.uint8)
            numbers[order] = np.arange(len(order))
            return tuple(f"#{value:06x}" for value in values), numbers[self._maps]
        if set(values) <= {0, IGNORED}:
            return ("0", "1"), np.minimum(self._maps, 1)
        count = max(value for value in values if value != IGNORED) + 1
        return tuple(map(str, range(max(count, 2)))), self._maps

    def _read(self, image: Path, mask: Path) -> Array | None:
        """Read a mask (H, W): class numbers, or places of colours; None where it cannot be used."""
        try:
            with open_image(mask) as opened:
                self._check_size(image, opened)
                indexed = opened.mode in INDEX_MODES
                if not indexed and opened.mode not in ("RGB", "RGBA"):
                    raise ValueError(f"mode {opened.mode}, neither 8-bit indices nor RGB")
                small = _fitted(opened, self.size)
        except Exception as error:  # decoders fail on broken bytes in every way there is
            self.skipped[str(mask.relative_to(self.root))] = str(error) or type(error).__name__
            return None
        self._check_form("index" if indexed else "colour", mask)
        return self._indices(small, mask) if indexed else self._colours(small, mask)

    def _check_size(self, image: Path, mask: Image) -> None:
        from PIL import ImageOps

        with open_image(image) as opened:
            wanted = ImageOps.exif_transpose(opened).size
        if mask.size != wanted:
            sizes = [f"{one[0]}x{one[1]}" for one in (mask.size, wanted)]
            raise ValueError(f"wrong size: {sizes[0]} where its image is {sizes[1]}")

    def _check_form(self, form: str, mask: Path) -> None:
        if self._form is None:
            self._form = form, mask
        elif self._form[0] != form:
            other, first = self._form
            raise refusal(
                self.root,
                got=f"{first.name}, which holds {other} values, and {mask.name} with {form} values",
                expected="masks of one form",
                mend="Save all as index (grey or paletted) PNG files, or all in RGB.",
            )

    def _indices(self, small: Image, mask: Path) -> Array:
        band = small.convert("L") if small.mode in ("1", "LA") else small.getchannel(0)
        numbers = np.asarray(band, dtype=np.uint8)
        numbers = np.minimum(numbers, 1) if small.mode == "1" else numbers
        for value in map(int, np.unique(numbers)):
            if value >= MOST_CLASSES and value != IGNORED:
                self._refuse_many(mask, f"the value {value}")
            self._known[value] = value
        return numbers

    def _colours(self, small: Image, mask: Path) -> Array:
        parts = np.asarray(small.convert("RGB")).astype(np.int64)
        packed = parts[..., 0] << 16 | parts[..., 1] << 8 | parts[..., 2]
        values, inverse = np.unique(packed, return_inverse=True)
        for value in map(int, values):
            self._known.setdefault(value, len(self._known))
        if len(self._known) > MOST_CLASSES:
            self._refuse_many(mask, f"more than {MOST_CLASSES} colours so far")
        places = np.array([self._known[int(value)] for value in values], dtype=np.uint8)
        found: Array = places[inverse].reshape(packed.shape)
        return found

    def _refuse_many(self, mask: Path, got: str) -> None:
        raise refusal(
            self.root,
            got=f"{got} in {mask.name}",
            expected=f"{MOST_CLASSES} classes at most, numbered from 0 (255: nobody knows) or a "
            "colour each",
            mend="Number the classes from 0 without gaps, or save masks without smoothing.",
        )


def _fitted(mask: Image, image_size: int) -> Image:
    """Resize the shorter side by the nearest pixel, and crop the centre."""
    from PIL import Image as Images
    from PIL import ImageOps

    mask.load()
    if mask.size == (image_size, image_size):
        return mask.copy()
    return ImageOps.fit(mask, (image_size, image_size), method=Images.Resampling.NEAREST)
