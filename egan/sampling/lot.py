"""What all samples that are written have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from egan.data.kind import Kind
from egan.data.spelling import Spelling

if TYPE_CHECKING:
    from PIL import Image

    from egan.tasks import Batch

Write = Callable[["Batch"], None]
Film = Callable[["Batch"], "list[Image.Image]"]


@dataclass(frozen=True, kw_only=True)
class Lot:
    """What all samples have in common.

    Attributes:
        count: How many there are.
        shape: The shape of one.
        kind: What they are.
        classes: What the classes are called, by number.
        labelled: Whether each belongs to one.
        codes: What else is written of each, by name.
        film: Draws samples as the frames of a film.
        spelling: How tokens are written, or None for their numbers.
    """

    count: int
    shape: tuple[int, ...]
    kind: Kind
    classes: Sequence[str]
    labelled: bool
    codes: Sequence[str] = ()
    film: Film | None = None
    spelling: Spelling | None = None
