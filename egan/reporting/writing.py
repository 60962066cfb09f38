"""Tables of texts as pictures: for samples that are read, not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIZE, LINE, MARGIN = 12, 18, 8  # pixels: of letters, from line to line, and around columns
INK, FAINT, STRIPE = "#222222", "#777777", "#F3F3F3"


def text_table(columns: Mapping[str, Sequence[str]], *, widest: int = 64) -> Image.Image:
    """Write columns of texts under their names, in letters of one width.

    Args:
        columns: Texts by the name of their column; a shorter column ends earlier.
        widest: Characters of a text that are shown; every longer one ends in "…".

    Raises:
        ValueError: There are no columns, or `widest` is below 1.
    """
    if not columns or widest < 1:
        raise ValueError(f"a table needs columns and widest above 0, but got {columns}, {widest}.")
    font = ImageFont.truetype(str(_font()), SIZE)
    shown = {name: [_cut(text, widest) for text in texts] for name, texts in columns.items()}
    widths = [_width(font, [name, *texts]) for name, texts in shown.items()]
    rows = max(map(len, shown.values()))
    picture = Image.new("RGB", (sum(widths) + MARGIN, (rows + 1) * LINE + MARGIN), "white")
    pen = ImageDraw.Draw(picture)
    for row in range(1, rows, 2):
        top = (row + 1) * LINE + MARGIN // 2
        pen.rectangle((0, top, picture.width, top + LINE - 1), fill=STRIPE)
    left = MARGIN
    for width, (name, texts) in zip(widths, shown.items(), strict=True):
        for row, text in enumerate([name, *texts]):
            middle = row * LINE + MARGIN // 2 + LINE // 2
            pen.text((left, middle), text, fill=INK if row else FAINT, font=font, anchor="lm")
        left += width
    return picture


def _font() -> Path:
    """Return matplotlib's font of one width, the same on every machine."""
    import matplotlib as mpl

    return Path(mpl.get_data_path(), "fonts/ttf/DejaVuSansMono.ttf")


def _cut(text: str, widest: int) -> str:
    return text if len(text) <= widest else f"{text[: widest - 1]}…"


def _width(font: ImageFont.FreeTypeFont, texts: Sequence[str]) -> int:
    """Return the pixels of a column, whose texts are as wide as their number of letters."""
    return 2 * MARGIN + round(max(map(len, texts)) * font.getlength("0"))
