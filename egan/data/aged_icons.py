"""894 icons of Phosphor, each in five weights of its line: thin, light, regular, bold, fill; grey.

An icon is an identity, a weight its age: every icon is there at every age, so that what one should
become is known. Drawn by Pillow, white on black, from the font in the package qtawesome (MIT; the
font is MIT too, https://phosphoricons.com). All weights of a fifth of the icons are kept for tests.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from egan.data.dataset import IDENTITY, Array, Dataset
from egan.data.images import as_channels, check_channels, check_image_size

PACKAGE = "qtawesome"
FONT, CHARACTERS = "phosphor-[0-9]*.ttf", "phosphor-charmap-*.json"
MEND = 'pip install "egan[data]"'
WEIGHTS = ("thin", "light", "regular", "bold", "fill")
REGULAR = "regular"
IMAGE_SIZE = 32


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:  # noqa: ARG001 - a package's
    """Draw the icons, 32x32 in grey unless something else is said; labels are weights.

    Raises:
        ValueError: qtawesome is missing.
    """
    check_image_size(image_size)
    check_channels(channels)
    images = _rendered(image_size or IMAGE_SIZE)
    ages = len(WEIGHTS)
    return Dataset(
        "aged_icons",
        as_channels(images, channels or 1),
        np.arange(len(images)) % ages,
        class_names=WEIGHTS,
        annotations={IDENTITY: np.arange(len(images)) // ages},
    )


def _file(pattern: str) -> Path:
    """Return a file of the fonts of an installed qtawesome, which is not imported: it wants Qt.

    Raises:
        ValueError: It is not there.
    """
    spec = find_spec(PACKAGE)
    if spec is None:
        raise ValueError(
            f"aged_icons needs the package {PACKAGE}, but that is not installed. Install it: "
            f"{MEND}."
        )
    places = spec.submodule_search_locations or []
    found = sorted(file for place in places for file in (Path(place) / "fonts").glob(pattern))
    if not found:
        raise ValueError(f"{PACKAGE} has no fonts/{pattern}. Install it again: {MEND}.")
    return found[-1]


def names() -> dict[str, list[str]]:
    """Return the names of the icons that have all weights, in order, with a character for each."""
    known = json.loads(_file(CHARACTERS).read_text(encoding="utf-8"))
    icons = {}
    for name in sorted(known):
        weights = [name if one == REGULAR else f"{name}-{one}" for one in WEIGHTS]
        if all(one in known for one in weights):
            icons[name] = [chr(int(known[one], 16)) for one in weights]
    return icons


@lru_cache(maxsize=4)
def _rendered(size: int) -> Array:
    """Draw all, (N, 1, H, W) uint8, the weights of an icon one after the other; only once."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(str(_file(FONT)), size)
    images = []
    for characters in names().values():
        for character in characters:
            image = Image.new("L", (size, size), 0)
            middle = (size / 2, size / 2)
            ImageDraw.Draw(image).text(middle, character, fill=255, font=font, anchor="mm")
            images.append(np.asarray(image))
    return np.stack(images)[:, None]
