"""Sequences of a user's own: what lines become, and what cannot be read."""

import os

import numpy as np
import pytest

from egan import data
from egan.data import text
from egan.data.spelling import Spelling, texts


def file(tmp_path, content, name="lines.txt"):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return path


def written(dataset):
    return texts(dataset.samples, dataset.spelling)


def test_lines_are_written_as_they_were(tmp_path):
    found = data.load("text", path=file(tmp_path, "a b a\n\n  c  a\r\na\n"))
    assert written(found) == ["a b a", "c a", "a"]
    assert found.shape == (3,)
    assert found.spelling.words == ("", "a", "b", "c")  # the end, then by how often
    assert found.vocabulary == 4


def test_equally_long_lines_need_no_end(tmp_path):
    found = data.load("text", path=file(tmp_path, "a b\nb b\n"))
    assert found.spelling.words == ("b", "a")
    assert found.samples.tolist() == [[1, 0], [0, 0]]


def test_characters_are_tokens_too(tmp_path):
    found = data.load("characters", path=file(tmp_path, "春 眠\n不覺曉\n"))
    assert written(found) == ["春 眠", "不覺曉"]
    assert found.shape == (3,)


def test_rare_words_and_long_lines_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "MOST_WORDS", 2)
    monkeypatch.setattr(text, "LONGEST", 3)
    found = data.load("text", path=file(tmp_path, "a a b b b\nb c a\nd a b\n"))
    assert written(found) == ["a a b", "b <unknown> a", "<unknown> a b"]
    assert "2 rare words" in " ".join(found.notes)
    assert "1 lines" in " ".join(found.notes)


def test_integers_of_an_archive(tmp_path):
    np.savez(tmp_path / "a.npz", tokens=np.array([[0, 3], [1, 2]], np.int16))
    found = data.load("text", path=tmp_path / "a.npz")
    assert found.vocabulary == 4
    assert written(found) == ["0 3", "1 2"]
    np.savez(tmp_path / "b.npz", samples=np.array([[0, 1], [1, 1]]), words=np.array(["x", "y"]))
    assert written(data.load("text", path=tmp_path / "b.npz")) == ["x y", "y y"]


@pytest.mark.parametrize(
    ("content", "message"),
    [("one line\n", "1 lines with text"), ("", "0 lines with text")],
)
def test_too_little_text(content, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        data.load("text", path=file(tmp_path, content))


@pytest.mark.parametrize(
    "arrays",
    [
        {"tokens": np.zeros((3, 4))},
        {"tokens": np.zeros(5, int)},
        {"tokens": np.array([[0, -1], [0, 1]])},
        {"tokens": np.array([[0, 2], [0, 1]]), "words": np.array(["a", "b"])},
        {"tokens": np.array([[0, 1], [0, 1]]), "words": np.array(["a", "b\nc"])},
        {"other": np.array([[0, 1], [0, 1]])},
    ],
)
def test_archives_that_are_no_sequences(arrays, tmp_path):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=r"integers|tokens from|printable"):
        data.load("text", path=tmp_path / "a.npz")


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00a\nb\n")
    with pytest.raises(ValueError, match="Save it as UTF-8"):
        data.load("text", path=tmp_path / "a.txt")
    with pytest.raises(ValueError, match=r"--data\.path"):
        data.load("text", path=tmp_path / "none.txt")


def test_control_characters_of_a_strangers_file_are_spaces(tmp_path):
    found = data.load("text", path=file(tmp_path, "a\x1b[2Jb c\nd e\n"))
    assert written(found) == ["a [2Jb c", "d e"]


def test_an_end_ends_a_text():
    spelling = Spelling(("", "a", "b"))
    assert texts([[1, 2, 0], [0, 1, 1], [2, 0, 1]], spelling) == ["a b", "", "b"]
    assert texts([[1, 12]], None, width=2) == [" 1 12"]
    with pytest.raises(ValueError, match="separator"):
        Spelling(("a",), "\n")


def test_every_token_needs_a_word():
    with pytest.raises(ValueError, match="words of test must be 3"):
        data.dataset.Dataset("test", np.zeros((2, 2), int), vocabulary=3, spelling=Spelling(("a",)))


@pytest.mark.parametrize("name", ["text", "characters", "npz", "gymnasium"])
def test_a_pipe_is_refused_before_it_is_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(ValueError, match=r"--data\.path .* a pipe or a device"):
        data.load(name, path=tmp_path / "pipe.npz")


@pytest.mark.parametrize(
    ("path", "told"), [("a" * 5000, "does not exist"), (("a", "b"), "--data.pairs are 2 paths")]
)
@pytest.mark.parametrize("name", ["text", "npz", "gymnasium", "abc", "folder"])
def test_odd_paths_are_told(name, path, told):
    with pytest.raises(ValueError, match=told):
        data.load(name, path=path)


def test_a_word_like_that_of_rare_ones_has_one_token(tmp_path, monkeypatch):
    path = file(tmp_path, "<unknown> a b\nb b <unknown>\n")
    assert not data.load("text", path=path).notes
    monkeypatch.setattr(text, "MOST_WORDS", 1)
    assert data.load("text", path=path).spelling.words == ("b", "<unknown>")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"tokens": np.array([[0, -1], [1, 1]])}, "tokens from -1 to 1"),
        ({"tokens": np.array([[0, 1], [1, 2**40]])}, "from 0 to 10001"),
        ({"tokens": np.full((2, 2), 2**63, np.uint64)}, "from 0 to 10001"),
        ({"words": np.array(["a"])}, "Give each token a word"),
        ({"words": np.array(["a", "b\nc"])}, "words must be printable"),
        ({"words": np.array([["a", "b"]])}, "a text for each token"),
        ({"words": np.arange(2)}, "a text for each token"),
    ],
)
def test_tokens_and_words_of_a_strangers_archive(tmp_path, changed, told):
    path = tmp_path / "tokens.npz"
    np.savez(path, **{"tokens": np.eye(2, dtype=int), **changed})
    with pytest.raises(ValueError, match=rf"--data\.path .*{told}"):
        data.load("text", path=path)


def test_nobody_is_told_to_trust_a_pickle(tmp_path):
    with pytest.raises(ValueError, match="cannot be read") as error:
        data.load("text", path=file(tmp_path, "hello", name="plain.npz"))
    assert "allow_pickle" not in str(error.value)
