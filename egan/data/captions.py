"""Images of one's own with captions: in a CSV of `file,caption`, or in a text beside each image.

`--data.captions captions.csv` names the table; files are looked for in `--data.path`, or where the
table lies. A file that is there several times has several captions. Without a table the captions of
photos/a.jpg are the lines of photos/a.txt.

Images without a caption are left out, and so are captions without an image; both are counted. The
vocabulary is what the captions have, see `egan.data.wording`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from egan.data import folder
from egan.data.dataset import CAPTIONS, Dataset
from egan.data.images import check_channels, check_image_size, check_path, exists
from egan.data.listing import NUM_NAMED, Listing, counted, list_images
from egan.data.survey import looked_at, num_channels, with_labels
from egan.data.tables import headed
from egan.data.wording import LONGEST, text_of, tokens_of, vocabulary_of, words_of
from egan.memory import require

NAME = "captions"
FILE, CAPTION = "file", "caption"
MOST = 10
"""Captions of an image that are read."""
TABLE_BYTES, TEXT_BYTES = 2**30, 2**16
"""The largest table, and the largest text beside an image."""
BYTES = 20
"""What a byte of a table may take in memory while it is read."""
MEND = (
    "Give a table with the columns file,caption, such as --data.captions captions.csv, or a text "
    "beside each image, such as photos/a.txt for photos/a.jpg, with --data.name captions "
    "--data.path photos/."
)


@dataclass
class Found:
    """The captions that there are.

    Attributes:
        words: Of each caption of an image, by its path in the folder.
        empty: How many captions had no words.
        cut: How many were too long, and are cut.
        many: How many were one too many for their image.
        wrong: Why a text beside an image could not be read, by its name.
    """

    words: dict[str, list[list[str]]] = field(default_factory=dict)
    empty: int = 0
    cut: int = 0
    many: int = 0
    wrong: dict[str, str] = field(default_factory=dict)

    def add(self, file: str, caption: str) -> None:
        """Take a caption of an image; twice the same is one."""
        words = words_of(caption)
        known = self.words.setdefault(file, []) if words else []
        self.empty += not words
        self.cut += len(words) > LONGEST
        if words and words[:LONGEST] not in known:
            self.many += len(known) >= MOST
            if len(known) < MOST:
                known.append(words[:LONGEST])

    def notes(self) -> Iterator[str]:
        """Yield a sentence for each kind of thing that is left out."""
        if self.empty:
            yield f"left out {counted(self.empty, 'caption')} without a word"
        if self.cut:
            yield f"{counted(self.cut, 'caption')} cut after {LONGEST} words"
        if self.many:
            yield f"left out {counted(self.many, 'caption')} beyond {MOST} of an image"
        if self.wrong:
            few = "; ".join(f"{name} ({why})" for name, why in list(self.wrong.items())[:NUM_NAMED])
            yield f"left out {counted(len(self.wrong), 'text')} that cannot be read: {few}"


def load(
    *,
    path: Path | None,
    image_size: int | None,
    channels: int | None,
    captions: Path | None = None,
) -> Dataset:
    """Load images with their captions; subfolders are classes if they hold all images.

    Args:
        path: The folder of the images; by default that of the table.
        image_size: Height and width.
        channels: 1 or 3; None for what the images have.
        captions: The table; None for a text beside each image.

    Raises:
        ValueError: There is no such folder or table, the table is none, or fewer than two images
            that can be read have a caption.
    """
    check_channels(channels)
    if captions is not None:
        _check_table(captions)
        path = path or captions.parent
    if path is None:
        raise ValueError(f"--data.path is missing: captions reads a folder of images. {MEND}")
    root = check_path(path, name=NAME, folder=True)
    check_image_size(image_size, needed="images are resized to one size")
    assert image_size is not None
    listing = list_images(root)
    found = _beside(listing) if captions is None else _of_table(captions)
    notes = [*found.notes(), *_keep_captioned(listing, found.words, captions)]
    survey = looked_at(listing, image_size=image_size)
    samples = folder.in_memory(survey, image_size=image_size)
    samples = folder.in_channels(samples, num_channels(survey, channels))
    labels, names, others = with_labels(survey)
    told = [found.words[_name(root, file)] for file in survey.looks]
    wording = vocabulary_of(words for several in told for words in several)
    return Dataset(
        NAME,
        samples,
        labels,
        notes=(*notes, *others),
        class_names=names,
        annotations={CAPTIONS: tokens_of(told, wording)},
        wording=wording,
    )


def _check_table(table: Path) -> None:
    """See that there is a file; a pipe or a device would hold up whoever reads it.

    Raises:
        ValueError: There is none.
    """
    if not table.is_file():
        got = "no file" if exists(table) else "nothing there"
        raise ValueError(
            f"--data.captions {table}: got {got}, but expected a table with the columns "
            f"{FILE},{CAPTION}. Check the spelling; relative paths start at {Path.cwd()}."
        )


def _of_table(table: Path) -> Found:
    """Read a table of files and captions.

    Raises:
        ValueError: It is none.
    """
    flag = "--data.captions"
    require(BYTES * table.stat().st_size, f"{flag} {table}", mend="Give fewer captions.")
    text = text_of(table, flag=flag, most=TABLE_BYTES)
    found, line = Found(), 1
    try:
        rows = headed(
            io.StringIO(text, newline=""),
            (FILE, CAPTION),
            refused=lambda got: ValueError(
                f"{flag} {table}: got the columns {got}, but expected {FILE},{CAPTION} in the "
                "first line. Add it."
            ),
        )
        for row in rows:
            line = rows.line_num
            if row[FILE] and row[CAPTION] is not None:
                found.add(_tidy(row[FILE]), row[CAPTION])
    except csv.Error as error:
        raise ValueError(
            f"{flag} {table}, after line {line}: got what is no CSV ({error}), but expected "
            f"{FILE},{CAPTION}. Put captions that have a comma into double quotes."
        ) from error
    return found


def _tidy(file: str) -> str:
    """Return a path as a table has it, perhaps of Windows, as one within the folder."""
    return file.strip().replace("\\", "/").removeprefix("./")


def _beside(listing: Listing) -> Found:
    """Read the text beside each image, a caption in each line."""
    found = Found()
    for file in listing.files:
        text = file.with_suffix(".txt")
        if not text.is_file():
            continue
        listing.others[".txt"] -= 1
        try:
            read = text_of(text, flag="", most=TEXT_BYTES)
        except ValueError as error:
            found.wrong[str(text.relative_to(listing.root))] = str(error.__cause__ or error).strip()
            continue
        for line in filter(str.strip, read.splitlines()):
            found.add(_name(listing.root, file), line)
    listing.others = +listing.others
    return found


def _name(root: Path, file: Path) -> str:
    return file.relative_to(root).as_posix()


def _keep_captioned(
    listing: Listing, captions: Mapping[str, object], table: Path | None
) -> list[str]:
    """Leave out images without a caption; return what is to be said of them, and of captions.

    Raises:
        ValueError: Fewer than two images have one.
    """
    named = {_name(listing.root, file): file for file in listing.files}
    kept = {name: file for name, file in named.items() if name in captions}
    if len(kept) < 2:
        where = "no text beside them" if table is None else f"{len(captions):,} files in {table}"
        raise ValueError(
            f"--data.path {listing.root}: got {counted(len(named), 'image')}, {where}, and "
            f"{len(kept)} images with a caption, but expected 2 or more. {MEND}"
        )
    notes = []
    for what, names in (
        (f"image of {listing.root} without a caption", sorted(set(named) - set(kept))),
        ("file with a caption that is not there", sorted(set(captions) - set(kept))),
    ):
        if names:
            few = ", ".join(names[:NUM_NAMED]) + (" ..." if len(names) > NUM_NAMED else "")
            head, _, tail = what.partition(" ")
            notes.append(f"left out {counted(len(names), head)} {tail}: {few}")
    listing.files[:] = list(kept.values())
    return notes
