"""One way to draw samples of any kind: what is drawn depends on the kind alone.

images    a grid                          points    a scatter over the real ones
clips     a row of frames for each        line      a histogram over the real one
tokens    a strip for each, a colour      series    a heat map for each, time from left
          a token                                   to right, features from top to bottom
notes     a piano roll for each, time from left to right, high tones on top
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from egan.data.kind import Kind
from egan.data.kinds import Clips, Images, Line, Points, Series, Tokens
from egan.data.notes import HIGHEST, LOWEST, TICKS, Notes
from egan.reporting.pictures import (
    GAP,
    evenly,
    histogram_picture,
    image_grid,
    scatter_picture,
    small_font,
)

if TYPE_CHECKING:
    from torch import Tensor

Floats: TypeAlias = NDArray[np.float64]

STRIP = 12  # pixels: the height of a strip, room for its name
STRIP_WIDTH = 640  # pixels that a long strip may take
SERIES_HEIGHT = 48  # pixels that the features of a series share
ROLL_WIDTH, ROLL_QUARTER, ROLL_STEP = 400, 14, 3  # pixels of a roll, a quarter, a semitone
MARGIN, CAPTION = 6, 22  # pixels beside a name, and the height of a caption
INK = "#222222"
GOLDEN = 0.618034  # turns of hue from one token to the next: neighbours differ, none comes back


@dataclass(frozen=True)
class _Asked:
    """What a picture is asked to be: see `show`."""

    columns: int | None
    scale: int | None
    real: Floats | None


_Drawn: TypeAlias = tuple[Image.Image, int]
"""A picture, and the number of rows in it; 0 where it has none."""


def show(
    kind: Kind,
    samples: ArrayLike | Tensor,
    *,
    columns: int | None = None,
    scale: int | None = None,
    real: ArrayLike | Tensor | None = None,
    row_names: Sequence[str] | None = None,
    caption: str | None = None,
) -> Image.Image:
    """Draw samples of any kind.

    Args:
        kind: What they are, such as `data.kind`.
        samples: (N, *shape) as models see them: images and clips in [-1, 1]. Of points in more
            than two dimensions the first two are drawn.
        columns: Images or series in a row, frames of a clip; no matter to other kinds.
        scale: Whole factor of enlargement of images and frames; see `image_grid`.
        real: (M, *shape) real samples: points are drawn over them, series have their range.
            An empty set is none; see `kind.num_behind`.
        row_names: Written at the left of the rows, from the top; a name may stand for as many rows
            as every other, such as a class for its sequences. Points have no rows to name.
        caption: Written above.

    Raises:
        ValueError: If samples have another shape, there is no image, `columns` or `scale` is below
            1, or the rows cannot be shared between the names.
    """
    draw = DRAWN[type(kind)]
    behind = None if real is None else _floats(real)
    asked = _Asked(columns, scale, behind if behind is not None and len(behind) else None)
    picture, rows = draw(kind, _floats(samples), asked)
    if row_names and rows:
        picture = _named(picture, row_names, rows)
    return picture if caption is None else _captioned(picture, caption)


def _floats(samples: ArrayLike | Tensor) -> Floats:
    detach = getattr(samples, "detach", None)
    return np.asarray(samples if detach is None else detach().cpu().numpy(), dtype=np.float64)


def _images(_: Kind, samples: Floats, asked: _Asked) -> _Drawn:
    picture = image_grid(samples, columns=asked.columns, scale=asked.scale)
    return picture, _num_rows(len(samples), asked.columns)


def _clips(kind: Kind, samples: Floats, asked: _Asked) -> _Drawn:
    """Draw a row a clip; of more frames than `columns`, evenly chosen ones with both ends."""
    _check(kind, samples)
    most = samples.shape[1] if asked.columns is None else asked.columns
    frames = samples[:, evenly(samples.shape[1], most)]
    flat = frames.reshape(-1, *frames.shape[2:])
    return image_grid(flat, columns=min(most, frames.shape[1]), scale=asked.scale), len(frames)


def _points(kind: Kind, samples: Floats, asked: _Asked) -> _Drawn:
    _check(kind, samples)
    real = None if asked.real is None else asked.real[:, :2]
    return scatter_picture(samples[:, :2], real=real), 0


def _line(_: Kind, samples: Floats, asked: _Asked) -> _Drawn:
    return histogram_picture(samples, real=asked.real), 0


def _series(kind: Kind, samples: Floats, asked: _Asked) -> _Drawn:
    """Draw heat maps: black to white from the lowest to the highest real value of each feature."""
    _check(kind, samples)
    _, length, features = samples.shape
    known = np.ma.masked_invalid(samples if asked.real is None else asked.real)
    low, high = (ends.filled(0.0) for ends in (known.min(axis=(0, 1)), known.max(axis=(0, 1))))
    shares = (samples - low) / np.where(high > low, high - low, 1.0)
    height = max(2, SERIES_HEIGHT // features)
    maps = 2.0 * shares.transpose(0, 2, 1)[:, None].repeat(height, axis=2) - 1.0
    picture = image_grid(maps.repeat(_width(length), axis=3), columns=asked.columns, scale=1)
    return picture, _num_rows(len(samples), asked.columns)


def _tokens(kind: Kind, samples: Floats, _: _Asked) -> _Drawn:
    """Draw a strip a sequence; what is no token of the vocabulary is white."""
    _check(kind, samples)
    assert isinstance(kind, Tokens)
    colours = np.array([*map(colour_of, range(kind.vocabulary)), (1.0, 1.0, 1.0)])
    known = (samples >= 0) & (samples < kind.vocabulary)
    strips = colours[np.where(known, samples, kind.vocabulary).astype(np.int64)]
    wide = strips.transpose(0, 2, 1)[:, :, None].repeat(STRIP, axis=2)
    wide = wide.repeat(_width(samples.shape[1]), axis=3)
    return image_grid(2.0 * wide - 1.0, columns=1, scale=1), len(samples)


def _notes(kind: Kind, samples: Floats, asked: _Asked) -> _Drawn:
    """Draw piano rolls: a line for each C, darker the louder; what is too long is cut."""
    _check(kind, samples)
    import torch

    stored = kind.encode(torch.from_numpy(samples))
    columns = asked.columns or 2
    return image_grid(
        np.stack([_roll(one) for one in stored]), columns=columns, scale=1
    ), _num_rows(len(stored), columns)


def _roll(notes: Floats) -> Floats:
    """Return a piano roll (1, H, W) in [-1, 1] of notes (T, 4), see `kinds.Notes`."""
    canvas = np.full((ROLL_STEP * (HIGHEST - LOWEST + 1), ROLL_WIDTH), 0.9)
    canvas[ROLL_STEP * ((HIGHEST - 60) % 12) :: 12 * ROLL_STEP] = 0.6  # each C
    now = 0
    for length, pitch, intensity, gap in notes.astype(int).tolist():
        now += gap
        start, end = (round(ROLL_QUARTER * tick / TICKS) for tick in (now, now + length))
        top = ROLL_STEP * (HIGHEST - pitch)
        canvas[top : top + ROLL_STEP, start : max(end - 1, start + 1)] = 0.2 - 1.2 * intensity / 127
        now += length
    return canvas[None]


DRAWN: dict[type[Kind], Callable[[Kind, Floats, _Asked], _Drawn]] = {
    Images: _images,
    Clips: _clips,
    Points: _points,
    Line: _line,
    Series: _series,
    Tokens: _tokens,
    Notes: _notes,
}


def colour_of(token: int) -> tuple[float, float, float]:
    """Return a token's red, green and blue, each in [0, 1]: the same whatever the vocabulary."""
    saturation, value = (0.85, 0.5)[token % 2], (0.9, 0.7)[token // 2 % 2]
    return colorsys.hsv_to_rgb(token * GOLDEN % 1.0, saturation, value)


def _check(kind: Kind, samples: Floats) -> None:
    if samples.ndim != kind.ndim or 0 in samples.shape[1:]:
        raise ValueError(
            f"to show {kind.name} takes samples {kind.form.split(')')[0]}), "
            f"but got shape {samples.shape}."
        )


def _num_rows(num: int, columns: int | None) -> int:
    """Return the rows of a grid, as `image_grid` arranges it."""
    columns = int(np.ceil(np.sqrt(num))) if columns is None else columns
    return -(-num // columns)


def _width(length: int) -> int:
    """Return the pixels of one step of a strip."""
    return min(max(STRIP_WIDTH // length, 1), STRIP)


def _named(picture: Image.Image, names: Sequence[str], rows: int) -> Image.Image:
    """Return the picture with names at the left of its rows, each in the middle of those it has."""
    if rows % len(names):
        raise ValueError(
            f"row_names must have a name for each of {rows} rows, or one for every so many, "
            f"but got {len(names)}: {', '.join(names)}."
        )
    font = small_font()
    left = max(int(np.ceil(font.getlength(name))) for name in names) + 2 * MARGIN
    canvas, pen = _canvas(picture, left=left)
    height = (picture.height + GAP) / len(names)
    for index, name in enumerate(names):
        middle = (index + 0.5) * height - GAP / 2
        pen.text((left - MARGIN, middle), name, fill=INK, font=font, anchor="rm")
    return canvas


def _captioned(picture: Image.Image, caption: str) -> Image.Image:
    font = small_font()
    least = int(np.ceil(font.getlength(caption))) + 2 * MARGIN
    canvas, pen = _canvas(picture, top=CAPTION, least=least)
    pen.text((MARGIN, CAPTION / 2), caption, fill=INK, font=font, anchor="lm")
    return canvas


def tiled(pictures: Sequence[Image.Image], names: Sequence[str]) -> Image.Image:
    """Arrange pictures under a name each: wide ones below each other, others in rows.

    Args:
        pictures: At least one.
        names: A name for each.
    """
    named = [_captioned(*pair) for pair in zip(pictures, names, strict=True)]
    width, height = (max(sizes) for sizes in zip(*(one.size for one in named), strict=True))
    columns = max(1, round(math.sqrt(len(named) * height / width)))
    size = columns * width, -(-len(named) // columns) * height
    canvas = Image.new(named[0].mode, size, "white")
    for index, one in enumerate(named):
        canvas.paste(one, (index % columns * width, index // columns * height))
    return canvas


def _canvas(
    picture: Image.Image, *, left: int = 0, top: int = 0, least: int = 0
) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Return the picture with white around it, `least` pixels wide or more, and a pen for that."""
    size = (max(picture.width + left, least), picture.height + top)
    canvas = Image.new(picture.mode, size, "white")
    canvas.paste(picture, (left, top))
    return canvas, ImageDraw.Draw(canvas)
