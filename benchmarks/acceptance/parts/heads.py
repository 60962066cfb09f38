"""Rendered heads as a task: of training persons, judged on those of the test part."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

from egan.data import load
from egan.judging.features import Features, extractor
from egan.tasks import Views

V = TypeVar("V", bound=Views)


@cache
def of_heads(kind: type[V], *, quick: bool) -> V:
    """Return what models learn from, the training persons; those of the test part judge."""
    known, held_out = (load("heads", split=part) for part in ("train", "test"))
    if quick:  # without a recogniser: its marks are not of the quick form
        return kind(known, held_out, Features(lambda images: images.flatten(1)))
    return kind(known, held_out, extractor(kind.compared(known)))
