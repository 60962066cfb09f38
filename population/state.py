"""States as one flat buffer: what workers exchange and what checkpoints hold.

A state is a tree of dicts, lists and tuples whose leaves are tensors, arrays, numbers, strings
and None. :func:`pack` copies all of its arrays into one buffer, so that a packed state never
shares memory with a live member and crosses processes as a single out-of-band block;
:func:`unpack` copies the buffer once and returns views into the copy, so that two members loaded
from one parent never share an optimiser's moments. Tensors come back on the CPU.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

State: TypeAlias = Any
"""A tree of dicts, lists and tuples with tensors, arrays and plain values as leaves."""

ALIGNMENT = 64
_PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True, slots=True, eq=False)
class PackedState:
    """A state as a skeleton of plain values and one buffer.

    Attributes:
        skeleton: Nested tuples ``(kind, content)``; arrays are named by their place in the buffer.
        buffer: A (num_bytes,) uint8 array with the contents of all tensors and arrays.
    """

    skeleton: Any
    buffer: npt.NDArray[np.uint8]


def pack(state: State) -> PackedState:
    """Copy a state into one buffer.

    Raises:
        TypeError: A leaf is of a kind that a state cannot hold; the message names its path.
    """
    import torch

    writers: list[Callable[[npt.NDArray[np.uint8]], None]] = []
    size = 0

    def place(num_bytes: int) -> int:
        nonlocal size
        offset = size
        size += -(-num_bytes // ALIGNMENT) * ALIGNMENT
        return offset

    def tensor(leaf: Any) -> tuple[str, Any]:
        leaf = leaf.detach()
        offset = place(leaf.numel() * leaf.element_size())

        def write(buffer: npt.NDArray[np.uint8]) -> None:
            if leaf.numel():
                target = torch.frombuffer(
                    buffer, dtype=leaf.dtype, count=leaf.numel(), offset=offset
                )
                target.copy_(leaf.reshape(-1))

        writers.append(write)
        return "tensor", (str(leaf.dtype).removeprefix("torch."), tuple(leaf.shape), offset)

    def array(leaf: npt.NDArray[Any]) -> tuple[str, Any]:
        offset = place(leaf.nbytes)

        def write(buffer: npt.NDArray[np.uint8]) -> None:
            target = buffer[offset : offset + leaf.nbytes].view(leaf.dtype)
            target[...] = leaf.reshape(-1)

        writers.append(write)
        return "array", (leaf.dtype.str, leaf.shape, offset)

    def walk(node: State, path: str) -> tuple[str, Any]:
        if isinstance(node, _PLAIN):
            return "plain", node
        if isinstance(node, torch.Tensor):
            return tensor(node)
        if isinstance(node, np.ndarray | np.generic) and node.dtype.kind in "biufc":
            return array(np.asarray(node))
        if isinstance(node, Mapping):
            return "dict", tuple(
                (_key(k, path), walk(v, f"{path}[{k!r}]")) for k, v in node.items()
            )
        if isinstance(node, list | tuple):
            kind = "list" if isinstance(node, list) else "tuple"
            return kind, tuple(walk(child, f"{path}[{i}]") for i, child in enumerate(node))
        raise TypeError(
            f"{path} is a {type(node).__name__}; a state may hold tensors, numeric arrays, numbers, "
            "strings, None, and dicts, lists and tuples of these. Return such values from "
            "state_dict() and rebuild the object in load_state_dict()."
        )

    skeleton = walk(state, "state_dict()")
    buffer = np.empty(size, dtype=np.uint8)
    for write in writers:
        write(buffer)
    return PackedState(skeleton=skeleton, buffer=buffer)


def _key(key: Any, path: str) -> str | int:
    if isinstance(key, str | int):
        return key
    raise TypeError(f"{path} has the key {key!r}; keys of a state must be strings or integers.")


def unpack(packed: PackedState) -> State:
    """Return the state with fresh memory of its own."""
    import torch

    buffer = packed.buffer.copy()

    def walk(node: tuple[str, Any]) -> State:
        kind, content = node
        if kind == "plain":
            return content
        if kind == "dict":
            return {key: walk(child) for key, child in content}
        if kind in ("list", "tuple"):
            children = [walk(child) for child in content]
            return children if kind == "list" else tuple(children)
        dtype, shape, offset = content
        count = int(np.prod(shape, dtype=np.int64))
        if kind == "array":
            numpy_type = np.dtype(dtype)
            return (
                buffer[offset : offset + count * numpy_type.itemsize]
                .view(numpy_type)
                .reshape(shape)
            )
        if not count:
            return torch.empty(shape, dtype=getattr(torch, dtype))
        flat = torch.frombuffer(buffer, dtype=getattr(torch, dtype), count=count, offset=offset)
        return flat.reshape(shape)

    return walk(packed.skeleton)
