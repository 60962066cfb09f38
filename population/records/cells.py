"""A value as a cell of a table, and back: type and all, bit for bit.

Numbers, truth values and None are written as Python spells them, and a text as it is, unless it
could be taken for something else, by us or by another reader of tables: then in quotes, with
escapes, as ``repr`` does it. So no two values share a cell, every cell is UTF-8, and no reader of
lines changes one. An empty cell is what does not exist, :data:`population.strategy.MISSING`.
"""

import ast
import math
import re
from functools import lru_cache
from typing import Any

from population.spaces.domain import is_nan, is_plain, without_numpy
from population.strategy import MISSING

_WORDS = {"": MISSING, "None": None, "True": True, "False": False}

_TAKEN = {"none", "true", "false", "null", "na", "n/a", "<na>"}
"""Texts that readers of tables, pandas among them, take for something else, in small letters."""

_MARKS = ("'", '"', "(", "[", "#")
"""What texts in quotes, tuples and lists begin with, and what some readers take for a comment."""

_WORD = 100
"""Characters in a text that is remembered."""

_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")
"""Controls but tab and newline, ends of lines of other kinds, and what UTF-8 cannot hold."""


def encode(value: Any) -> str:
    """Return the cell that stands for a value.

    Raises:
        ValueError: It is neither text, a number, a truth value, None nor a tuple or list of these.
    """
    if value is MISSING:
        return ""
    value = _checked(without_numpy(value))
    if isinstance(value, str):
        speaks = _speaks_for_itself(value) if len(value) <= _WORD else _is_unmistakable(value)
        return value if speaks else repr(value)
    return _spelled(value) if isinstance(value, tuple | list) else repr(value)


def decode(cell: str) -> Any:
    """Return the value that a cell stands for.

    Raises:
        ValueError: It begins like a text in quotes, a tuple or a list, but is none.
    """
    if cell in _WORDS:
        return _WORDS[cell]
    if cell.startswith(_MARKS[:4]):
        return _read_literal(cell)
    number = _number(cell)
    return cell if number is None else number


def _checked(value: Any) -> Any:
    if is_plain(value):
        return value
    raise ValueError(
        f"{value!r} of type {type(value).__name__}: expected text, a number, True, False, None or "
        "a tuple or list of these, which a table can hold. Give it a name, and look that up."
    )


@lru_cache
def _speaks_for_itself(word: str) -> bool:
    """Return whether nobody takes a word for anything else; the same few come again and again."""
    return _is_unmistakable(word)


def _is_unmistakable(text: str) -> bool:
    doubtful = text.lower() in _TAKEN or text.isspace() or text.startswith(_MARKS) or not text
    return not doubtful and _number(text) is None and not _UNFIT.search(text)


def _number(cell: str) -> int | float | None:
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            continue
    return None


def _spelled(value: Any) -> str:
    """Return a tuple or a list, or a value inside of one, as a literal."""
    if isinstance(value, tuple | list):
        items = ", ".join(_spelled(item) for item in value)
        if isinstance(value, list):
            return f"[{items}]"
        return f"({items},)" if len(value) == 1 else f"({items})"
    if isinstance(value, float) and math.isinf(value):
        return "1e999" if value > 0 else "-1e999"  # which is infinite too, and a literal
    if is_nan(value):
        raise ValueError("NaN equals nothing, not even itself; write None instead.")
    return repr(value)


def _read_literal(cell: str) -> Any:
    try:
        value = ast.literal_eval(cell)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError) as error:
        raise ValueError(f"{cell[:60]!r} is no value ({type(error).__name__})") from error
    if not is_plain(value):
        raise ValueError(f"{cell[:60]!r} is neither text nor a tuple or list")
    return value
