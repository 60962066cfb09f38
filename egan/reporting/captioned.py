"""Images in cells, each cell with its caption under it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw, ImageFont

from egan.reporting.pictures import image_grid, small_font

INK, PALE = "#222222", "#777777"
LINE, PAD = 15, 8
"""Pixels of a line of text, and around a cell."""
LEAST, NARROWEST = 64, 110
"""Pixels that an image is enlarged to, about, and of a cell's text at the least."""
MOST_LINES = 2
Font = ImageFont.ImageFont | ImageFont.FreeTypeFont


def captioned(
    cells: Sequence[ArrayLike], captions: Sequence[str], *, columns: int, legend: str = ""
) -> Image.Image:
    """Draw cells of images, each a row of as many, with a caption below.

    Args:
        cells: Of each (n, C, H, W) in [-1, 1].
        captions: As many texts.
        columns: Cells in a row.
        legend: What is written above all.
    """
    strips = [_strip(np.asarray(cell)) for cell in cells]
    height, width = strips[0].height, max(strips[0].width, NARROWEST)
    font = small_font()
    texts = [_wrapped(caption, font, width) for caption in captions]
    lines = max(len(text) for text in texts)
    cell = width + 2 * PAD, height + lines * LINE + 2 * PAD
    top = LINE + PAD if legend else 0
    rows = -(-len(strips) // columns)
    canvas = Image.new("RGB", (columns * cell[0], rows * cell[1] + top), "white")
    pen = ImageDraw.Draw(canvas)
    if legend:
        pen.text((PAD, PAD), legend, fill=PALE, font=font)
    for index, (strip, text) in enumerate(zip(strips, texts, strict=True)):
        left = index % columns * cell[0] + PAD
        upper = index // columns * cell[1] + PAD + top
        canvas.paste(strip, (left, upper))
        for number, line in enumerate(text):
            place = left, upper + height + 2 + number * LINE
            pen.text(place, line, fill=INK, font=font)
    return canvas


def _strip(images: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Image.Image:
    scale = max(1, round(LEAST / images.shape[-1]))
    return image_grid(images, columns=len(images), scale=scale).convert("RGB")


def _wrapped(text: str, font: Font, width: int) -> list[str]:
    """Return a text in two lines at most, cut where it is longer."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if not lines[-1] or font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    kept = lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        kept[-1] += " …"
    return [_cut(line, font, width) for line in kept]


def _cut(line: str, font: Font, width: int) -> str:
    if font.getlength(line) <= width:
        return line
    while line and font.getlength(f"{line}…") > width:
        line = line[:-1]
    return f"{line}…"
