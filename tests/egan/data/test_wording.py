"""Captions become tokens, and captions that are asked for are read or refused."""

import os

import numpy as np
import pytest

from egan.data.spelling import Spelling
from egan.data.wording import read_captions, tokens_of, vocabulary_of, words_of

KNOWN = Spelling(("", "a", "red", "disc", "<unknown>"))


def test_words_are_small_and_parted_by_punctuation():
    assert words_of("A red-ish  Disc, isn't it? 3_4\tÉté") == [
        *("a", "red", "ish", "disc", "isn't", "it", "3", "4", "été")
    ]
    assert words_of(" ... !") == []


def test_the_most_frequent_word_is_first_after_nothing():
    wording = vocabulary_of([["b", "a"], ["b", "c"]])
    assert wording.words == ("", "b", "a", "c")


def test_rare_words_share_a_token(monkeypatch):
    monkeypatch.setattr("egan.data.wording.MOST_WORDS", 2)
    wording = vocabulary_of([["b", "a"], ["b", "a"], ["c", "d"]])
    assert wording.words == ("", "a", "b", "<unknown>")
    assert tokens_of([[["d", "b"]]], wording).tolist() == [[[3, 2]]]


def test_an_image_with_fewer_captions_has_them_again():
    tokens = tokens_of([[["a"]], [["a", "red"], ["disc"]]], KNOWN)
    assert tokens.tolist() == [[[1, 0], [1, 0]], [[1, 2], [3, 0]]]
    assert tokens.dtype == np.int16


def asked(tmp_path, content, *, length=3):
    file = tmp_path / "asked.txt"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_captions(file, KNOWN, length=length, flag="--captions")


@pytest.mark.parametrize("content", ["A red disc!\nred\n", "\ufeffa RED disc\r\nred\n\n \n"])
def test_a_caption_in_each_line(tmp_path, content):
    assert asked(tmp_path, content).tolist() == [[1, 2, 3], [2, 0, 0]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("red\n\nred", r"line 2 has no words"),
        ("red\n--- !\nred", r"line 2 has no words"),
        (
            "red\na redd dics",
            r"line 2 .* never seen: 'redd', 'dics'. It knows 3, such as red, disc",
        ),
        ("<unknown>", r"never seen: 'unknown'"),
        ("a red disc a", r"line 1 has 4 words, but .* 3 at most"),
        ("", r"is empty; give a caption in each line"),
        (" \n\n", r"is empty"),
        ("rät".encode("latin-1"), r"cannot be read .*Save it as UTF-8"),
        (b"\xff\xfer\x00e\x00", r"cannot be read .*Save it as UTF-8"),
        ("x" * 100_000, r"never seen: 'x{40}'"),
    ],
)
def test_what_is_no_caption_is_told_by_its_line(tmp_path, content, message):
    with pytest.raises(ValueError, match=message) as told:
        asked(tmp_path, content)
    assert len(str(told.value)) < 700


def test_no_file_a_folder_and_a_pipe_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, message in (
        (tmp_path / "none.txt", "does not exist"),
        (tmp_path, "is no file"),
        (tmp_path / "pipe", "is no file"),
    ):
        with pytest.raises(ValueError, match=message):
            read_captions(path, KNOWN, length=3, flag="--captions")


def test_a_text_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("egan.data.wording.MOST_BYTES", 5)
    with pytest.raises(ValueError, match="larger than 5 bytes"):
        asked(tmp_path, "red red red")
