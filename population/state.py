"""States as one flat buffer: what workers exchange and what checkpoints hold.

A state is a tree of dicts, lists and tuples whose leaves are tensors, arrays, numbers, strings
and None, each of which comes back as what it was; what could not is refused by its path.
:func:`pack` copies all of its arrays into one buffer, so that a packed state never
shares memory with a live member and crosses processes as a single out-of-band block;
:func:`unpack` copies the buffer once and returns views into the copy, so that two members loaded
from one parent never share an optimiser's moments. Tensors come back on the CPU.
"""

import math
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

State: TypeAlias = Any
"""A tree of dicts, lists and tuples with tensors, arrays and plain values as leaves."""

ALIGNMENT = 64
Buffer: TypeAlias = npt.NDArray[np.uint8]
Node: TypeAlias = tuple[str, Any]
_PLAIN = frozenset({str, int, float, bool, type(None)})
_FACTORIES: tuple[type, ...] = (bool, dict, float, int, list, str, tuple)
MAPPINGS: dict[str, Callable[[], dict[Any, Any]]] = {
    "dict": dict,
    "OrderedDict": OrderedDict,
    "Counter": Counter,
    "defaultdict": defaultdict,
    **{f"defaultdict[{kind.__name__}]": partial(defaultdict, kind) for kind in _FACTORIES},
}
"""What a skeleton may call a mapping, and what makes an empty one; no others are ever built."""
_MAPPING_KINDS: dict[type, str] = {kind: kind.__name__ for kind in (dict, OrderedDict, Counter)}


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
        self._tensors = {torch.Tensor, torch.nn.Parameter}
        self._strided = torch.strided
        self._sequences: dict[type, str] = {list: "list", tuple: "tuple", torch.Size: "Size"}
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
        kind = type(node)
        if kind in _PLAIN:
            return "plain", node
        if isinstance(node, self._tensor):
            return self._plan_tensor(self._dense(node, path), path)
        if kind is np.ndarray and node.dtype.kind in "biufc":
            return self._plan_array(node)
        if isinstance(node, np.generic) and node.dtype.kind in "biufc":
            return "scalar", self._plan_array(np.asarray(node))[1]
        return self._walk_container(node, path)

    def _walk_container(self, node: State, path: str) -> Node:
        if (kind := self._sequences.get(type(node))) is not None:
            return kind, tuple(self.walk(child, f"{path}[{i}]") for i, child in enumerate(node))
        if (kind := _mapping_kind(node)) is not None:
            pairs = [(_key(k, path), self.walk(v, f"{path}[{k!r}]")) for k, v in node.items()]
            attributes = getattr(node, "__dict__", None)  # torch keeps modules' versions there
            if not attributes:
                return kind, tuple(pairs)
            return "attributed", ((kind, tuple(pairs)), self.walk(attributes, f"vars({path})"))
        raise TypeError(
            f"{path} is a {type(node).__name__}; a state may hold tensors, numeric arrays, "
            "numbers, strings, None, and dicts (OrderedDict, Counter, defaultdict of a built-in "
            "type), lists and tuples of these, but of no other class, which would be lost. Return "
            "such values from state_dict() and rebuild the object in load_state_dict()."
        )

    def _dense(self, tensor: Any, path: str) -> Any:
        """Return a tensor whose values lie in memory one after the other; some crash if asked."""
        plain = type(tensor) in self._tensors and tensor.layout is self._strided
        if not plain or tensor.is_quantized or tensor.is_nested or tensor.is_meta:
            raise TypeError(_without_memory(tensor, path))
        return tensor.detach()

    def _place(self, num_bytes: int) -> int:
        offset = self._size
        self._size += -(-num_bytes // ALIGNMENT) * ALIGNMENT
        return offset

    def _plan_tensor(self, leaf: Any, path: str) -> Node:
        num_bytes = leaf.numel() * leaf.element_size()
        offset = self._place(num_bytes)
        if num_bytes:
            as_it_lies = leaf.is_contiguous() and not leaf.is_conj() and not leaf.is_neg()
            address = leaf.data_ptr() if as_it_lies else None

            def write(buffer: Buffer) -> None:
                try:
                    _view(buffer, leaf, offset).copy_(leaf.reshape(-1))
                except NotImplementedError as error:
                    raise TypeError(f"{path} of {leaf.dtype} cannot be copied: {error}") from error

            self._leaves.append(_Leaf(offset, num_bytes, address, write))
        return "tensor", (_dtype_name(leaf.dtype), tuple(leaf.shape), offset)

    def _plan_array(self, leaf: npt.NDArray[Any]) -> Node:
        offset = self._place(leaf.nbytes)

        def write(buffer: Buffer) -> None:
            buffer[offset : offset + leaf.nbytes].view(leaf.dtype)[...] = leaf.reshape(-1)

        address = leaf.ctypes.data if leaf.flags.c_contiguous else None
        self._leaves.append(_Leaf(offset, leaf.nbytes, address, write))
        return "array", (leaf.dtype.str, leaf.shape, offset)


@lru_cache
def _dtype_name(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def _view(buffer: Buffer, leaf: Any, offset: int) -> Any:
    """Return the part of the buffer that a tensor's values go to."""
    import torch

    return torch.frombuffer(buffer, dtype=leaf.dtype, count=leaf.numel(), offset=offset)


def _without_memory(tensor: Any, path: str) -> str:
    """Return why a tensor cannot be in a state."""
    import torch

    kinds = {"is_quantized": "quantized", "is_nested": "nested", "is_meta": "meta"}
    known = type(tensor) in (torch.Tensor, torch.nn.Parameter)
    found = [kind for name, kind in kinds.items() if known and getattr(tensor, name)]
    layout = str(tensor.layout).removeprefix("torch.") if known else type(tensor).__name__
    return (
        f"{path} is a {(found or [layout])[0]} tensor; a state may hold dense ones only. Return "
        "its parts or its values (to_dense(), dequantize(), to_padded_tensor()) from state_dict() "
        "and rebuild it in load_state_dict(); a lazy module gets its shape from a batch in "
        "__init__()."
    )


def _mapping_kind(node: Any) -> str | None:
    """Return what a mapping is called, or None for what is none or cannot be built again."""
    if type(node) is not defaultdict:
        return _MAPPING_KINDS.get(type(node))
    factory = node.default_factory
    if factory is None:
        return "defaultdict"
    return f"defaultdict[{factory.__name__}]" if factory in _FACTORIES else None


def _key(key: Any, path: str) -> str | int:
    if type(key) in (str, int, bool):
        return key  # type: ignore[no-any-return]
    raise TypeError(
        f"{path} has the key {key!r} of type {type(key).__name__}; keys of a state must be plain "
        "strings or integers."
    )


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
    if kind == "tensor":
        return _tensor(buffer, *content)
    if kind == "plain":
        return content
    if kind in MAPPINGS:
        children = {key: _unpack(child, buffer) for key, child in content}
        return children if kind == "dict" else _mapping(kind, children)
    if kind in ("list", "tuple", "Size"):
        return _sequence(kind, [_unpack(child, buffer) for child in content])
    if kind == "attributed":
        owner, attributes = (_unpack(child, buffer) for child in content)
        vars(owner).update(attributes)
        return owner
    array = _array(buffer, *content)
    return array[()] if kind == "scalar" else array


def _mapping(kind: str, content: dict[Any, State]) -> State:
    made = MAPPINGS[kind]()
    for key, child in content.items():  # a Counter's update() would add up
        made[key] = child
    return made


def _sequence(kind: str, children: list[State]) -> State:
    if kind == "Size":
        import torch

        return torch.Size(children)
    return children if kind == "list" else tuple(children)


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
