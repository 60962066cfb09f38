"""Images of one's own at known ages: a CSV of `file,age,identity`, as `--data.name ages` reads it.

`--data.path people.csv` names the table; files are looked for where it lies. `age` is a whole
number, `identity` any name: who or what is shown. Up to ten different ages are a group each, in
their order; more are put into the six of Antipov et al. 2017: to 18, 29, 39, 49, 59, and above. A
row without a file, an age or an identity is left out, and so is a file that is there no more, or
more than once; all are counted.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TextIO

import numpy as np

from egan.data import folder
from egan.data.dataset import IDENTITY, Array, Dataset
from egan.data.images import check_channels, check_image_size, refusal
from egan.data.listing import NUM_NAMED, SUFFIXES, Listing, counted
from egan.data.survey import looked_at, num_channels
from egan.data.tables import headed
from egan.memory import require

NAME = "ages"
COLUMNS = ("file", "age", "identity")
BOUNDS = (18, 29, 39, 49, 59)
"""The last year of each group but the last one."""
GROUPS = ("to 18", "19 to 29", "30 to 39", "40 to 49", "50 to 59", "60 and more")
MOST_AGES, MOST_DIGITS = 10, 4
BYTES = 20
"""What a byte of a table may take in memory while it is read."""
MEND = (
    "Give a table with the columns file,age,identity, such as --data.name ages --data.path "
    "people.csv, beside the images."
)


@dataclass
class Found:
    """What a table tells.

    Attributes:
        told: The age and the identity of each file.
        wrong: Why rows were left out, with counts.
    """

    told: dict[str, tuple[int, str]] = field(default_factory=dict)
    wrong: Counter[str] = field(default_factory=Counter)

    def add(self, file: str, age: str, identity: str) -> None:
        """Take a row."""
        file = PurePosixPath(file.strip().replace("\\", "/")).as_posix() if file.strip() else ""
        age, identity = age.strip(), identity.strip()
        if not file or not identity:
            self.wrong["without a file or an identity"] += 1
        elif not (age.isdecimal() and len(age) <= MOST_DIGITS):
            self.wrong[f"whose age is no whole number from 0 to {10**MOST_DIGITS - 1:,}"] += 1
        elif file in self.told:
            self.wrong["of a file that was there before"] += 1
        else:
            self.told[file] = (int(age), identity)

    def notes(self) -> Iterator[str]:
        """Yield a sentence for each kind of row that is left out."""
        for why, count in self.wrong.items():
            yield f"left out {counted(count, 'row')} {why}"


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:
    """Load images with their age groups as labels, and the annotation "identity" (N,).

    Args:
        path: The table.
        image_size: Height and width.
        channels: 1 or 3; None for what the images have.

    Raises:
        ValueError: There is no such table, it is none, or fewer than two images can be used, or all
            are of one age.
    """
    check_channels(channels)
    if path is None:
        raise ValueError(f"--data.path is missing: {NAME} reads a table. {MEND}")
    check_image_size(image_size, needed="images are resized to one size")
    assert image_size is not None
    found = read(path)
    listing, notes = _listing(path, found)
    survey = looked_at(listing, image_size=image_size)
    samples = folder.in_memory(survey, image_size=image_size)
    samples = folder.in_channels(samples, num_channels(survey, channels))
    told = [found.told[file.relative_to(listing.root).as_posix()] for file in survey.looks]
    labels, names = grouped(np.array([age for age, _ in told]))
    if len(names) < 2:
        raise refusal(path, got=f"the age {names[0]} alone", expected="two or more", mend=MEND)
    _, identities = np.unique([one for _, one in told], return_inverse=True)
    return Dataset(
        NAME,
        samples,
        labels,
        notes=(*found.notes(), *notes, *survey.notes()),
        class_names=names,
        annotations={IDENTITY: identities.astype(np.int64)},
    )


def grouped(ages: Array) -> tuple[Array, tuple[str, ...]]:
    """Return the group of each age (N,), those that are there from 0 on, and what they are called.

    Args:
        ages: Whole numbers (N,).
    """
    values, groups = np.unique(ages, return_inverse=True)
    if len(values) <= MOST_AGES:
        return groups, tuple(map(str, values))
    kept, groups = np.unique(np.searchsorted(BOUNDS, ages), return_inverse=True)
    return groups, tuple(GROUPS[one] for one in kept)


def read(table: Path) -> Found:
    """Read a table.

    Raises:
        ValueError: It is none.
    """
    if not table.is_file():  # a pipe or a device would hold up whoever reads it
        got = "no file" if table.exists() else "nothing there"
        raise refusal(table, got=got, expected=f"a table of {','.join(COLUMNS)}", mend=MEND)
    require(BYTES * table.stat().st_size, f"the rows of {table}", mend="Give fewer.")
    try:
        with table.open(encoding="utf-8-sig", newline="") as stream:
            return _rows(stream, table)
    except (csv.Error, UnicodeDecodeError) as error:
        raise refusal(
            table,
            got=f"what is no CSV in UTF-8 ({error})",
            expected=f"a table of {','.join(COLUMNS)}",
            mend="Save it as CSV, in UTF-8.",
        ) from error


def _rows(stream: TextIO, table: Path) -> Found:
    expected, found = f"{','.join(COLUMNS)} once each", Found()
    rows = headed(
        stream,
        COLUMNS,
        refused=lambda got: refusal(table, got=f"the columns {got}", expected=expected, mend=MEND),
    )
    for row in rows:
        found.add(*(row[name] or "" for name in COLUMNS))
    return found


def _listing(table: Path, found: Found) -> tuple[Listing, list[str]]:
    """Return the images of a table that are there, and what is to be said of others.

    Raises:
        ValueError: Fewer than two are.
    """
    root = table.parent
    there: Mapping[str, Path] = {
        name: root / name for name in sorted(found.told) if _is_image(root, name)
    }
    missing = sorted(set(found.told) - set(there))
    if len(there) < 2:
        raise refusal(
            table,
            got=f"{counted(len(found.told), 'row')} that can be used, and {len(there)} of their "
            f"images below {root}",
            expected="2 or more",
            mend=MEND,
        )
    listing = Listing(root, files=list(there.values()))
    few = ", ".join(missing[:NUM_NAMED]) + (" ..." if len(missing) > NUM_NAMED else "")
    note = f"left out {counted(len(missing), 'row')} whose file is no image there: {few}"
    return listing, [note] if missing else []


def _is_image(root: Path, name: str) -> bool:
    """Whether a file of the folder is one that can be an image; none outside of it."""
    inside = not Path(name).is_absolute() and ".." not in Path(name).parts
    file = root / name
    try:
        return inside and file.suffix.lower() in SUFFIXES and file.is_file()
    except OSError:  # of a name that is too long
        return False
