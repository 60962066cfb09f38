"""Where samples go: a folder of files, an archive of arrays, a table of numbers, a text, or a film.

All are written under another name and take their own at the end, so that nobody finds half of one.
"""

from __future__ import annotations

import csv
import math
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from egan.data.dataset import CAPTIONS
from egan.data.kind import Kind
from egan.data.kinds import Clips, Images, Points, Tokens
from egan.data.notes import Notes
from egan.data.spelling import Spelling, texts
from egan.files import atomic, check_free, whole_folder
from egan.memory import in_bytes

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from PIL import Image

    from egan.data.dataset import Array
    from egan.tasks import Batch

Write = Callable[["Batch"], None]
Film = Callable[["Batch"], "list[Image.Image]"]
TABLE = "captions.csv"
"""Where it is told of which caption an image is."""
MOST_FILMED, FRAME_MS, CLIP_MS = 10, 40, 250
"""How many samples a film shows, and how long each of its frames, and of those of a clip."""
OTHERS = (
    ".csv",
    ".gif",
    ".gz",
    ".jpeg",
    ".jpg",
    ".mid",
    ".npy",
    ".npz",
    ".png",
    ".pt",
    ".tar",
    ".zip",
)
"""Suffixes that no folder of pictures has."""


@dataclass(frozen=True, kw_only=True)
class Lot:
    """What all samples have in common.

    Attributes:
        count: How many there are.
        shape: The shape of one.
        kind: What they are.
        classes: What the classes are called, by number.
        labelled: Whether each belongs to one.
        codes: What else is written of each, by name.
        film: Draws samples as the frames of a film.
        spelling: How tokens are written, or None for their numbers.
    """

    count: int
    shape: tuple[int, ...]
    kind: Kind
    classes: Sequence[str]
    labelled: bool
    codes: Sequence[str] = ()
    film: Film | None = None
    spelling: Spelling | None = None


def writer(output: Path, lot: Lot) -> AbstractContextManager[Write]:
    """Return the context in which samples are written, block by block.

    Args:
        output: A folder, or a file that ends in .npz, .csv, .txt or .gif; it must not be there yet.
        lot: What is going to be written.

    Raises:
        ValueError: There is something already, or these samples cannot be written so.
    """
    folder = next((its for kind, its in FOLDERS.items() if isinstance(lot.kind, kind)), png_folder)
    write = WRITERS.get(output.suffix.lower(), folder)
    if write is folder and output.suffix.lower() in OTHERS:
        raise ValueError(
            f"--output must be a folder, or end in .npz, .csv, .txt or .gif, but got {output}."
        )
    if write is png_folder and not isinstance(lot.kind, Images):
        raise ValueError(f"{lot.kind.name} are no pictures; give --output NAME.npz, not {output}.")
    for which, kind, what in ((lines, Tokens, "a text"), (table, Points, "a table")):
        if write is which and not isinstance(lot.kind, kind):
            raise ValueError(
                f"{what} holds {kind.name}, but these are {lot.kind.name}; give --output NAME.npz, "
                f"not {output}."
            )
    if write is film and (lot.film is None or lot.count > MOST_FILMED):
        raise ValueError(
            f"a film shows {MOST_FILMED} samples at most, but got {lot.count}; give --count 3."
        )
    check_free(output)
    _check_disk(output, lot)
    return write(output, lot)


def _check_disk(output: Path, lot: Lot) -> None:
    """See that there is room for so many samples, a byte or more of each."""
    dtype = np.dtype(np.int64 if lot.kind.dtype is np.integer else lot.kind.dtype)
    size = math.prod(lot.shape) * dtype.itemsize if output.suffix.lower() == ".npz" else 1
    there = next((one for one in output.parents if one.is_dir()), None)
    free = math.inf if there is None else shutil.disk_usage(there).free
    if lot.count * size > free:
        raise ValueError(
            f"--count {lot.count} takes {in_bytes(lot.count * size)} or more, but {there} has "
            f"{in_bytes(free)} free; give a smaller one."
        )


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
                _save_film(draw(one), place.with_suffix(".gif"), each_ms=CLIP_MS)
                number += 1

        yield write


def _save_film(frames: Sequence[Image.Image], path: Path, *, each_ms: int) -> None:
    first, *others = (one.convert("P") for one in frames)
    first.save(path, format="GIF", save_all=True, append_images=others, duration=each_ms, loop=0)


def _folder_name(name: str) -> str:
    """Return a class's name as that of a folder, whatever a stranger's file calls it."""
    safe = "".join(c if c.isprintable() and c not in "/\\" else "_" for c in name)
    return f"_{safe}" if safe.startswith(".") or not safe else safe


def _save_image(image: Array, path: Path) -> None:
    """Write one image (C, H, W) of bytes."""
    from PIL import Image

    Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0)).save(path)


@contextmanager
def archive(output: Path, lot: Lot) -> Iterator[Write]:
    """Write a .npz file: "images" (N, H, W, C) of bytes or "samples", "labels" and other codes."""
    output.parent.mkdir(parents=True, exist_ok=True)
    images = isinstance(lot.kind, Images)
    shape = (*lot.shape[1:], lot.shape[0]) if images else lot.shape
    labels: list[Array] = []
    codes: dict[str, list[Array]] = {name: [] for name in lot.codes}
    with atomic(output) as temporary, zipfile.ZipFile(temporary, "w") as file:
        with _member(file, "images" if images else "samples") as stream:
            _write_head(stream, (lot.count, *shape), lot.kind)

            def write(made: Batch) -> None:
                stored = lot.kind.encode(made.samples)
                stored = stored.transpose(0, 2, 3, 1) if images else stored
                stream.write(np.ascontiguousarray(stored).tobytes())
                if lot.labelled:
                    labels.append(made.labels.numpy())
                for name, known in codes.items():
                    known.append(made.codes[name].numpy())

            yield write
        for name, known in codes.items():
            _write_array(file, name, np.concatenate(known))
        if labels:
            _write_array(file, "labels", np.concatenate(labels))
            _write_array(file, "class_names", np.array(lot.classes))
        if lot.spelling is not None:
            _write_array(file, "words", np.array(lot.spelling.words))


def _member(file: zipfile.ZipFile, name: str) -> IO[bytes]:
    return file.open(f"{name}.npy", "w", force_zip64=True)


def _write_head(stream: IO[bytes], shape: tuple[int, ...], kind: Kind) -> None:
    """Write what an array of so many samples begins with, before there are any."""
    dtype = np.dtype(np.int64 if kind.dtype is np.integer else kind.dtype)
    descr = np.lib.format.dtype_to_descr(dtype)
    head = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, head)


def _write_array(file: zipfile.ZipFile, name: str, array: Array) -> None:
    with _member(file, name) as stream:
        np.lib.format.write_array(stream, array, allow_pickle=False)


@contextmanager
def table(output: Path, lot: Lot) -> Iterator[Write]:
    """Write a .csv file: a column for each coordinate, with all of its digits."""
    output.parent.mkdir(parents=True, exist_ok=True)
    names = ("x", "y", "z")[: lot.shape[0]] if lot.shape[0] <= 3 else range(lot.shape[0])
    with atomic(output) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        yield _rows(stream, [str(name) for name in names], lot)


def _rows(stream: TextIOWrapper, names: Sequence[str], lot: Lot) -> Write:
    lines = csv.writer(stream, lineterminator="\n")
    lines.writerow([*names, *(["label"] if lot.labelled else [])])

    def write(made: Batch) -> None:
        for i, point in enumerate(lot.kind.encode(made.samples)):
            label = [lot.classes[int(made.labels[i])]] if lot.labelled else []
            lines.writerow([*(f"{value:.9g}" for value in point), *label])

    return write


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
        _save_film(frames, temporary, each_ms=each)


@contextmanager
def lines(output: Path, lot: Lot) -> Iterator[Write]:
    """Write a .txt file: a line for each sequence, of its words or of its tokens' numbers."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with atomic(output) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:

        def write(made: Batch) -> None:
            stream.writelines(f"{text}\n" for text in texts(made.samples, lot.spelling))

        yield write


FOLDERS = {Notes: midi_folder, Clips: clip_folder}
"""What writes a folder of samples that are no pictures, by their kind."""
WRITERS = {".npz": archive, ".csv": table, ".txt": lines, ".gif": film}
