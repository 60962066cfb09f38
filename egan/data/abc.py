"""Melodies in ABC notation: which note sounds how long, and what stands before it.

One voice is read: of a chord its first note, no grace notes, decorations or words; repeats are not
played again. Standard: http://abcnotation.com/wiki/abc:standard:v2.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SHARPS, FLATS = "FCGDAEB", "BEADGCF"
TONICS = {"C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5, "F": -1}
MODES = {"maj": 0, "ion": 0, "mix": -1, "dor": -2, "m": -3, "min": -3, "aeo": -3, "phr": -4}
MODES |= {"loc": -5, "lyd": 1}
MIDDLE_C = 60
MOST_DIGITS, MOST_MARKS, MOST_PARTS = 9, 20, 10_000
"""Of a number, of "/" or ">" in a row, and of a quarter: absurd ones of a stranger cost no time."""
FIELD = re.compile(r"^([A-Za-z]):(.*)$")
KEY = re.compile(r"([A-G])([#b]?)\s*([A-Za-z]*)")
SILENT = re.compile(r'\{[^{}]*\}|"[^"]*"|![^!]*!|\+[a-z]+\+|\[[A-Za-z]:[^\[\]]*\]|%.*')
CHORD = re.compile(r"\[([\^_=]*[A-Ga-g][,']*[\d/]*)[^\[\]|:]*\]")
TOKEN = re.compile(
    r"\((?P<tuplet>[2-9])(?P<more>(?::\d*)*)"
    r"|(?P<accidental>\^\^?|__?|=)?(?P<letter>[A-Ga-gzx])(?P<octave>[,']*)(?P<length>\d*(?:/+\d*)?)"
    r"|(?P<broken>[<>]+)|(?P<bar>[|\]])|(?P<tie>-)"
)


@dataclass(frozen=True)
class Note:
    """A note.

    Attributes:
        pitch: In semitones, 60 for the middle C.
        length: In quarters.
        gap: Silence before it, in quarters.
        first: Whether it is the first of a bar, as far as one knows.
        intensity: From 1 to 127; None where nobody says.
    """

    pitch: int
    length: Fraction
    gap: Fraction
    first: bool
    intensity: int | None = None


@dataclass(frozen=True)
class Tune:
    """A melody: its title, the sharps of its key (flats are below 0), and its notes."""

    title: str
    sharps: int
    notes: tuple[Note, ...]


def tunes(text: str, *, most: int | None = None) -> Iterator[Tune]:
    """Read the tunes of a file, each of which begins with a field X.

    Args:
        text: What is in the file.
        most: Of how many notes a tune is known; all by default.
    """
    for part in re.split(r"(?m)^(?=X:)", text):
        fields: dict[str, str] = {}
        lines = []
        for line in part.splitlines():
            field = FIELD.match(line)
            if field:
                fields.setdefault(field[1], field[2].strip())
            elif "K" in fields:  # the head ends with the key
                lines.append(line)
        if lines:
            sharps = sharps_of(fields["K"])
            unit = 4 * (_fraction(fields.get("L", "")) or Fraction(1, 8))
            yield Tune(fields.get("T", ""), sharps, tuple(_notes(lines, sharps, unit, most)))


def sharps_of(key: str) -> int:
    """Return how many sharps a key such as "Gm", "F# dor" or "Bb" has; flats count below 0."""
    found = KEY.match(key)
    if not found:
        return 0
    tonic, accidental, mode = found.groups()
    known = mode.lower()
    shift = MODES.get(known[:3], MODES.get(known, 0))
    return TONICS[tonic] + {"#": 7, "b": -7, "": 0}[accidental] + shift


def _fraction(text: str) -> Fraction | None:
    found = re.match(rf"(\d{{1,{MOST_DIGITS}}})\s*/\s*(\d{{1,{MOST_DIGITS}}})(?!\d)", text)
    return Fraction(int(found[1]), int(found[2])) if found and int(found[2]) else None


def times(text: str) -> Fraction:
    """Return what "", "3", "/", "3/2" or "//" multiply the unit by."""
    whole, slashes, part = re.fullmatch(r"(\d*)(/*)(\d*)", text).groups()  # type: ignore[union-attr]
    times_two = 2 ** min(len(slashes), MOST_MARKS)
    divisor = int(part[:MOST_DIGITS] or 2) if len(slashes) == 1 else times_two
    return Fraction(int(whole[:MOST_DIGITS] or 1), max(1, divisor))


class _Voice:
    """Reads the marks of a tune one by one; the last note is held until what follows is known.

    Args:
        sharps: Of the key.
        unit: The length of a note without a number, in quarters.
    """

    def __init__(self, sharps: int, unit: Fraction) -> None:
        sharp, flat = SHARPS[: max(sharps, 0)], FLATS[: max(-sharps, 0)]
        self.key = {**dict.fromkeys(sharp, 1), **dict.fromkeys(flat, -1)}
        self.unit = unit
        self.lengths: dict[str, Fraction] = {}
        self.bar: dict[str, int] = {}
        self.gap, self.is_first, self.is_tied = Fraction(0), True, False
        self.factor, self.num_left = Fraction(1), 0
        self.share: Fraction | None = None
        self.done: list[Note] = []

    def read(self, token: re.Match[str]) -> None:
        """Take in a mark."""
        if token["tuplet"]:
            self.num_left = int(token["tuplet"])
            self.factor = Fraction(3 if self.num_left in (2, 4, 8) else 2, self.num_left)
        elif token["bar"]:
            self.bar, self.is_first = {}, True
        elif token["tie"]:
            self.is_tied = True
        elif token["broken"]:
            self._dot(token["broken"])
        elif token["letter"] in ("z", "x"):
            self.gap += self._length(token["length"])
            self.is_first = self.is_tied = False
        else:
            self._sound(_pitch(token, self.bar, self.key), self._length(token["length"]))

    def _dot(self, marks: str) -> None:
        """Lengthen the note before by what the next one is shortened, or the other way round."""
        if self.share is not None:  # there is no note between these marks and others
            return
        short = Fraction(1, 2 ** min(len(marks), MOST_MARKS))
        own, self.share = (2 - short, short) if marks[0] == ">" else (short, 2 - short)
        if self.done:
            self.done[-1] = replace(self.done[-1], length=own * self.done[-1].length)

    def _length(self, text: str) -> Fraction:
        """Return the length of a note, as tuplets and dots have it."""
        if text not in self.lengths:
            self.lengths[text] = (self.unit * times(text)).limit_denominator(MOST_PARTS)
        length = self.lengths[text]
        if self.share is not None:
            length, self.share = (length * self.share).limit_denominator(MOST_PARTS), None
        if self.num_left:
            length = (length * self.factor).limit_denominator(MOST_PARTS)
            self.num_left -= 1
        return length

    def _sound(self, pitch: int, length: Fraction) -> None:
        """Begin a note, or let one that is tied go on."""
        if self.is_tied and self.done and self.done[-1].pitch == pitch and not self.gap:
            self.done[-1] = replace(self.done[-1], length=self.done[-1].length + length)
        else:
            self.done.append(Note(pitch, length, self.gap, self.is_first))
        self.gap, self.is_first, self.is_tied = Fraction(0), False, False


def _notes(lines: list[str], sharps: int, unit: Fraction, most: int | None) -> list[Note]:
    """Return the notes of a tune's lines, of which the first `most` are whole."""
    voice = _Voice(sharps, unit)
    for token in TOKEN.finditer(CHORD.sub(r"\1", SILENT.sub("", "\n".join(lines)))):
        voice.read(token)
        if most is not None and len(voice.done) > most:  # the one before can change no more
            break
    return voice.done[:most]


def _pitch(token: re.Match[str], bar: dict[str, int], key: dict[str, int]) -> int:
    """Return a note's semitones; an accidental holds until the bar ends."""
    letter, marks = token["letter"], token["octave"]
    octave = letter.islower() + marks.count("'") - marks.count(",")
    place = f"{letter.upper()}{octave}"
    if token["accidental"] is not None:
        bar[place] = token["accidental"].count("^") - token["accidental"].count("_")
    shift = bar.get(place, key.get(letter.upper(), 0))
    return MIDDLE_C + STEPS[letter.upper()] + 12 * octave + shift
