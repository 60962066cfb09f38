"""Arrays of one's own in a `.npz` file: images or points, and labels if there are any."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from egan.data.dataset import Array, Dataset
from egan.data.images import check_path, fit_arrays, refusal
from egan.data.scale import SCALES, scale_of
from egan.memory import TooLargeError, require

SAMPLE_KEYS = ("images", "samples", "x", "X", "x_train", "X_train", "data", "arr_0")
LABEL_KEYS = ("labels", "y", "y_train", "targets", "arr_1")
NAMES_KEY = "class_names"
"""What classes are called, by their number: an array of texts beside the labels."""
CHANNELS = (1, 3, 4)
OTHERS = {
    "observations": "Trajectories are read with --data.name gymnasium --data.environment ID.",
    "tokens": "Sequences of tokens are read with --data.name text.",
}
"""What to do about a file of another data set, by an array that it has."""
SHAPES = "images (N, H, W), (N, H, W, C) or (N, C, H, W), or points (N, 1) or (N, 2)"


def load(
    *, path: Path | None, image_size: int | None, channels: int | None, any_size: bool = False
) -> Dataset:
    """Load images, whose scale `egan.data.scale` tells, or points.

    Labels may be any integers; they are numbered from 0 in their order. A class is called by its
    integer, or by its entry in an array of texts, "class_names". With `any_size` no network needs
    to fit the images.

    Raises:
        ValueError: If the file is no archive of arrays, or has other shapes, types or values.
    """
    path = check_path(path, name="npz", folder=False)
    mend = "Save it with numpy.savez(path, images=..., labels=...)."
    arrays = arrays_of(path, SAMPLE_KEYS, others=(*LABEL_KEYS, NAMES_KEY), mend=mend)
    key = next((key for key in SAMPLE_KEYS if key in arrays), None)
    if key is None:
        raise refusal(
            path,
            got=f"arrays {sorted(arrays)}",
            expected=f"one named {' or '.join(map(repr, SAMPLE_KEYS))}",
            mend=next((OTHERS[name] for name in OTHERS if name in arrays), mend),
        )
    samples, notes = _samples(path, arrays[key])
    if samples.ndim == 4:
        samples = fit_arrays(samples, image_size=image_size, channels=channels, any_size=any_size)
    label_key = next((key for key in LABEL_KEYS if key in arrays), None)
    if label_key is None:
        return Dataset("npz", samples, notes=notes)
    values, labels = _labels(path, arrays[label_key], len(samples))
    names = _names(path, values, arrays.get(NAMES_KEY))
    return Dataset("npz", samples, labels, notes=notes, class_names=names)


def arrays_of(
    path: Path, samples: Sequence[str], *, others: Sequence[str], mend: str
) -> dict[str, Array]:
    """Read the arrays that have known names, or only all names; pickled objects are refused.

    Args:
        path: The archive.
        samples: What the array of samples may be called, one of which there must be.
        others: What else is read.
        mend: What to do about a file that is none.

    Raises:
        ValueError: It cannot be read.
    """
    try:
        content = np.load(path, allow_pickle=False)
        if not isinstance(content, np.lib.npyio.NpzFile):
            raise ValueError("a single array, .npy")
        with content:
            if not set(samples) & set(content.files):
                return dict.fromkeys(content.files, np.empty(0))
            known = [key for key in content.files if key in (*samples, *others)]
            assert content.zip is not None
            _require_memory(path, content.zip, known)
            return {key: content[key] for key in known}
    # Object arrays, truncated members and other archives each fail in their own way.
    except TooLargeError:
        raise
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error, MemoryError) as error:
        got = f"a file that cannot be read ({_first_sentence(error)})"
        raise refusal(path, got=got, expected="a .npz archive of numbers", mend=mend) from error


def _first_sentence(error: BaseException) -> str:
    """Return what is wrong; what follows tells how to trust the file, which nobody should."""
    return re.split(r"\.\s(?=[A-Z][a-z]+ )", str(error), maxsplit=1)[0].rstrip(".")


def _require_memory(path: Path, archive: zipfile.ZipFile, keys: Iterable[str]) -> None:
    """See that the arrays fit in memory, before a small file is unpacked to a huge one.

    Raises:
        TooLargeError: They do not.
    """
    sizes = {
        name.removesuffix(".npy"): archive.getinfo(name).file_size for name in archive.namelist()
    }
    require(
        sum(sizes[key] for key in keys),
        f"--data.path {path}: its arrays",
        mend="Save fewer or smaller samples.",
    )


def _samples(path: Path, array: Array) -> tuple[Array, tuple[str, ...]]:
    """Return points as float32, or images as (N, C, H, W) uint8, and what is to be said of them."""
    array = array.astype(np.uint8) if array.dtype.kind == "b" else array
    if array.dtype.kind not in "iuf":
        raise refusal(
            path,
            got=f"samples of type {array.dtype}",
            expected=SCALES,
            mend="Convert them, for instance with .astype(numpy.uint8).",
        )
    if not np.isfinite(array).all():
        raise refusal(
            path,
            got=f"{np.size(array) - np.isfinite(array).sum()} values that are not finite",
            expected="finite samples",
            mend="Remove the samples with NaN or infinity.",
        )
    if len(array.shape) < 2 or len(array) < 2 or 0 in array.shape:
        raise refusal(
            path, got=f"shape {array.shape}", expected=SHAPES, mend="Give 2 samples or more."
        )
    if array.ndim == 2 and array.shape[1] in (1, 2):
        return array.astype(np.float32), ()
    return _uint8(path, _channels_first(path, array))


def _channels_first(path: Path, array: Array) -> Array:
    """Bring (N, H, W) and (N, H, W, C) to (N, C, H, W)."""
    if array.ndim == 3:
        return array[:, None]
    if array.ndim == 4:
        last = array.shape[3] in CHANNELS and array.shape[1] == array.shape[2]
        if array.shape[1] in CHANNELS and not last:
            return array
        if array.shape[3] in CHANNELS:
            return array.transpose(0, 3, 1, 2)
    raise refusal(
        path,
        got=f"shape {array.shape}",
        expected=SHAPES + " with C of 1, 3 or 4",
        mend="Reshape the array.",
    )


def _uint8(path: Path, array: Array) -> tuple[Array, tuple[str, ...]]:
    """Scale images to 0..255, all by one rule, see `egan.data.scale`."""
    whole = array.dtype.kind != "f"
    try:
        scale = scale_of(float(array.min()), float(array.max()), whole=whole)
    except ValueError as error:
        raise ValueError(
            f"--data.path {path}: got {array.dtype} images {error}. Scale them, for instance "
            "divide by the highest value there can be."
        ) from error
    return scale.narrow(array), (scale.note,) if scale.note else ()


def _labels(path: Path, labels: Array, count: int) -> tuple[Array, Array]:
    """Return the distinct labels, and the place of each sample's among them (N,)."""
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        raise refusal(
            path,
            got=f"labels of shape {labels.shape} and type {labels.dtype}",
            expected=f"({count},) integers",
            mend="Save one integer for each sample, or leave the labels out.",
        )
    values, places = np.unique(labels, return_inverse=True)
    return values, places.astype(np.int64)


def _names(path: Path, values: Array, names: Array | None) -> tuple[str, ...]:
    """Return what the classes with these labels are called."""
    if names is None:
        return tuple(map(str, values.tolist()))
    if names.ndim != 1 or names.dtype.kind != "U" or not 0 <= values[0] <= values[-1] < len(names):
        raise refusal(
            path,
            got=f"{NAMES_KEY} of shape {names.shape} and type {names.dtype}",
            expected="a text for each label from 0",
            mend="Save numpy.array([...]) of texts, or leave it out.",
        )
    return tuple(map(str, names[values].tolist()))
