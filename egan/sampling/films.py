"""Samples as a film: frames one after the other, in a GIF."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from egan.data.kinds import Clips
from egan.files import atomic
from egan.sampling.lot import Lot, Write

if TYPE_CHECKING:
    from PIL import Image

    from egan.tasks import Batch

MOST_FILMED, FRAME_MS, CLIP_MS = 10, 40, 250
"""How many samples a film shows, and how long each of its frames, and of those of a clip."""


@contextmanager
def film(output: Path, lot: Lot) -> Iterator[Write]:
    """Write a .gif file: the frames of all samples, one after the other."""
    assert lot.film is not None
    draw, frames = lot.film, []

    def write(made: Batch) -> None:
        frames.extend(draw(made))

    output.parent.mkdir(parents=True, exist_ok=True)
    with atomic(output) as temporary:
        yield write
        each = CLIP_MS if isinstance(lot.kind, Clips) else FRAME_MS
        save_film(frames, temporary, each_ms=each)


def save_film(frames: Sequence[Image.Image], path: Path, *, each_ms: int) -> None:
    """Write a GIF that goes on for ever."""
    first, *others = (one.convert("P") for one in frames)
    first.save(path, format="GIF", save_all=True, append_images=others, duration=each_ms, loop=0)
