"""Captions as tokens: words in small letters, numbered by a vocabulary that is saved with weights.

The annotation "captions" (N, K, T) int16 has K captions of each image, of which one is drawn at a
time. Token 0 fills what is left of a row; its word is empty.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from egan.data.dataset import CAPTIONS, Array
from egan.data.spelling import END, Spelling

__all__ = ["CAPTIONS", "UNKNOWN", "read_captions", "tokens_of", "vocabulary_of", "words_of"]

WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
UNKNOWN = "<unknown>"
MOST_WORDS = 10_000
"""Words that have a token of their own."""
LONGEST = 50
"""Words of a caption that are read."""
MOST_BYTES = 2**24
"""Of a text that captions are asked for in."""
SHOWN = 5


def words_of(text: str) -> list[str]:
    """Return the words of a caption in small letters; punctuation parts them."""
    return WORD.findall(text.lower())


def vocabulary_of(captions: Iterable[Sequence[str]]) -> Spelling:
    """Return how the words of captions are numbered: what ends one, then the most frequent first.

    Beyond the 10,000 most frequent there is one token for all others.
    """
    counts = Counter(word for words in captions for word in words)
    known = sorted(counts, key=lambda word: (-counts[word], word))
    rare = [UNKNOWN] if len(known) > MOST_WORDS else []
    return Spelling((END, *known[:MOST_WORDS], *rare))


def tokens_of(captions: Sequence[Sequence[Sequence[str]]], wording: Spelling) -> Array:
    """Number the words of captions, one list of them an image: (N, K, T) int16.

    An image that has fewer than others has them again, in turn.
    """
    number = {word: i for i, word in enumerate(wording.words)}
    most = max(map(len, captions))
    length = max(len(words) for several in captions for words in several)
    tokens = np.zeros((len(captions), most, length), np.int16)
    for row, several in zip(tokens, captions, strict=True):
        for place in range(most):
            words = several[place % len(several)]
            row[place, : len(words)] = [number.get(w, number.get(UNKNOWN, 0)) for w in words]
    return tokens


def read_captions(path: Path, wording: Spelling, *, length: int, flag: str) -> Array:
    """Read what is asked for, a caption in each line of a text: tokens (N, T) int64.

    Args:
        path: The file.
        wording: The words that a model knows.
        length: T, the most words of a caption.
        flag: What messages call the path.

    Raises:
        ValueError: The file cannot be read, has no captions, or a line of it is none.
    """
    lines = _lines(path, flag)
    number = {word: i for i, word in enumerate(wording.words) if word not in (END, UNKNOWN)}
    tokens = np.zeros((len(lines), length), np.int64)
    for place, line in enumerate(lines):
        words, where = words_of(line), f"{flag} {path}, line {place + 1}"
        if not words:
            raise ValueError(
                f"{where} has no words, but expected a caption in each line. Leave it out."
            )
        if len(words) > length:
            raise ValueError(
                f"{where} has {len(words)} words, but the model has learned from captions of "
                f"{length} at most. Give a shorter one."
            )
        strange = [word for word in dict.fromkeys(words) if word not in number]
        if strange:
            raise ValueError(_unknown(where, strange, list(number)))
        tokens[place, : len(words)] = [number[word] for word in words]
    return tokens


def extended(wording: Spelling, path: Path, *, flag: str) -> Spelling:
    """Return a vocabulary that has the words of a text too, after its own.

    Raises:
        ValueError: The file cannot be read, or has no captions.
    """
    words = dict.fromkeys(word for line in _lines(path, flag) for word in words_of(line))
    known = {*wording.words}
    return replace(wording, words=(*wording.words, *(word for word in words if word not in known)))


def _unknown(where: str, strange: Sequence[str], known: Sequence[str]) -> str:
    """Say which words are not of the vocabulary, and which are near or there at all."""
    near = [match for word in strange for match in get_close_matches(word[:40], known, n=2)]
    offered = list(dict.fromkeys([*near, *known]))[:12]
    named = ", ".join(repr(word[:40]) for word in strange[:SHOWN])
    return (
        f"{where} has words that the model has never seen: {named}"
        f"{' ...' if len(strange) > SHOWN else ''}. It knows {len(known):,}, such as "
        f"{', '.join(offered)}."
    )


def _lines(path: Path, flag: str) -> list[str]:
    """Return the lines of a text, but for empty ones at its end.

    Raises:
        ValueError: There is no such file, or it is no text, too large, or empty.
    """
    path = path.expanduser()
    if not path.is_file():
        what = "does not exist" if not path.exists() else "is no file"
        raise ValueError(f"{flag} {path} {what}; give a text with a caption in each line.")
    text = text_of(path, flag=flag, most=MOST_BYTES)
    lines = text.rstrip().splitlines()
    if not lines:
        raise ValueError(f"{flag} {path} is empty; give a caption in each line.")
    return lines


def text_of(path: Path, *, flag: str, most: int) -> str:
    """Read a text of some bytes at most.

    Raises:
        ValueError: It is larger, or no UTF-8.
    """
    try:
        if path.stat().st_size > most:
            raise ValueError(f"{flag} {path} is larger than {most:,} bytes; give fewer captions.")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise ValueError(
            f"{flag} {path} cannot be read ({error}), but expected a text. Save it as UTF-8."
        ) from error
