"""MIDI files against what the standard says, byte by byte, and read back."""

import numpy as np
import torch

from egan.data.notes import TICKS, Notes
from egan.sampling.lot import Lot
from egan.sampling.midi import midi_file
from egan.sampling.writers import writer
from egan.tasks import Batch


def events(content):
    """Read the notes of a file of format 0: (start, end, pitch, intensity)."""
    assert content[:14] == b"MThd\x00\x00\x00\x06\x00\x00\x00\x01" + TICKS.to_bytes(2, "big")
    assert content[14:18] == b"MTrk"
    track = content[22:]
    assert int.from_bytes(content[18:22], "big") == len(track)
    place, now, open_notes, found = 0, 0, {}, []
    while place < len(track):
        ticks = 0
        while True:
            byte, place = track[place], place + 1
            ticks = ticks << 7 | byte & 0x7F
            if byte < 0x80:
                break
        now += ticks
        if track[place] == 0xFF:
            kind, size = track[place + 1 : place + 3]
            place += 3 + size
            if kind == 0x2F:
                assert place == len(track)
            continue
        status, pitch, velocity = track[place : place + 3]
        place += 3
        if status == 0x90:
            open_notes[pitch] = now, velocity
        else:
            assert status == 0x80
            start, intensity = open_notes.pop(pitch)
            found.append((start, now, pitch, intensity))
    assert not open_notes
    return found


def test_notes_are_read_back():
    notes = [(48, 60, 100, 0), (384, 62, 1, 24), (1, 62, 127, 300)]
    assert events(midi_file(notes)) == [
        (0, 48, 60, 100),
        (72, 456, 62, 1),
        (756, 757, 62, 127),
    ]


def test_long_gaps_take_two_bytes():
    assert b"\x83\x00\x90\x3c" in midi_file([(1, 60, 90, 384)])


def test_a_silent_note_is_no_end():
    """An intensity of 0 would end a note where it begins."""
    assert events(midi_file([(5, 60, 0, 0)])) == [(0, 5, 60, 1)]


def test_melodies_are_files_of_a_folder(tmp_path):
    stored = np.array([[(48, 60, 100, 0), (24, 67, 80, 12)]] * 3, np.int16)
    made = Notes().decode(torch.from_numpy(stored))
    lot = Lot(count=3, shape=(2, 4), kind=Notes(), classes=(), labelled=False)
    with writer(tmp_path / "tunes", lot) as write:
        write(Batch(made[:2]))
        write(Batch(made[2:]))
    files = sorted((tmp_path / "tunes").iterdir())
    assert [file.name for file in files] == ["000000.mid", "000001.mid", "000002.mid"]
    assert events(files[2].read_bytes()) == [(0, 48, 60, 100), (60, 84, 67, 80)]
