"""How tokens are written: as words, as characters, or as their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

END = ""
"""The word of a token that ends a sequence; what follows it is not written."""


@dataclass(frozen=True)
class Spelling:
    """What tokens are called.

    Attributes:
        words: By the token's number; an empty one ends a sequence.
        separator: What stands between two of them: a space, or nothing between characters.

    Raises:
        ValueError: A word or the separator would not stay in its line.
    """

    words: tuple[str, ...]
    separator: str = " "

    def __post_init__(self) -> None:
        if self.separator not in ("", " "):
            raise ValueError(f"separator must be a space or nothing, but got {self.separator!r}")
        bad = next((word for word in self.words if not str(word).isprintable()), None)
        if bad is not None:
            raise ValueError(f"words must be printable, but got {bad!r}")

    def text(self, tokens: Sequence[int]) -> str:
        """Return a sequence as it is written."""
        words = [self.words[token] for token in tokens]
        return self.separator.join(words[: words.index(END)] if END in words else words)


def texts(tokens: Any, spelling: Spelling | None, *, width: int = 0) -> list[str]:
    """Return sequences (N, T) as they are written, numbers where there are no words.

    Args:
        tokens: Integers (N, T).
        spelling: What they are called; None for their numbers.
        width: Of a number, which is set right in it.
    """
    rows = [[int(token) for token in row] for row in tokens]
    if spelling is not None:
        return [spelling.text(row) for row in rows]
    return [" ".join(f"{token:>{width}}" if width else str(token) for token in row) for row in rows]
