"""MIDI files: bytes by hand, what our own writer writes, and what another reader reads."""

import os
import struct
from fractions import Fraction
from importlib.util import find_spec

import numpy as np
import pytest

from egan import data
from egan.data import midi
from egan.data.notes import TICKS, Notes
from egan.sampling.midi import midi_file

END = b"\x00\xff\x2f\x00"


def file(*tracks, division=TICKS, kind=1):
    head = b"MThd" + struct.pack(">IHHH", 6, kind, len(tracks), division)
    return head + b"".join(b"MTrk" + struct.pack(">I", len(one)) + one for one in tracks)


def played(*pitches, channel=0, force=80, length=TICKS):
    """Notes one after the other."""
    parts = [
        bytes((0, 0x90 | channel, pitch, force, length, 0x80 | channel, pitch, 0))
        for pitch in pitches
    ]
    return b"".join(parts) + END


def notes(content, least=1):
    read = midi.tune(content, least=least).notes
    return [(one.pitch, one.length, one.gap, one.intensity) for one in read]


def test_notes_have_lengths_gaps_and_intensities():
    track = bytes((10, 0x90, 60, 90, 24, 0x80, 60, 0, 96, 0x90, 64, 50, 48, 0x90, 64, 0)) + END
    half, one, two = Fraction(1, 2), Fraction(1), Fraction(2)
    assert notes(file(track)) == [(60, half, 0, 90), (64, one, two, 50)]
    doubled = file(track, division=2 * TICKS)
    assert notes(doubled) == [(60, half / 2, 0, 90), (64, half, one, 50)]


def test_a_status_holds_on_also_over_what_is_no_note():
    text = b"\x00\xff\x01\x02hi"
    track = bytes((0, 0x93, 60, 90, 48, 60, 0)) + text + bytes((0, 62, 90, 48, 62, 0)) + END
    program = b"\x00\xc3\x05" + b"\x00\xf0\x02\x01\xf7"
    assert [row[0] for row in notes(file(program + track))] == [60, 62]


def test_long_times_take_several_bytes():
    track = b"\x00\x90\x3c\x50\x83\x60\x80\x3c\x00" + END  # 3 * 128 + 96 = 480 ticks
    assert notes(file(track)) == [(60, Fraction(10), 0, 80)]


def test_of_notes_that_begin_at_once_the_highest_counts_until_the_next():
    chord = bytes(
        (0, 0x90, 60, 80, 0, 67, 80, 0, 64, 80, 24, 72, 80, 24, 60, 0, 0, 67, 0, 0, 72, 0)
    )
    read = notes(file(chord + END))
    assert [row[:2] for row in read] == [(67, Fraction(1, 2)), (72, Fraction(1, 2))]


def test_the_highest_voice_that_is_long_enough_is_the_melody():
    low, high, drums = played(40, 41, 42, 43), played(70, 71, 72), played(*[90] * 9, channel=9)
    whole = file(low, high, drums)
    assert [row[0] for row in notes(whole, least=3)] == [70, 71, 72]
    assert [row[0] for row in notes(whole, least=4)] == [40, 41, 42, 43]
    assert [row[0] for row in notes(whole, least=5)] == [40, 41, 42, 43], "the longest there is"
    both = file(played(50, 51)[: -len(END)] + played(60, 61, channel=1))
    assert [row[0] for row in notes(both)] == [60, 61], "channels of one track are voices too"


def test_title_and_key_are_the_files():
    name, key = b"\x00\xff\x03\x04Jig ", b"\x00\xff\x59\x02\xfd\x00"
    read = midi.tune(file(name + key + END, played(60)), least=1)
    assert (read.title, read.sharps) == ("Jig", -3)
    assert midi.tune(file(played(60)), least=1).sharps == 0


def test_frames_of_a_film_are_half_seconds_a_quarter():
    assert notes(file(played(60, length=100), division=0xE728)) == [(60, Fraction(1, 5), 0, 80)]


def test_what_is_cut_off_is_read_as_far_as_it_goes():
    whole = file(played(60, 62, 64))
    for end in range(14, len(whole)):
        read = [row[0] for row in notes(whole[:end])]
        assert read == [60, 62, 64][: len(read)]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "a file without a head of MIDI"),
        (b"RIFF" + bytes(40), "a file without a head of MIDI"),
        (file(played(60), division=0), "a head that gives a quarter no ticks"),
        (file(b"\x00\x3c\x50" + END), "a track that begins with data of no event"),
        (file(b"\xff" * 9), "a number of more than four bytes"),
    ],
)
def test_what_is_no_midi_file_is_refused(content, why, tmp_path):
    (tmp_path / "a.mid").write_bytes(content)
    with pytest.raises(
        ValueError, match=rf"--data\.path .*a\.mid: got {why}, but expected a Stand"
    ):
        data.load("midi", path=tmp_path)


def test_what_we_write_is_what_we_read(tmp_path):
    rng = np.random.default_rng(0)
    rows = np.stack(
        [
            rng.integers(1, 200, (3, 32)),
            rng.integers(50, 80, (3, 32)),
            rng.integers(1, 127, (3, 32)),
            rng.integers(0, 90, (3, 32)),
        ],
        axis=-1,
    )
    rows[:, 0, 3] = 0  # silence before the first note is left out
    (tmp_path / "more").mkdir()
    for place, one in zip(("a.mid", "b.MIDI", "more/c.mid"), rows, strict=True):
        (tmp_path / place).write_bytes(midi_file(one))
    os.mkfifo(tmp_path / "pipe.mid")
    found = data.load("midi", path=tmp_path)
    assert found.kind == Notes()
    np.testing.assert_array_equal(found.samples, rows)


def test_a_key_is_moved_and_short_tunes_are_told_of(tmp_path):
    key = b"\x00\xff\x59\x02\x02\x00"  # two sharps
    for name in ("a", "b"):
        (tmp_path / f"{name}.mid").write_bytes(file(key + played(*[62] * 40)))
    (tmp_path / "short.mid").write_bytes(file(played(60, 62)))
    found = data.load("midi", path=tmp_path)
    assert np.unique(found.samples[..., 1]).tolist() == [60]
    assert found.samples[0, :, 2].tolist() == [80] * 32
    assert "1 tunes" in " ".join(found.notes)
    with pytest.raises(ValueError, match="1 tunes of 32 notes in 1 files"):
        data.load("midi", path=tmp_path / "a.mid")


def test_files_that_are_broken_are_left_out_and_told_of(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.mid").write_bytes(file(played(*range(50, 90))))
    (tmp_path / "broken.mid").write_bytes(b"no MIDI")
    found = data.load("midi", path=tmp_path)
    assert len(found) == 2
    assert "left out 1 file that cannot be read: broken.mid" in found.notes


@pytest.mark.skipif(find_spec("music21") is None, reason="needs egan[data]")
def test_another_reader_reads_the_same():
    from music21.midi import MidiFile

    content = file(played(60, 64, 67, 72), played(48, 52, channel=2))
    other = MidiFile()
    other.readstr(content)
    expected = [
        event.pitch for event in other.tracks[0].events if event.type == 0x90 and event.velocity
    ]
    assert [row[0] for row in notes(content, least=3)] == expected


def test_random_bytes_are_refused_or_read_and_never_take_long():
    rng = np.random.default_rng(1)
    whole = np.frombuffer(file(played(*range(40, 80)), played(50, 51)), np.uint8)
    for _ in range(2000):
        forged = whole.copy()
        places = rng.integers(0, len(forged), rng.integers(1, 12))
        forged[places] = rng.integers(0, 256, len(places))
        try:
            read = midi.tune(forged.tobytes(), least=32)
        except ValueError:
            continue
        assert all(0 <= one.pitch <= 127 and one.length > 0 for one in read.notes)
