"""Skeletons of packed states as they are read from a file: none reaches out of its buffer."""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from population.records.schema import MAX_INTEGER, SchemaError, refuse, whole
from population.state import ALIGNMENT, MAPPINGS


def check_skeleton(node: Any, where: str, size: int) -> None:
    """Check a state's skeleton against the size of its buffer, in bytes.

    Raises:
        SchemaError: It is not what :func:`population.state.pack` makes; the message says where.
    """
    if not isinstance(node, list) or len(node) != 2 or not isinstance(node[0], str):
        raise refuse(node, where, "a pair of kind and content")
    kind, content = node
    if kind not in _CHECKS:
        raise refuse(kind, where, "a kind of node that this version knows")
    _CHECKS[kind](kind, content, where, size)


def _check_plain(kind: str, content: Any, where: str, size: int) -> None:  # noqa: ARG001 - a table's
    if not isinstance(content, str | int | float | bool | type(None)):
        raise refuse(content, where, "text, a number, true, false or null")


def _check_mapping(kind: str, content: Any, where: str, size: int) -> None:  # noqa: ARG001
    for key, child in _pairs(content, where):
        check_skeleton(child, f"{where}[{key!r}]", size)


def _check_sequence(kind: str, content: Any, where: str, size: int) -> None:
    for i, child in enumerate(_items(content, where)):
        check_skeleton(child, f"{where}[{i}]", size)
        if kind == "Size" and not (child[0] == "plain" and type(child[1]) is int):
            raise refuse(child, f"{where}[{i}]", "a plain integer")


def _check_attributed(kind: str, content: Any, where: str, size: int) -> None:  # noqa: ARG001
    """Check a mapping of a class that can have attributes, and these."""
    if len(_items(content, where)) != 2:
        raise refuse(content, where, "a mapping and its attributes")
    for child, kinds in zip(content, (("OrderedDict", "Counter"), ("dict",)), strict=True):
        check_skeleton(child, where, size)
        if child[0] not in kinds:
            raise refuse(child[0], where, " or ".join(kinds))
    if wrong := [key for key, _ in content[1][1] if type(key) is not str]:
        raise refuse(wrong[0], where, "the name of an attribute")


def _pairs(content: Any, where: str) -> list[tuple[str | int, Any]]:
    for pair in _items(content, where):
        if not isinstance(pair, list) or len(pair) != 2 or type(pair[0]) not in (str, int, bool):
            raise refuse(pair, where, "a pair of a key and what it stands for")
    return [(key, child) for key, child in content]


def _items(content: Any, where: str) -> list[Any]:
    if not isinstance(content, list):
        raise refuse(content, where, "a list")
    return content


def _check_leaf(kind: str, content: Any, where: str, size: int) -> None:
    if len(_items(content, where)) != 3 or not isinstance(content[1], list):
        raise refuse(content, where, "a type, a shape and an offset")
    name, shape, offset = content
    if kind == "scalar" and shape:
        raise refuse(shape, f"{where}.shape", "none, for a single number")
    num_bytes = (_tensor_item if kind == "tensor" else _array_item)(name, where)
    lengths = [whole(length, f"{where}.shape") for length in shape]
    whole(offset, f"{where}.offset")
    needed = math.prod(lengths) * num_bytes
    if math.prod(max(1, length) for length in lengths) * num_bytes >= MAX_INTEGER:
        raise refuse(shape, f"{where}.shape", "one that memory can hold")
    if offset % ALIGNMENT or offset + needed > size:
        raise SchemaError(
            f"{where} takes bytes {offset} to {offset + needed} of a buffer of {size}, expected a "
            f"multiple of {ALIGNMENT} and an end inside"
        )


def _array_item(name: Any, where: str) -> int:
    """Return the bytes of a number of an array; only numbers are any."""
    try:
        kind = np.dtype(name) if isinstance(name, str) else None
    except (TypeError, ValueError):
        kind = None
    if kind is None or kind.kind not in "biufc" or kind.str != name:
        raise refuse(name, f"{where}.dtype", "numpy's short name of a type of numbers")
    return kind.itemsize


@cache
def _tensor_types() -> dict[str, int]:
    """Return the bytes of a number of each type that a buffer can hold, by torch's name."""
    import torch

    found = {}
    for name, kind in vars(torch).items():
        own = isinstance(kind, torch.dtype) and str(kind) == f"torch.{name}"
        if own and not name.startswith(("q", "bits")):  # quantized ones crash the process
            found[name] = kind.itemsize
    return found


def _tensor_item(name: Any, where: str) -> int:
    if not isinstance(name, str) or name not in _tensor_types():
        raise refuse(name, f"{where}.dtype", "the name of a torch type of numbers")
    return _tensor_types()[name]


_CHECKS: dict[str, Callable[[str, Any, str, int], None]] = {
    "plain": _check_plain,
    "attributed": _check_attributed,
    **dict.fromkeys(MAPPINGS, _check_mapping),
    **dict.fromkeys(("list", "tuple", "Size"), _check_sequence),
    **dict.fromkeys(("tensor", "array", "scalar"), _check_leaf),
}
