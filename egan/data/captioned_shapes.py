"""The rendered shapes of `egan.data.shapes` with four captions each: "a small red disc at the top".

Captions are of a grammar, `a|one` and all that is in brackets being left out half of the time:

    [a|one] {small|tiny|large|big} {colour} {shape} [at|in] [the] {place}

with two words for most shapes, and for the centre; the size, and the place with what is before it,
is dropped one time in five, and is free then. Shape and colour are always told.

Four of the sixteen combinations of shape and colour, `HELD_OUT`, are in the test part alone, beside
a fifth of the others: each shape and each colour is learned from, in other company.
`detailed_shapes` are the same with small holes and borders, which only larger images show.
`egan.judging.captions` reads off a generated image whether it shows what its caption says.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from egan.data import shapes
from egan.data.dataset import CAPTIONS, Array, Dataset
from egan.data.shapes import ATTRIBUTES, COLOURS, SHAPES
from egan.data.spelling import END, Spelling
from egan.data.splits import held_out
from egan.data.wording import tokens_of

NAME, DETAILED = "captioned_shapes", "detailed_shapes"
DETAILED_SIZE = 32
SEED = 1605
NUM_CAPTIONS = 4
DROPPED = 0.2
HELD_OUT = (("circle", "green"), ("square", "blue"), ("triangle", "yellow"), ("cross", "red"))
"""Shapes and colours that are in the test part alone."""
SYNONYMS = {
    "circle": ("circle", "disc"),
    "square": ("square", "box"),
    "cross": ("cross", "plus"),
    "small": ("small", "tiny"),
    "large": ("large", "big"),
    "centre": ("centre", "middle"),
}
ARTICLES, PREPOSITIONS, THE = ("a", "one"), ("at", "in"), "the"


def synonyms(word: str) -> tuple[str, ...]:
    """Return the words for a value of an attribute."""
    return SYNONYMS.get(word, (word,))


MEANINGS = {
    word: (name, index)
    for name, values in ATTRIBUTES.items()
    for index, value in enumerate(values)
    for word in synonyms(value)
}
"""By word, the attribute that it tells and its value's index."""
WORDING = Spelling((END, *ARTICLES, *PREPOSITIONS, THE, *MEANINGS))


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:  # noqa: ARG001 - no file
    """Draw images of one shape with their captions, 16x16 unless `image_size` says otherwise.

    Labels and annotations are those of `shapes`, and "captions" (N, 4, 7).
    """
    return _drawn(image_size, channels)


def load_detailed(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:  # noqa: ARG001 - no file
    """Draw the same images and captions, 32x32 by default, with holes and borders.

    No caption tells of them; what they are is the annotation "detail", see `egan.data.shapes`. At
    16x16 a hole is a pixel or less, and a border half of one.
    """
    return replace(_drawn(image_size or DETAILED_SIZE, channels, details=True), name=DETAILED)


@lru_cache(maxsize=4)
def _drawn(image_size: int | None, channels: int | None, *, details: bool = False) -> Dataset:
    data = shapes.load(path=None, image_size=image_size, channels=channels, details=details)
    known = {name: data.annotations[name] for name in ATTRIBUTES}
    captions = captions_for(known, np.random.default_rng(SEED), each=NUM_CAPTIONS)
    annotations = {**data.annotations, CAPTIONS: captions}
    return replace(data, name=NAME, annotations=annotations, test=_test(known), wording=WORDING)


def captions_for(known: dict[str, Array], rng: np.random.Generator, *, each: int) -> Array:
    """Write captions of images whose attributes (N,) are known, (N, each, 7) int16."""
    count = len(known["shape"])
    values = [{name: ATTRIBUTES[name][known[name][i]] for name in known} for i in range(count)]
    return tokens_of([[written(one, rng) for _ in range(each)] for one in values], WORDING)


def written(values: dict[str, str], rng: np.random.Generator) -> list[str]:
    """Write one caption of what is known by name; the size and the place may be left out."""

    def one_of(words: tuple[str, ...]) -> str:
        return words[rng.integers(len(words))]

    def perhaps(words: tuple[str, ...]) -> list[str]:
        return [one_of(words)] if rng.random() < 0.5 else []

    words = perhaps(ARTICLES)
    if rng.random() >= DROPPED:
        words.append(one_of(synonyms(values["size"])))
    words += [one_of(synonyms(values["colour"])), one_of(synonyms(values["shape"]))]
    if rng.random() >= DROPPED:
        before = perhaps(PREPOSITIONS)
        words += [*before, *perhaps((THE,)), one_of(synonyms(values["place"]))]
    return words


def _test(known: dict[str, Array]) -> Array:
    """Return what is kept for tests: all of some combinations, and a fifth of each other one."""
    kept = np.zeros(len(known["shape"]), dtype=bool)
    for shape, colour in HELD_OUT:
        kept |= (known["shape"] == SHAPES.index(shape)) & (known["colour"] == COLOURS.index(colour))
    rest = np.flatnonzero(~kept)
    labels = len(COLOURS) * known["shape"] + known["colour"]
    kept[rest[held_out(labels[rest], len(rest), num_test=len(rest) // 5)]] = True
    return np.flatnonzero(kept)
