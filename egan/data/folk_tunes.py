"""Tunes as notes: Essen's folk songs from the package music21, or one's own ABC or MIDI files.

Essen's folk songs (encoded under H. Schaffrath, later E. Dahlig-Turek, as ABC by S. Schlien; see
esac-data.org) lie in music21 (Cuthbert and Ariza 2010, BSD), `egan[data]`. They have a notice of
their own there, `license.txt`: their legal status is unclear, and their keeper has permitted non-
commercial distribution and use. Only files are read, and nothing is imported. A sample is the
first 32 notes of a tune, moved into the key without sharps or flats by the fewest semitones. What
is no longer is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from egan.data import midi
from egan.data.abc import Tune, tunes
from egan.data.dataset import Array, Dataset
from egan.data.images import check_path, exists, refusal
from egan.data.listing import NUM_NAMED, counted
from egan.data.notes import HIGHEST, LONGEST, LOWEST, TICKS
from egan.data.spelling import Spelling
from egan.memory import TooLargeError, require

PACKAGE, FOLDER = "music21", "corpus/essenFolksong"
LENGTH = 32
NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
ACCENT, PLAIN = 100, 76
"""The intensity of the first note of a bar, and of others: ABC says nothing of it."""
BYTES, BYTES_OF_MIDI = 60, 150
"""What a byte of a file may take in memory while it is read."""
TAKE_AWAY = "Mend it, or take it away."
MEND = 'pip install "egan[data]"'


def load(**_: Any) -> Dataset:
    """Load the Essen collection.

    Raises:
        ValueError: music21 is missing, or its files are.
    """
    return _tunes()


@cache
def _tunes() -> Dataset:
    spec = find_spec(PACKAGE)
    places = (spec.submodule_search_locations if spec else None) or []
    files = [file for place in places for file in sorted((Path(place) / FOLDER).glob("*.abc"))]
    if not files:
        lacks = f"has no {FOLDER}" if places else "is not installed"
        raise ValueError(
            f"folk_tunes reads the tunes of the package {PACKAGE}, but that {lacks}. Install it: "
            f"{MEND}."
        )
    notes, _short = notes_of(tune for file in files for tune in read(file))
    return Dataset("folk_tunes", np.stack(notes))


def load_pitches(**_: Any) -> Dataset:
    """Load the pitches of the Essen collection's notes as tokens (N, 32), called C4 and so on.

    Raises:
        ValueError: music21 is missing, or its files are.
    """
    pitches = _tunes().samples[:, :, 1].astype(np.int64)
    lowest, highest = int(pitches.min()), int(pitches.max())
    names = tuple(called(pitch) for pitch in range(lowest, highest + 1))
    return Dataset(
        "folk_pitches", pitches - lowest, vocabulary=len(names), spelling=Spelling(names)
    )


def called(pitch: int) -> str:
    """Return what a pitch in semitones is called; 60 is C4, the middle one."""
    return f"{NAMES[pitch % len(NAMES)]}{pitch // len(NAMES) - 1}"


def load_abc(*, path: Path | None, **_: Any) -> Dataset:
    """Load a folder of `.abc` files, subfolders included, or one file.

    Raises:
        ValueError: There are no two tunes of 32 notes.
    """
    return _own("abc", path, (".abc",), read)


def load_midi(*, path: Path | None, **_: Any) -> Dataset:
    """Load a folder of MIDI files, subfolders included, or one file; a tune a file.

    Raises:
        ValueError: There are no two tunes of 32 notes.
    """
    return _own("midi", path, (".mid", ".midi"), lambda file: [read_midi(file)])


def _own(
    name: str, path: Path | None, endings: tuple[str, ...], read: Callable[[Path], Iterable[Tune]]
) -> Dataset:
    """Load the tunes of a folder's files, or of one file."""
    if isinstance(path, Path) and exists(path) and path.is_file():
        files: Sequence[Path] = [path]
    else:
        path = check_path(path, name=name, folder=True)
        # links to nothing, pipes and devices are no files
        files = sorted(f for f in path.rglob("*") if f.suffix.lower() in endings and f.is_file())
    notes: list[Array] = []
    short, wrong = 0, dict[str, ValueError]()
    for file in files:
        try:
            long_enough, others = notes_of(read(file))
        except TooLargeError:
            raise
        except ValueError as error:
            wrong[file.name] = error
        else:
            notes.extend(long_enough)
            short += others
    if len(wrong) == len(files) > 0:
        raise next(iter(wrong.values()))
    if len(notes) < 2:
        got = f"{len(notes)} tunes of {LENGTH} notes in {len(files)} files"
        raise refusal(path, got=got, expected="2 or more", mend="Give more or longer tunes.")
    told = []
    if short:
        told.append(f"{short:,} tunes of {path} have fewer than {LENGTH} notes, and are left out")
    if wrong:
        few = ", ".join(list(wrong)[:NUM_NAMED]) + " ..." * (len(wrong) > NUM_NAMED)
        told.append(f"left out {counted(len(wrong), 'file')} that cannot be read: {few}")
    return Dataset(name, np.stack(notes), notes=tuple(told))


def read(file: Path) -> Iterable[Tune]:
    """Read a file's tunes, in whatever eight-bit letters its titles are written.

    Raises:
        ValueError: It cannot be read, or is larger than the memory.
    """
    return tunes(_content(file, BYTES, "tunes in ABC notation").decode("latin-1"), most=LENGTH)


def read_midi(file: Path) -> Tune:
    """Read the melody of a file.

    Raises:
        ValueError: It cannot be read, is no MIDI file, or is larger than the memory.
    """
    expected = "a Standard MIDI File"
    content = _content(file, BYTES_OF_MIDI, expected)
    try:
        return midi.tune(content, least=LENGTH)
    except ValueError as error:
        raise refusal(file, got=str(error), expected=expected, mend=TAKE_AWAY) from error


def _content(file: Path, times: int, expected: str) -> bytes:
    """Return what is in a file, whose tunes take so many times as much memory."""
    require(times * file.stat().st_size, f"--data.path {file}: its tunes", mend="Give fewer.")
    try:
        return file.read_bytes()
    except OSError as error:
        got = f"a file that cannot be read ({error.strerror})"
        raise refusal(file, got=got, expected=expected, mend=TAKE_AWAY) from error


def notes_of(known: Iterable[Tune]) -> tuple[list[Array], int]:
    """Return the first notes (T, 4) of every tune that has as many, and how many have not."""
    found, short = [], 0
    for tune in known:
        if len(tune.notes) < LENGTH:
            short += 1
            continue
        found.append(_rows(tune))
    return found, short


def _rows(tune: Tune) -> Array:
    """Return lengths, pitches, intensities and gaps (T, 4) int16 of a tune's first notes."""
    shift = -7 * tune.sharps % 12
    shift -= 12 if shift > 6 else 0
    rows = [
        (
            min(max(round(TICKS * note.length), 1), LONGEST),
            min(max(note.pitch + shift, LOWEST), HIGHEST),
            note.intensity or (ACCENT if note.first else PLAIN),
            min(max(round(TICKS * note.gap), 0), LONGEST),
        )
        for note in tune.notes[:LENGTH]
    ]
    return np.array(rows, np.int16)
