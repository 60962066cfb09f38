"""894 icons of Phosphor, each in five weights of its line: thin, light, regular, bold, fill; grey.

An icon is an identity, a weight its age: every icon is there at every age, so that what one should
become is known. Drawn by Pillow, white on black, from the font in the package qtawesome (MIT; the
font is MIT too, https://phosphoricons.com). All weights of a fifth of the icons are kept for tests.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from egan.data import icon_fonts
from egan.data.dataset import IDENTITY, Array, Dataset
from egan.data.images import as_channels, check_channels, check_image_size

FONT, CHARACTERS = "phosphor-[0-9]*.ttf", "phosphor-charmap-*.json"
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


def names() -> dict[str, list[str]]:
    """Return the names of the icons that have all weights, in order, with a character for each."""
    known = icon_fonts.characters(CHARACTERS, who="aged_icons")
    icons = {}
    for name in sorted(known):
        weights = [name if one == REGULAR else f"{name}-{one}" for one in WEIGHTS]
        if all(one in known for one in weights):
            icons[name] = [known[one] for one in weights]
    return icons


@lru_cache(maxsize=4)
def _rendered(size: int) -> Array:
    """Draw all, (N, 1, H, W) uint8, the weights of an icon one after the other; only once."""
    font = icon_fonts.font_file(FONT, who="aged_icons")
    every = (one for characters in names().values() for one in characters)
    return icon_fonts.drawn(every, font=font, size=size, ink=255, paper=0)
