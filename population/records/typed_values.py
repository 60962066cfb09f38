"""Hyperparameters as a member got them, from the cells of a table, which forgets their types."""

import ast
import math
from collections.abc import Mapping
from typing import Any

from population.spaces.domain import plain

NUMBERS = {"Uniform": float, "LogUniform": float, "IntUniform": int}


def typed_values(cells: Mapping[str, Any], space: Mapping[str, Any]) -> dict[str, Any]:
    """Return the flat hyperparameters that exist, with the types that the space gave them.

    Args:
        cells: A row's values by dotted name; missing ones are NaN, None or an empty text.
        space: What :meth:`population.SearchSpace.describe` returns. A name that is not in there is
            taken for what its cell looks like.
    """
    values: dict[str, Any] = {}
    for name, cell in cells.items():
        if name in space:
            if not _is_missing(cell) or _may_be_none(space[name]):
                values[name] = _of_domain(cell, space[name])
        elif not _is_missing(cell):
            values[name] = _as_it_looks(cell)
    return {name: value for name, value in values.items() if _exists(name, values, space)}


def _is_missing(cell: Any) -> bool:
    return cell is None or cell == "" or (isinstance(cell, float) and math.isnan(cell))


def _may_be_none(entry: Mapping[str, Any]) -> bool:
    options = entry.get("options", [entry.get("value", ...)])
    return any(option in (None, "") for option in options)


def _exists(name: str, values: Mapping[str, Any], space: Mapping[str, Any]) -> bool:
    """Return whether all conditions of a hyperparameter hold, and those of their names."""
    return all(
        other in values and values[other] in plain(allowed) and _exists(other, values, space)
        for other, allowed in space.get(name, {}).get("conditions", ())
    )


def _of_domain(cell: Any, entry: Mapping[str, Any]) -> Any:
    """Return the value of a described domain that a cell stands for."""
    if entry["domain"] in NUMBERS:
        return NUMBERS[entry["domain"]](cell)
    if entry["domain"] == "Fixed":
        return plain(entry["value"])
    options = [plain(option) for option in entry["options"]]
    return next((option for option in options if _stands_for(cell, option)), _as_it_looks(cell))


def _stands_for(cell: Any, option: Any) -> bool:
    """Return whether a table shows an option as this cell."""
    if _is_missing(cell):
        return option in (None, "")
    if str(plain(cell)) == str(option):
        return True
    try:
        return not isinstance(option, bool) and float(cell) == float(option)
    except (TypeError, ValueError):
        return False


def _as_it_looks(cell: Any) -> Any:
    """Return a cell as a plain value: a text that spells a Python value as this value."""
    cell = plain(cell)
    if not isinstance(cell, str):
        return cell
    try:
        value = ast.literal_eval(cell)
    except (ValueError, SyntaxError):
        return cell
    return plain(value) if isinstance(value, (bool, int, float, tuple, type(None))) else cell
