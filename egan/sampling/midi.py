"""Standard MIDI files: melodies that any player plays."""

from __future__ import annotations

import struct
from typing import Any

from egan.data.notes import TICKS

TEMPO = 500_000
"""Microseconds of a quarter: 120 in a minute."""


def midi_file(notes: Any) -> bytes:
    """Return a file of format 0 with notes (T, 4), one after the other.

    Args:
        notes: Lengths in ticks, pitches, intensities and gaps in ticks, as `kinds.Notes` stores
            them.

    Standard MIDI Files 1.0, 1988.
    """
    track = b"\x00\xff\x51\x03" + TEMPO.to_bytes(3, "big")
    for length, pitch, intensity, gap in ([int(value) for value in row] for row in notes):
        track += _delta(gap) + bytes((0x90, pitch, max(1, intensity)))
        track += _delta(length) + bytes((0x80, pitch, 0))
    track += b"\x00\xff\x2f\x00"
    head = b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS)
    return head + b"MTrk" + struct.pack(">I", len(track)) + track


def _delta(ticks: int) -> bytes:
    """Return a number seven bits a byte, the highest first; all but the last have the eighth."""
    parts = [ticks & 0x7F]
    while ticks := ticks >> 7:
        parts.append(0x80 | ticks & 0x7F)
    return bytes(reversed(parts))
