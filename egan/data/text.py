"""Sequences of one's own: a text file with one in each line, or a `.npz` file of integers.

A line is words between spaces (`text`), or characters (`characters`); each is a token. Where lines
are not equally long a token of its own ends them. The vocabulary is what the file has, the most
frequent word first; it is saved with the model, so that samples are texts again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from egan.data.dataset import Array, Dataset
from egan.data.images import check_path, refusal
from egan.data.spelling import END, Spelling
from egan.memory import require

LONGEST = 100
"""Tokens of a line that are read."""
MOST_WORDS = 10_000
"""Words that have a token of their own."""
MOST_TOKENS = MOST_WORDS + 2
"""Tokens that those of an archive may be out of: there are weights for each, and their pairs."""
UNKNOWN = "<unknown>"
KEYS = ("tokens", "samples", "x", "data", "arr_0")
WORDS = "words"
BYTES = 60
"""What a byte of text may take in memory while it is read."""


def load(*, path: Path | None, characters: bool = False, **_: Any) -> Dataset:
    """Load sequences of words, or of characters; of a `.npz` file integers (N, T) from 0.

    An archive may name its tokens in an array of texts, "words".

    Raises:
        ValueError: There is no such file, or it has no two sequences.
    """
    name = "characters" if characters else "text"
    path = check_path(path, name=name, folder=False)
    if path.suffix.lower() == ".npz":
        return _of_archive(path, name)
    lines, notes = _lines(path, list if characters else str.split)
    words = _vocabulary(lines)
    number = {word: i for i, word in enumerate(words)}
    rare = sum(word not in number for line in lines for word in line)
    if rare:
        notes.append(f"{rare:,} rare words of {path} are {UNKNOWN}")
    length = max(map(len, lines))
    tokens = np.zeros((len(lines), length), np.int64)  # END is the first word where there is one
    for row, line in zip(tokens, lines, strict=True):
        row[: len(line)] = [number.get(word, number.get(UNKNOWN, 0)) for word in line]
    spelling = Spelling(words, "" if characters else " ")
    return Dataset(name, tokens, vocabulary=len(words), spelling=spelling, notes=tuple(notes))


load_characters = partial(load, characters=True)


def _lines(
    path: Path, parted: Callable[[str], Sequence[str]]
) -> tuple[list[Sequence[str]], list[str]]:
    """Return the tokens of every line that is not empty, and what is to be said of them."""
    require(BYTES * path.stat().st_size, f"--data.path {path}", mend="Give fewer lines.")
    try:
        read = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeError) as error:
        got = f"a file that cannot be read ({error})"
        mend = "Save it as UTF-8."
        raise refusal(path, got=got, expected="lines of text", mend=mend) from error
    whole = [parted("".join(c if c.isprintable() else " " for c in line).strip()) for line in read]
    lines = [line[:LONGEST] for line in whole if line]
    if len(lines) < 2:
        got, expected = f"{len(lines)} lines with text", "2 or more, a sequence each"
        raise refusal(path, got=got, expected=expected, mend="Give more lines.")
    cut = sum(len(line) > LONGEST for line in whole)
    return lines, [f"{cut:,} lines of {path} are cut after {LONGEST} tokens"] if cut else []


def _vocabulary(lines: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the words, the most frequent first, after what ends lines where that is needed."""
    counts = Counter(word for line in lines for word in line)
    rest = [UNKNOWN] if len(counts) > MOST_WORDS else []
    known = sorted(counts.keys() - rest, key=lambda word: (-counts[word], word))
    end = [END] if len({len(line) for line in lines}) > 1 else []
    return (*end, *known[:MOST_WORDS], *rest)


def _of_archive(path: Path, name: str) -> Dataset:
    arrays = _arrays(path)
    tokens = next((arrays[key] for key in KEYS if key in arrays), np.empty(0))
    if tokens.ndim != 2 or tokens.dtype.kind not in "iu" or len(tokens) < 2 or not tokens.size:
        raise refusal(
            path,
            got=f"{sorted(arrays)}, sequences of shape {tokens.shape} {tokens.dtype}",
            expected=f"integers (N, T) named {' or '.join(map(repr, KEYS))}, N of 2 or more",
            mend="Save it with numpy.savez(path, tokens=...).",
        )
    spelling = None if WORDS not in arrays else _words(path, arrays[WORDS])
    most = MOST_TOKENS if spelling is None else len(spelling.words)
    if tokens.min() < 0 or tokens.max() >= most:
        got, expected = f"tokens from {tokens.min()} to {tokens.max()}", f"from 0 to {most - 1}"
        mend = "Number the tokens from 0." if spelling is None else "Give each token a word."
        raise refusal(path, got=got, expected=expected, mend=mend)
    vocabulary = int(tokens.max()) + 1 if spelling is None else most
    return Dataset(name, tokens.astype(np.int64), vocabulary=vocabulary, spelling=spelling)


def _words(path: Path, words: Array) -> Spelling:
    """Return what an archive calls its tokens."""
    mend = "Save numpy.array([...]) of texts, or leave it out."
    if words.ndim != 1 or words.dtype.kind != "U" or not 0 < len(words) <= MOST_TOKENS:
        got = f"{WORDS} of shape {words.shape} and type {words.dtype}"
        expected = f"a text for each token, at most {MOST_TOKENS:,}"
        raise refusal(path, got=got, expected=expected, mend=mend)
    try:
        return Spelling(tuple(words.tolist()))
    except ValueError as error:
        raise refusal(path, got=f"{WORDS}: {error}", expected="texts", mend=mend) from error


def _arrays(path: Path) -> dict[str, Array]:
    from egan.data.npz import arrays_of

    return arrays_of(
        path, KEYS, others=(WORDS,), mend="Save it with numpy.savez(path, tokens=...)."
    )
