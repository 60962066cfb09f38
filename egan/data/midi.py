"""Melodies in Standard MIDI Files: which note of a piece sounds how long, and how loud.

Of a piece one voice is read, the notes of one channel of one track: of those that are long enough
the highest in the mean, percussion left out. Where several of its notes begin at once the highest
counts, and a note ends where the next one begins (the skyline of Uitdenbogerd and Zobel 1998,
"Manipulation of music for melody matching"). Format: Standard MIDI Files 1.0, 1988.

It is read by code of our own, because readers that we know take numbers of any length, by which a
stranger's file can hold them up for hours.
"""

from __future__ import annotations

import struct
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from egan.data.abc import Note, Tune

PERCUSSION = 9
"""The channel of drums, counted from 0."""
OFF, ON, PROGRAM, PRESSURE, SYSTEM = 0x8, 0x9, 0xC, 0xD, 0xF
META, TITLE, KEY = 0xFF, 0x03, 0x59
QUARTERS_A_SECOND = 2
"""Where time is told in frames of a film: 120 in a minute, as where no tempo is told."""


class Sounding(NamedTuple):
    """A note of a file: begin and end in ticks, semitones, and intensity from 1 to 127."""

    begin: int
    end: int
    pitch: int
    intensity: int


@dataclass
class Track:
    """What a track says.

    Attributes:
        voices: The notes of each channel, as they end.
        title: Its name.
        sharps: Of its first key; flats count below 0.
    """

    voices: dict[int, list[Sounding]] = field(default_factory=lambda: defaultdict(list))
    title: str = ""
    sharps: int | None = None


def tune(content: bytes, *, least: int) -> Tune:
    """Read the melody of a file.

    Args:
        content: What is in the file.
        least: Of how many notes a voice is long enough.

    Raises:
        ValueError: It is no Standard MIDI File; the message says why.
    """
    chunks = _chunks(content)
    kind, head = next(chunks, (b"", b""))
    if kind != b"MThd" or len(head) < 6:
        raise ValueError("a file without a head of MIDI")
    quarter = _quarter(*struct.unpack(">bB", head[4:6]))
    tracks = [_track(body) for kind, body in chunks if kind == b"MTrk"]
    title = next((one.title for one in tracks if one.title), "")
    sharps = next((one.sharps for one in tracks if one.sharps is not None), 0)
    skylines = [
        _skyline(notes)
        for one in tracks
        for channel, notes in sorted(one.voices.items())
        if channel != PERCUSSION
    ]
    return Tune(title, sharps, tuple(_notes(_melody(skylines, least), quarter)))


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and the content of each chunk, the last one as far as it goes."""
    place = 0
    while place + 8 <= len(content):
        kind, size = struct.unpack(">4sI", content[place : place + 8])
        yield kind, content[place + 8 : place + 8 + size]
        place += 8 + size


def _quarter(high: int, low: int) -> Fraction:
    """Return the ticks of a quarter, of the two bytes that say it.

    Raises:
        ValueError: There are none.
    """
    # below 0: minus the frames of a second, and ticks of a frame
    ticks = Fraction(-high * low, QUARTERS_A_SECOND) if high < 0 else Fraction(256 * high + low)
    if not ticks:
        raise ValueError("a head that gives a quarter no ticks")
    return ticks


def _track(content: bytes) -> Track:
    """Read a track, as far as it is whole.

    Raises:
        ValueError: It says what no file may say.
    """
    track, now, running, place = Track(), 0, 0, 0
    pending: dict[tuple[int, int], deque[tuple[int, int]]] = defaultdict(deque)
    while place < len(content):
        delta, place = _number(content, place)
        now += delta
        if place == len(content):
            break
        status = running
        if content[place] & 0x80:
            status, place = content[place], place + 1
        if status >> 4 == SYSTEM:
            place = _told(track, status, content, place)
            continue
        running = status
        if not status:
            raise ValueError("a track that begins with data of no event")
        size = 1 if status >> 4 in (PROGRAM, PRESSURE) else 2
        values, place = content[place : place + size], place + size
        if len(values) == size and status >> 4 in (OFF, ON):
            _strike(track, pending, now, status, values)
    for (channel, pitch), begun in pending.items():
        track.voices[channel] += [Sounding(at, now, pitch, force) for at, force in begun]
    return track


def _number(content: bytes, place: int) -> tuple[int, int]:
    """Return a number of up to four bytes of seven bits each, and the place behind it.

    Raises:
        ValueError: It has more.
    """
    value = 0
    for end in range(place, min(place + 4, len(content))):
        value = value << 7 | content[end] & 0x7F
        if not content[end] & 0x80:
            return value, end + 1
    if place + 4 < len(content):
        raise ValueError("a number of more than four bytes")
    return value, len(content)


def _told(track: Track, status: int, content: bytes, place: int) -> int:
    """Take in what is no note: a name, a key; return the place behind it."""
    what = 0
    if status == META:
        what, place = content[place] if place < len(content) else 0, place + 1
    size, place = _number(content, place)
    said = content[place : place + size]
    if status == META and what == TITLE and not track.title:
        track.title = said[:200].decode("latin-1").strip()
    if status == META and what == KEY and len(said) == 2 and track.sharps is None:
        sharps = int.from_bytes(said[:1], signed=True)
        track.sharps = sharps if abs(sharps) <= 7 else None
    return place + size


def _strike(
    track: Track,
    pending: dict[tuple[int, int], deque[tuple[int, int]]],
    now: int,
    status: int,
    values: bytes,
) -> None:
    """Begin a note, or end the oldest one of its pitch."""
    channel, (pitch, force) = status & 0xF, (value & 0x7F for value in values)
    begun = pending[channel, pitch]
    if status >> 4 == ON and force:
        begun.append((now, force))
    elif begun:
        begin, struck = begun.popleft()
        track.voices[channel].append(Sounding(begin, now, pitch, struck))


def _skyline(notes: list[Sounding]) -> list[Sounding]:
    """Return the highest of the notes that begin at once, each until the next one begins."""
    highest: dict[int, Sounding] = {}
    for note in notes:
        if note.end > note.begin:
            known = highest.get(note.begin, note)
            highest[note.begin] = max(known, note, key=lambda one: one.pitch)
    line = [highest[begin] for begin in sorted(highest)]
    nexts = [one.begin for one in line[1:]] + [one.end for one in line[-1:]]
    return [one._replace(end=min(one.end, then)) for one, then in zip(line, nexts, strict=True)]


def _melody(lines: list[list[Sounding]], least: int) -> list[Sounding]:
    """Return the highest voice of those that are long enough, or the longest one."""
    long_enough = [line for line in lines if len(line) >= least]
    if long_enough:
        return max(long_enough, key=lambda line: float(np.mean([one.pitch for one in line])))
    return max(lines, key=len, default=[])


def _notes(line: list[Sounding], quarter: Fraction) -> Iterator[Note]:
    """Yield the notes of a voice, in quarters; what is silent before the first is left out."""
    before = line[0].begin if line else 0
    for one in line:
        length, gap = (one.end - one.begin) / quarter, (one.begin - before) / quarter
        yield Note(one.pitch, length, gap, first=False, intensity=one.intensity)
        before = one.end
