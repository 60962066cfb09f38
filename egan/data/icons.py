"""Icons of Material Design Icons with their names as captions: "account off outline"; `egan[data]`.

Those of version 6 of the font in the package qtawesome (MIT; the font is Apache-2.0,
https://pictogrammers.com), each drawn by Pillow in black on white. Only icons all of whose words
are in ten names or more: what a word looks like has to be seen more than once. A fifth is kept for
tests: names that are learned from in no icon, though each of their words is.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from pathlib import Path

import numpy as np

from egan.data import icon_fonts
from egan.data.dataset import CAPTIONS, Array, Dataset
from egan.data.images import as_channels, check_channels, check_image_size
from egan.data.wording import tokens_of, vocabulary_of

FONT = "materialdesignicons6-webfont-*.ttf"
CHARACTERS = "materialdesignicons6-webfont-charmap-*.json"
IMAGE_SIZE = 32
LEAST = 10
"""Names that have each word of an icon that is taken."""
LEARNED = 5
"""Names that have it among those that are learned from."""
TEST_SHARE = 5
SEED = 1612


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:  # noqa: ARG001 - a package's
    """Draw the icons, 32x32 in grey unless something else is said, with a caption each.

    Raises:
        ValueError: qtawesome is missing.
    """
    check_image_size(image_size)
    check_channels(channels)
    known = _names()
    captions = [[name.split("-")] for name in known]
    wording = vocabulary_of(words for [words] in captions)
    images = _rendered(image_size or IMAGE_SIZE)
    return Dataset(
        "icons",
        as_channels(images, channels or 1),
        annotations={CAPTIONS: tokens_of(captions, wording)},
        test=_test([words for [words] in captions]),
        wording=wording,
    )


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Return the names of the icons that are taken, in order, with the character of each."""
    known = sorted(icon_fonts.characters(CHARACTERS, who="icons").items())
    while True:  # an icon that goes takes its words along
        counts = Counter(word for name, _ in known for word in set(name.split("-")))
        kept = [one for one in known if all(counts[w] >= LEAST for w in one[0].split("-"))]
        if len(kept) == len(known):
            return dict(kept)
        known = kept


@lru_cache(maxsize=4)
def _rendered(size: int) -> Array:
    """Draw all, (N, 1, H, W) uint8, black on white; a process does so once."""
    font = icon_fonts.font_file(FONT, who="icons")
    return icon_fonts.drawn(_names().values(), font=font, size=size, ink=0, paper=255)


def _test(names: list[list[str]]) -> Array:
    """Return a fifth of the icons, whose words are all left in others."""
    left = Counter(word for words in names for word in set(words))
    kept: list[int] = []
    for index in np.random.default_rng(SEED).permutation(len(names)).tolist():
        words = set(names[index])
        if len(kept) < len(names) // TEST_SHARE and all(left[w] > LEARNED for w in words):
            left.subtract(words)
            kept.append(index)
    return np.sort(np.array(kept))
