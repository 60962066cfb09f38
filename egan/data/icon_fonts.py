"""The icon fonts of the package qtawesome (MIT), which is not imported: it wants Qt."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from egan.data.dataset import Array

PACKAGE = "qtawesome"
MEND = 'pip install "egan[data]"'


def characters(pattern: str, *, who: str) -> dict[str, str]:
    """Return the character of each icon of a font, by name.

    Args:
        pattern: What the file is called that tells them, in the fonts of the package.
        who: The data set that asks.

    Raises:
        ValueError: It is not there.
    """
    known = json.loads(font_file(pattern, who=who).read_text(encoding="utf-8"))
    return {name: chr(int(code, 16)) for name, code in known.items()}


def drawn(icons: Iterable[str], *, font: Path, size: int, ink: int, paper: int) -> Array:
    """Draw characters of a font in the middle of images (N, 1, size, size) uint8, by Pillow."""
    from PIL import Image, ImageDraw, ImageFont

    face, middle = ImageFont.truetype(str(font), size), (size / 2, size / 2)
    images = []
    for icon in icons:
        image = Image.new("L", (size, size), paper)
        ImageDraw.Draw(image).text(middle, icon, fill=ink, font=face, anchor="mm")
        images.append(np.asarray(image))
    return np.stack(images)[:, None]


def font_file(pattern: str, *, who: str) -> Path:
    """Return a file of the fonts, the last one of a pattern.

    Raises:
        ValueError: It is not there.
    """
    spec = find_spec(PACKAGE)
    if spec is None:
        raise ValueError(
            f"{who} needs the package {PACKAGE}, but that is not installed. Install it: {MEND}."
        )
    places = spec.submodule_search_locations or []
    found = sorted(file for place in places for file in (Path(place) / "fonts").glob(pattern))
    if not found:
        raise ValueError(f"{PACKAGE} has no fonts/{pattern}. Install it again: {MEND}.")
    return found[-1]
