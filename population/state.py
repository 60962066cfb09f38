"""States as one flat buffer: what workers exchange and what checkpoints hold.

A state is a tree of dicts, lists and tuples whose leaves are tensors, arrays, numbers, strings
and None. :func:`pack` copies all of its arrays into one buffer, so that a packed state never
shares memory with a live member and crosses processes as a single out-of-band block;
:func:`unpack` copies the buffer once and returns views into the copy, so that two members loaded
from one parent never share an optimiser's moments. Tensors come back on the CPU.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

State: TypeAlias = Any
"""A tree of dicts, lists and tuples with tensors, arrays and plain values as leaves."""

ALIGNMENT = 64
Buffer: TypeAlias = npt.NDArray[np.uint8]
Node: TypeAlias = tuple[str, Any]
_PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True, slots=True, eq=False)
class PackedState:
    """A state as a skeleton of plain values and one buffer.

    Attributes:
        skeleton: Nested tuples ``(kind, content)``; arrays are named by their place in the buffer.
        buffer: A (num_bytes,) uint8 array with the contents of all tensors and arrays.
    """

    skeleton: Any
    buffer: Buffer


def pack(state: State, *, into: Buffer | None = None) -> PackedState:
    """Copy a state into one buffer.

    Args:
        state: The state.
        into: A buffer whose contents nobody needs any more, from :func:`open_copy`. It is used
            where it fits; arrays that live in their places in it are not copied.

    Raises:
        TypeError: A leaf is of a kind that a state cannot hold; the message names its path.
    """
    packer = _Packer()
    skeleton = packer.walk(state, "state_dict()")
    return PackedState(skeleton=skeleton, buffer=packer.buffer(into))


class _Leaf(NamedTuple):
    """An array or tensor of a state, and its place in the buffer."""

    offset: int
    num_bytes: int
    address: int | None
    write: Callable[[Buffer], None]

    def is_in_place(self, start: int) -> bool:
        """Return whether its contents are where they belong in a buffer at an address."""
        return self.address == start + self.offset

    def touches(self, start: int, size: int) -> bool:
        """Return whether its contents may be somewhere in a buffer."""
        if self.address is None:
            return True
        return self.num_bytes > 0 and start - self.num_bytes < self.address < start + size


class _Packer:
    """Walks a state twice: once to plan where each array goes, once to copy."""

    def __init__(self) -> None:
        import torch

        self._tensor = torch.Tensor
        self._leaves: list[_Leaf] = []
        self._size = 0

    def buffer(self, into: Buffer | None) -> Buffer:
        if into is None or not self._fits(into):
            into = np.zeros(self._size, dtype=np.uint8)  # equal states are equal bytes
        start = into.ctypes.data
        for leaf in self._leaves:
            if not leaf.is_in_place(start):
                leaf.write(into)
        return into

    def _fits(self, buffer: Buffer) -> bool:
        """Return whether writing into a buffer overwrites nothing that is still to be read."""
        start = buffer.ctypes.data
        return buffer.nbytes == self._size and all(
            leaf.is_in_place(start) or not leaf.touches(start, self._size) for leaf in self._leaves
        )

    def walk(self, node: State, path: str) -> Node:
        if isinstance(node, _PLAIN):
            return "plain", node
        if isinstance(node, self._tensor):
            return self._plan_tensor(node.detach())
        if isinstance(node, np.ndarray | np.generic) and node.dtype.kind in "biufc":
            return self._plan_array(np.asarray(node))
        return self._walk_container(node, path)

    def _walk_container(self, node: State, path: str) -> Node:
        if isinstance(node, Mapping):
            pairs = [(_key(k, path), self.walk(v, f"{path}[{k!r}]")) for k, v in node.items()]
            return "dict", tuple(pairs)
        if isinstance(node, list | tuple):
            kind = "list" if isinstance(node, list) else "tuple"
            return kind, tuple(self.walk(child, f"{path}[{i}]") for i, child in enumerate(node))
        raise TypeError(
            f"{path} is a {type(node).__name__}; a state may hold tensors, numeric arrays, "
            "numbers, strings, None, and dicts, lists and tuples of these. Return such values "
            "from state_dict() and rebuild the object in load_state_dict()."
        )

    def _place(self, num_bytes: int) -> int:
        offset = self._size
        self._size += -(-num_bytes // ALIGNMENT) * ALIGNMENT
        return offset

    def _plan_tensor(self, leaf: Any) -> Node:
        num_bytes = leaf.numel() * leaf.element_size()
        offset = self._place(num_bytes)
        if num_bytes:
            address = leaf.data_ptr() if leaf.is_contiguous() else None

            def write(buffer: Buffer) -> None:
                _view(buffer, leaf, offset).copy_(leaf.reshape(-1))

            self._leaves.append(_Leaf(offset, num_bytes, address, write))
        return "tensor", (str(leaf.dtype).removeprefix("torch."), tuple(leaf.shape), offset)

    def _plan_array(self, leaf: npt.NDArray[Any]) -> Node:
        offset = self._place(leaf.nbytes)

        def write(buffer: Buffer) -> None:
            buffer[offset : offset + leaf.nbytes].view(leaf.dtype)[...] = leaf.reshape(-1)

        address = leaf.ctypes.data if leaf.flags.c_contiguous else None
        self._leaves.append(_Leaf(offset, leaf.nbytes, address, write))
        return "array", (leaf.dtype.str, leaf.shape, offset)


def _view(buffer: Buffer, leaf: Any, offset: int) -> Any:
    """Return the part of the buffer that a tensor's values go to."""
    import torch

    return torch.frombuffer(buffer, dtype=leaf.dtype, count=leaf.numel(), offset=offset)


def _key(key: Any, path: str) -> str | int:
    if isinstance(key, str | int):
        return key
    raise TypeError(f"{path} has the key {key!r}; keys of a state must be strings or integers.")


def unpack(packed: PackedState) -> State:
    """Return the state with fresh memory of its own."""
    return open_copy(packed)[0]


def unpacked(packed: "PackedState | None") -> State | None:
    """Unpack a state where there is one."""
    return None if packed is None else unpack(packed)


def open_copy(packed: PackedState) -> tuple[State, Buffer]:
    """Return the state with fresh memory of its own, and the buffer that its arrays live in."""
    buffer = packed.buffer.copy()
    return _unpack(packed.skeleton, buffer), buffer


def _unpack(node: Node, buffer: Buffer) -> State:
    kind, content = node
    if kind == "plain":
        return content
    if kind == "dict":
        return {key: _unpack(child, buffer) for key, child in content}
    if kind in ("list", "tuple"):
        children = [_unpack(child, buffer) for child in content]
        return children if kind == "list" else tuple(children)
    return (_array if kind == "array" else _tensor)(buffer, *content)


def _array(buffer: Buffer, dtype: str, shape: Sequence[int], offset: int) -> npt.NDArray[Any]:
    numpy_type = np.dtype(dtype)
    end = offset + math.prod(shape) * numpy_type.itemsize
    return buffer[offset:end].view(numpy_type).reshape(shape)


def _tensor(buffer: Buffer, dtype: str, shape: Sequence[int], offset: int) -> Any:
    import torch

    kind, count = getattr(torch, dtype), math.prod(shape)
    if not count:
        return torch.empty(shape, dtype=kind)
    return torch.frombuffer(buffer, dtype=kind, count=count, offset=offset).reshape(shape)
