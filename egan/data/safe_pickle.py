"""Read the pickles of CIFAR-10 without running anything that they might contain.

A pickle may name any function of any module and call it. Here it reaches five names, and what
stands behind them is not numpy's code either, but the stand-ins below: they accept plain numbers
and nothing else.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np

from egan.data.dataset import Array

NUMBERS = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8")


class PickledDtype:
    """Stands in for `numpy.dtype`: a number's kind and byte order."""

    def __init__(self, code: Any, *_: Any) -> None:
        text = code.decode("ascii") if isinstance(code, bytes) else code
        if text not in NUMBERS:
            raise pickle.UnpicklingError(f"an array of {text!r} instead of numbers")
        self.dtype = np.dtype(text)

    def __setstate__(self, state: Any) -> None:
        if state[1] in (">", b">"):
            self.dtype = self.dtype.newbyteorder(">")


class PickledArray:
    """Stands in for `numpy.ndarray`: shape, dtype and bytes."""

    def __init__(self, *_: Any) -> None:
        self.array: Array = np.empty(0)

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, raw = state
        if isinstance(raw, str):
            raw = raw.encode("latin1")
        self.array = _array(raw, dtype, shape, "F" if fortran else "C")


def _array(raw: Any, dtype: Any, shape: Any, order: str) -> Array:
    flat = np.frombuffer(raw, dtype=dtype.dtype)
    return flat.reshape(shape, order="F" if order == "F" else "C")


def _from_buffer(raw: Any, dtype: Any, shape: Any, order: str) -> PickledArray:
    result = PickledArray()
    result.array = _array(raw, dtype, shape, order)
    return result


def _encode(text: str, codec: str) -> bytes:
    if codec not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"a text in the codec {codec!r}")
    return text.encode("latin1")


ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): PickledArray,
    ("numpy._core.multiarray", "_reconstruct"): PickledArray,
    ("numpy.core.numeric", "_frombuffer"): _from_buffer,
    ("numpy._core.numeric", "_frombuffer"): _from_buffer,
    ("numpy", "ndarray"): PickledArray,
    ("numpy", "dtype"): PickledDtype,
    ("_codecs", "encode"): _encode,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(
                f"it asks to run {module}.{name}, which a data file has no use for"
            )
        return ALLOWED[module, name]


def load_arrays(raw: bytes) -> dict[str, Any]:
    """Read a pickled dict of arrays, lists, texts and numbers; its keys become str.

    Raises:
        ValueError: If it is broken, is something else, or asks for anything but arrays.
    """
    try:
        content = _Unpickler(io.BytesIO(raw), encoding="bytes").load()
    # Broken bytes make the unpickler fail in every way there is; none of them runs code.
    except Exception as error:
        raise ValueError(f"a pickle that is refused ({error or type(error).__name__})") from error
    if not isinstance(content, dict):
        raise ValueError(f"a pickled {type(content).__name__}")
    return {_text(key): _plain(value) for key, value in content.items()}


def _text(key: Any) -> str:
    return key.decode("latin1") if isinstance(key, bytes) else str(key)


def _plain(value: Any) -> Any:
    return value.array if isinstance(value, PickledArray) else value
