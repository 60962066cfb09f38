"""Opening image files that may be anybody's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "BMP", "DIB", "WEBP", "GIF", "TIFF")
"""What a file may be, whatever its name says: of others, EPS starts a program to be drawn."""


def open_image(file: Path) -> Image:
    """Open an image of a known format, to be closed by the caller; a link is followed.

    Raises:
        ValueError: It is a pipe or a device, which would hold up whoever reads it.
        OSError: It is no image of these formats.
    """
    from PIL import Image

    if not file.is_file():
        raise ValueError("not a file")
    return Image.open(file, formats=FORMATS)
