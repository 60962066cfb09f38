"""A value as a cell of a table, and back: type and all, bit for bit.

Numbers, truth values and None are written as Python spells them, and a text as it is, unless it
could be taken for something else, by us or by another reader of tables: then in quotes, with
escapes, as ``repr`` does it. So no two values share a cell, every cell is UTF-8, and no reader of
lines changes one. An empty cell is what does not exist, :data:`population.strategy.MISSING`.
"""

import ast
import math
import re
from typing import Any

import numpy as np

from population.spaces.domain import is_plain
from population.strategy import MISSING

_WORDS = {"": MISSING, "None": None, "True": True, "False": False}

_TAKEN = {"none", "true", "false", "null", "na", "n/a", "<na>"}
"""Texts that readers of tables, pandas among them, take for something else, in small letters."""

_MARKS = ("'", '"', "(", "#")
"""What a text in quotes or a tuple begins with, and what some readers take for a comment."""

_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")
"""Controls but tab and newline, ends of lines of other kinds, and what UTF-8 cannot hold."""


def encode(value: Any) -> str:
    """Return the cell that stands for a value.

    Raises:
        ValueError: It is neither text, a number, a truth value, None nor a tuple of these.
    """
    if value is MISSING:
        return ""
    if isinstance(value, np.generic):
        value = value.item()
    if type(value) is str:
        return value if _speaks_for_itself(value) else repr(value)
    return _spelled(value) if isinstance(value, tuple) else repr(_checked(value))


def decode(cell: str) -> Any:
    """Return the value that a cell stands for.

    Raises:
        ValueError: It begins like a text in quotes or a tuple, but is none.
    """
    if cell in _WORDS:
        return _WORDS[cell]
    if cell.startswith(_MARKS[:3]):
        return _read_literal(cell)
    number = _number(cell)
    return cell if number is None else number


def _checked(value: Any) -> Any:
    if is_plain(value):
        return value
    raise ValueError(
        f"{value!r} of type {type(value).__name__}: expected text, a number, True, False, None or "
        "a tuple of these, which a table can hold. Give it a name, and look that up."
    )


def _speaks_for_itself(text: str) -> bool:
    """Return whether nobody takes a text for anything else."""
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
    """Return a value inside of a tuple, or a tuple, as a literal."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, tuple):
        items = [_spelled(item) for item in value]
        return f"({', '.join(items)}{',' * (len(items) == 1)})"
    if isinstance(value, float) and math.isinf(value):
        return "1e999" if value > 0 else "-1e999"  # which is infinite too, and a literal
    return repr(_checked(value))


def _read_literal(cell: str) -> Any:
    try:
        value = ast.literal_eval(cell)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError) as error:
        raise ValueError(f"{cell[:60]!r} is no value ({type(error).__name__})") from error
    if not is_plain(value):
        raise ValueError(f"{cell[:60]!r} is neither text nor a tuple")
    return value
