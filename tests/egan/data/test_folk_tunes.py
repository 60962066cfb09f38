"""Folk tunes: real ones from a package, where it is there, and files of a user's own."""

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from egan import data
from egan.data import folk_tunes
from egan.data.notes import Notes

TUNE = "X:1\nT:Up\nM:4/4\nL:1/4\nK:D\n" + "D E F G | A2 z B c | " * 5 + "\n\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.abc").write_text(TUNE + "X:2\nT:Short\nK:C\nCDE\n\n")
    (tmp_path / "b.abc").write_text(TUNE.replace("K:D", "K:Bb").replace("X:1", "X:3"))
    return tmp_path


def test_files_become_notes(folder):
    found = data.load("abc", path=folder)
    assert found.kind == Notes()
    assert found.samples.shape == (2, 32, 4)
    # moved down from D to C: C D E F G, a quarter's silence, A B; the first of a bar is louder
    rows = found.samples[1][:7].tolist()
    assert [row[1] for row in rows] == [60, 62, 64, 65, 67, 69, 71]
    assert [row[0] for row in rows] == [48, 48, 48, 48, 96, 48, 48]
    assert [row[3] for row in rows] == [0, 0, 0, 0, 0, 48, 0]
    assert [row[2] for row in rows] == [100, 76, 76, 76, 100, 76, 76]
    assert "1 tunes" in " ".join(found.notes)


def test_a_key_is_moved_by_the_fewest_semitones(folder):
    found = data.load("abc", path=folder)
    # D E flat F G A in B flat major, moved up by two
    assert found.samples[0][:5, 1].tolist() == [64, 65, 67, 69, 71]


def test_one_file_will_do_and_too_few_tunes_will_not(folder, tmp_path):
    with pytest.raises(ValueError, match="1 tunes of 32 notes"):
        data.load("abc", path=folder / "b.abc")
    with pytest.raises(ValueError, match=r"--data\.path"):
        data.load("abc", path=tmp_path / "none")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(folk_tunes, "find_spec", lambda name: None)
    folk_tunes._tunes.cache_clear()
    try:
        with pytest.raises(ValueError, match="music21, but that is not installed"):
            folk_tunes.load()
    finally:
        folk_tunes._tunes.cache_clear()


@pytest.mark.skipif(find_spec("music21") is None, reason="needs egan[data]")
def test_the_collection_is_read_whole():
    found = data.load("folk_tunes")
    assert len(found) > 7000
    assert found.shape == (32, 4)
    in_c = np.isin(found.samples[:, :, 1] % 12, [0, 2, 4, 5, 7, 9, 11]).mean()
    assert in_c > 0.9  # else keys or accidentals were read wrongly: .58 by chance


@pytest.mark.skipif(find_spec("music21") is None, reason="needs egan[data]")
def test_pitches_alone_are_tokens_with_names():
    notes, pitches = data.load("folk_tunes"), data.load("folk_pitches")
    words = pitches.spelling.words
    assert len(words) == pitches.vocabulary == pitches.samples.max() + 1
    lowest = int(notes.samples[:, :, 1].min())
    assert np.array_equal(pitches.samples, notes.samples[:, :, 1] - lowest)
    assert words[60 - lowest] == "C4"
    assert words[71 - lowest] == "B4"


def test_only_files_are_read(folder):
    (folder / "gone.abc").symlink_to(folder / "nothing")
    (folder / "folder.abc").mkdir()
    os.mkfifo(folder / "pipe.abc")
    (folder / "B.ABC").write_text(TUNE)
    assert len(data.load("abc", path=folder)) == 3


def test_a_file_that_cannot_be_read_is_named(folder, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ValueError, match=r"--data\.path .*b\.abc: .*Permission denied"):
        data.load("abc", path=folder)
