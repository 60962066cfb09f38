"""Persons from several sides: a folder with a subfolder for each, whose files say how far they turn.

    people/anna/left-60.png           the number at the end of a name is the yaw in degrees,
    people/anna/front+0.png           above 0 where the nose is turned to the right of the image
    people/ben/+45.jpg

or `people/poses.csv`, which then holds for all of them, with landmarks if there are any:

    file,yaw,x1,y1,x2,y2
    anna/1.png,-60,0.20,0.31,0.55,0.33

Places are from 0 to 1 across the square that is cut out of the middle of an image, y downwards.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from egan.data import folder
from egan.data.dataset import IDENTITY, LANDMARKS, YAW, Array, Dataset
from egan.data.images import check_path, refusal
from egan.data.listing import counted
from egan.data.survey import looked_at, num_channels
from egan.memory import require

TABLE = "poses.csv"
LEAST_PERSONS, LEAST_VIEWS = 4, 2
MOST_YAW, MOST_LANDMARKS = 90.0, 68
BYTES = 20
"""About how many bytes of memory a byte of the table takes."""
NUMBER = re.compile(r"[-+]?\d{1,3}(?:\.\d{1,3})?$")
MEND = (
    "Give a folder with a subfolder for every person, whose file names end in the yaw in degrees, "
    f"such as people/anna/left-60.png, or have a table people/{TABLE}: file,yaw."
)


@dataclass(frozen=True)
class Pose:
    """How a view is turned.

    Attributes:
        yaw: In degrees.
        landmarks: (M, 2) from 0 to 1, or of no rows.
    """

    yaw: float
    landmarks: Array


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:
    """Load views of persons, with the annotations `identity`, `yaw` and, if told, `landmarks`.

    Left out and counted: images that cannot be used, those that the table does not have, and
    persons of whom there is but one view.

    Raises:
        ValueError: The folder is missing, a pose is not told, the table cannot be read, or there
            are fewer than four persons: one is kept for a verdict, one to judge by.
    """
    root = check_path(path, name="views", folder=True)
    listing, size = folder.listed(root, image_size=image_size, channels=channels)
    poses = of_table(root / TABLE) if _is_there(root / TABLE) else of_names(root, listing.files)
    files = [file for file in listing.files if file in poses and file.parent != root]
    notes = _left_out(len(listing.files) - len(files), "image without a pose or a person")
    if not files:
        raise refusal(root, got="no image whose pose is told", expected="some", mend=MEND)
    listing.files[:] = files
    survey = looked_at(listing, image_size=size)
    samples = folder.in_memory(survey, image_size=size)
    samples = folder.in_channels(samples, num_channels(survey, channels))
    names = [file.relative_to(root).parts[0] for file in survey.looks]
    kept = _in_several_views(root, names)
    notes += _left_out(len(names) - len(kept), "image of a person of whom it is the only one")
    known = _annotations([poses[file] for file in survey.looks], names, kept)
    return Dataset("views", samples[kept], annotations=known, notes=(*notes, *survey.notes()))


def _annotations(poses: Sequence[Pose], names: Sequence[str], kept: Array) -> dict[str, Array]:
    _, identity = np.unique(np.array(names)[kept], return_inverse=True)
    known = {
        IDENTITY: identity.astype(np.int64),
        YAW: np.array([poses[i].yaw for i in kept], dtype=np.float32),
    }
    marks = np.stack([poses[i].landmarks for i in kept]).astype(np.float32)
    return {**known, LANDMARKS: 2.0 * marks - 1.0} if marks.shape[1] else known


def _left_out(count: int, what: str) -> list[str]:
    first, _, rest = what.partition(" ")
    return [f"left out {counted(count, first)} {rest}"] if count else []


def _in_several_views(root: Path, names: Sequence[str]) -> Array:
    """Return the indices of images of persons of whom there are two or more."""
    counts = Counter(names)
    kept = np.array([i for i, name in enumerate(names) if counts[name] >= LEAST_VIEWS], np.int64)
    persons = len({names[i] for i in kept})
    if persons < LEAST_PERSONS:
        raise refusal(
            root,
            got=f"{counted(persons, 'person')} with {LEAST_VIEWS} views or more",
            expected=f"{LEAST_PERSONS} or more: one is kept for a final verdict, one to judge by",
            mend=MEND,
        )
    return kept


def of_names(root: Path, files: Sequence[Path]) -> dict[Path, Pose]:
    """Return the poses that the names of files end in.

    Raises:
        ValueError: A name ends in no number from -90 to 90.
    """
    poses = {}
    for file in files:
        found = NUMBER.search(file.stem)
        if found is None or abs(float(found[0])) > MOST_YAW:
            raise refusal(
                root,
                got=f"the name {str(file.relative_to(root))[-80:]!r}, which ends in no yaw",
                expected="a number from -90 to 90 at the end of each",
                mend=MEND,
            )
        poses[file] = Pose(float(found[0]), np.zeros((0, 2)))
    return poses


def _is_there(table: Path) -> bool:
    return table.exists() or table.is_symlink()


def of_table(table: Path) -> dict[Path, Pose]:
    """Read a table of poses.

    Raises:
        ValueError: It is no table, lacks a column, or a row has no number where one is needed.
    """
    if not table.is_file():
        raise refusal(table, got="no file", expected="a table of poses", mend=MEND)
    require(BYTES * table.stat().st_size, f"--data.path {table}", mend="Give fewer rows.")
    poses: dict[Path, Pose] = {}
    try:
        with table.open(encoding="utf-8-sig", newline="") as stream:
            for number, row in _rows(table, csv.reader(stream, strict=True)):
                file = table.parent / row.pop("file")
                if file in poses:
                    raise _odd(table, number, f"{row} for a file that has a pose already")
                poses[file] = _pose(table, number, row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        got = f"what is no table of UTF-8 text ({error})"
        raise refusal(table, got=got, expected="rows of file,yaw", mend=MEND) from error
    return poses


def _rows(table: Path, reader: Iterator[list[str]]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the number of each row and what it has by column, the landmarks in their order."""
    head = [name.strip().lower() for name in next(reader, [])]
    count = (len(head) - 2) // 2
    wanted = {"file", "yaw", *(f"{axis}{i}" for i in range(1, count + 1) for axis in "xy")}
    if {*head} != wanted or len(head) != len(wanted) or count > MOST_LANDMARKS:
        got = f"the columns {', '.join(head)[:200] or '(none)'}"
        expected = f"file, yaw and, if you like, x1, y1, x2, y2 ... (at most {MOST_LANDMARKS})"
        raise refusal(table, got=got, expected=expected, mend=MEND)
    for number, row in enumerate(reader, start=2):
        if not row:
            continue
        if len(row) != len(head):
            raise _odd(table, number, f"{counted(len(row), 'cell')}, but {len(head)} columns")
        yield number, dict(zip(head, row, strict=True))


def _pose(table: Path, number: int, row: Mapping[str, str]) -> Pose:
    values = {}
    for name, text in row.items():
        try:
            values[name] = float(text)
        except ValueError as error:
            raise _odd(table, number, f"{text[:40]!r} for {name}") from error
        low, high = (-MOST_YAW, MOST_YAW) if name == "yaw" else (-1.0, 2.0)
        if not math.isfinite(values[name]) or not low <= values[name] <= high:
            raise _odd(table, number, f"{text[:40]!r} for {name}, not from {low:g} to {high:g}")
    count = (len(values) - 1) // 2
    marks = [[values[f"{axis}{i}"] for axis in "xy"] for i in range(1, count + 1)]
    return Pose(values["yaw"], np.array(marks, dtype=np.float64).reshape(count, 2))


def _odd(table: Path, number: int, got: str) -> ValueError:
    return refusal(
        table,
        got=f"in row {number} {got}",
        expected="a file once, its yaw from -90 to 90, and places from 0 to 1",
        mend=f"Mend the row. {MEND}",
    )
