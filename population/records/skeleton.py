"""Skeletons of packed states as they are read from a file: none reaches out of its buffer."""

import math
from functools import cache
from typing import Any

import numpy as np

from population.records.schema import MAX_INTEGER, SchemaError, refuse, whole
from population.state import ALIGNMENT

_CONTAINERS = ("list", "tuple")


def check_skeleton(node: Any, where: str, size: int) -> None:
    """Check a state's skeleton against the size of its buffer, in bytes.

    Raises:
        SchemaError: It is not what :func:`population.state.pack` makes; the message says where.
    """
    if not isinstance(node, list) or len(node) != 2 or not isinstance(node[0], str):
        raise refuse(node, where, "a pair of kind and content")
    kind, content = node
    if kind == "plain":
        if not isinstance(content, str | int | float | bool | type(None)):
            raise refuse(content, where, "text, a number, true, false or null")
    elif kind == "dict":
        for pair in _items(content, where):
            if not isinstance(pair, list) or len(pair) != 2 or type(pair[0]) not in (str, int):
                raise refuse(pair, where, "a pair of a key and what it stands for")
            check_skeleton(pair[1], f"{where}[{pair[0]!r}]", size)
    elif kind in _CONTAINERS:
        for i, child in enumerate(_items(content, where)):
            check_skeleton(child, f"{where}[{i}]", size)
    elif kind in ("tensor", "array"):
        _check_leaf(kind, _items(content, where), where, size)
    else:
        raise refuse(kind, where, "a kind of node that this version knows")


def _items(content: Any, where: str) -> list[Any]:
    if not isinstance(content, list):
        raise refuse(content, where, "a list")
    return content


def _check_leaf(kind: str, content: list[Any], where: str, size: int) -> None:
    if len(content) != 3 or not isinstance(content[1], list):
        raise refuse(content, where, "a type, a shape and an offset")
    name, shape, offset = content
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
