"""Folders of samples: a picture, a melody or a clip each."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from egan.data.dataset import CAPTIONS
from egan.data.kinds import Clips
from egan.data.notes import Notes
from egan.files import whole_folder
from egan.sampling.films import CLIP_MS, save_film
from egan.sampling.lot import Lot, Write

if TYPE_CHECKING:
    from egan.data.dataset import Array
    from egan.tasks import Batch

TABLE = "captions.csv"
"""Where it is told of which caption an image is."""


@contextmanager
def png_folder(output: Path, lot: Lot) -> Iterator[Write]:
    """Write a PNG file for each image, in a subfolder for each class where there are any.

    Where they are of captions a table says of which, as `--data.captions` reads it.
    """
    names = [_folder_name(name) for name in lot.classes] if lot.labelled else []
    number = 0
    with whole_folder(output) as folder, _captions_in(folder, lot) as told:

        def write(made: Batch) -> None:
            nonlocal number
            for i, image in enumerate(lot.kind.encode(made.samples)):
                place = folder / names[int(made.labels[i])] if names else folder
                place.mkdir(exist_ok=True)
                file = place / f"{number:06d}.png"
                _save_image(image, file)
                told(file.name, made, i)
                number += 1

        yield write


@contextmanager
def _captions_in(folder: Path, lot: Lot) -> Iterator[Callable[[str, Batch, int], None]]:
    """Write the caption of each file to captions.csv, where samples have one."""
    if CAPTIONS not in lot.codes or lot.spelling is None:
        yield lambda *_: None
        return
    spelling = lot.spelling
    with (folder / TABLE).open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(["file", "caption"])
        yield lambda name, made, i: rows.writerow(
            [name, spelling.text(made.codes[CAPTIONS][i].tolist())]
        )


@contextmanager
def midi_folder(output: Path, lot: Lot) -> Iterator[Write]:
    """Write a MIDI file for each melody."""
    from egan.sampling.midi import midi_file

    number = 0
    with whole_folder(output) as folder:

        def write(made: Batch) -> None:
            nonlocal number
            for notes in lot.kind.encode(made.samples):
                (folder / f"{number:06d}.mid").write_bytes(midi_file(notes))
                number += 1

        yield write


@contextmanager
def clip_folder(output: Path, lot: Lot) -> Iterator[Write]:
    """Write a subfolder for each clip, a PNG file for each frame, and a GIF beside it."""
    assert lot.film is not None
    draw, number = lot.film, 0
    with whole_folder(output) as folder:

        def write(made: Batch) -> None:
            nonlocal number
            for i, clip in enumerate(lot.kind.encode(made.samples)):
                place = folder / f"{number:06d}"
                place.mkdir()
                for index, frame in enumerate(clip):
                    _save_image(frame, place / f"{index:03d}.png")
                codes = {name: code[i : i + 1] for name, code in made.codes.items()}
                one = type(made)(made.samples[i : i + 1], codes)
                save_film(draw(one), place.with_suffix(".gif"), each_ms=CLIP_MS)
                number += 1

        yield write


def _folder_name(name: str) -> str:
    """Return a class's name as that of a folder, whatever a stranger's file calls it."""
    safe = "".join(c if c.isprintable() and c not in "/\\" else "_" for c in name)
    return f"_{safe}" if safe.startswith(".") or not safe else safe


def _save_image(image: Array, path: Path) -> None:
    """Write one image (C, H, W) of bytes."""
    from PIL import Image

    Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0)).save(path)


FOLDERS = {Notes: midi_folder, Clips: clip_folder}
"""What writes a folder of samples that are no pictures, by their kind."""
