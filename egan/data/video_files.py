"""Decoding films: video files through ffmpeg, GIFs and folders of frames through Pillow."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np

from egan.data.dataset import Array
from egan.data.image_files import open_image
from egan.data.images import decode, fit
from egan.data.listing import SUFFIXES

VIDEOS = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm")
MOVING = (*VIDEOS, ".gif")
DEMUXERS = "mov,mp4,m4a,3gp,3g2,mj2,avi,matroska,webm"
"""What a video file may hold, whatever its name says: a playlist would open other files."""
MOST_FRAMES = 5000
"""Frames of a film that are read; the rest is left out."""
MEND = 'pip install "egan[data]", or save their frames as PNG files, a folder for each film'


def natural(path: Path) -> list[tuple[int, int, str]]:
    """Return a key by which frame 10 comes after frame 9."""
    parts = re.split(r"(\d+)", path.name.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]


def frame_files(folder: Path) -> list[Path]:
    """Return the still images that lie in a folder itself, in their natural order; none if hidden.

    Raises:
        OSError: It cannot be read.
    """
    still = set(SUFFIXES) - set(MOVING)
    files = [
        one
        for one in folder.iterdir()
        if one.suffix.lower() in still and not one.name.startswith(".")
    ]
    return sorted(files, key=natural)


def frames_of(film: Path, image_size: int) -> Array:
    """Return the frames (T, 3, H, W) of a film, resized and cropped to squares.

    Args:
        film: A folder of frames, a GIF, or a video file.
        image_size: Height and width.

    Raises:
        ValueError: There are none, or ffmpeg is missing.
        OSError: It cannot be decoded.
    """
    if film.suffix.lower() in VIDEOS and film.is_file():
        found = list(_filmed(film, square(image_size)))
    else:
        files = frame_files(film) if film.is_dir() else [film]
        found = [one for file in files[:MOST_FRAMES] for one in _drawn(file, image_size)]
    if not found:
        raise ValueError("no frames")
    return np.stack(found[:MOST_FRAMES])


def square(size: int) -> str:
    """Return ffmpeg's filter that fits frames to squares."""
    return f"scale={size}:{size}:force_original_aspect_ratio=increase,crop={size}:{size}"


def _drawn(file: Path, image_size: int) -> Iterator[Array]:
    """Yield the frames (3, H, W) of an image file, several of a GIF."""
    from PIL import Image, ImageSequence

    with open_image(file) as image:
        for one in islice(ImageSequence.Iterator(image), MOST_FRAMES):
            small = fit(Image.fromarray(decode(one).transpose(1, 2, 0)), image_size)
            yield np.asarray(small).transpose(2, 0, 1)


def _filmed(file: Path, *filters: str) -> Iterator[Array]:
    """Yield the frames (3, H, W) of a video file after ffmpeg's filters.

    Raises:
        ValueError: imageio-ffmpeg is not installed.
        OSError: ffmpeg reads no such file.
    """
    try:
        from imageio_ffmpeg import read_frames
    except ImportError as error:
        raise ValueError(f"video files are read by imageio-ffmpeg. Install it: {MEND}") from error
    logging.getLogger("imageio_ffmpeg").setLevel(logging.ERROR)  # it warns of every other size
    options: dict[str, Sequence[str]] = {
        "input_params": ["-format_whitelist", DEMUXERS, "-protocol_whitelist", "file"],
        "output_params": ["-vf", ",".join(filters), "-threads", "1"],
    }
    with closing(read_frames(str(file.absolute()), **options)) as frames:
        try:
            width, height = next(frames)["size"]
            for one in islice(frames, MOST_FRAMES):
                pixels = np.frombuffer(one, np.uint8).reshape(height, width, 3)
                yield pixels.transpose(2, 0, 1)
        except (OSError, RuntimeError, StopIteration, KeyError) as error:
            raise OSError(f"ffmpeg reads no film in it: {_told(error)}") from error


def _told(error: Exception) -> str:
    """Return what ffmpeg says is wrong with a file."""
    said = [line.split("] ")[-1] for line in str(error).splitlines() if line.startswith("[")]
    reasons = [one for one in said if not one.startswith("Error opening")]
    return reasons[-1] if reasons else "it has no pictures"


def filmed(file: Path, *, height: int) -> Array:
    """Return the frames (T, 3, H, W) of a video file, of some height and their own proportions.

    Raises:
        ValueError: imageio-ffmpeg is not installed.
        OSError: ffmpeg reads no such file.
    """
    return np.stack(list(_filmed(file, f"scale=-2:{height}:flags=area")))
