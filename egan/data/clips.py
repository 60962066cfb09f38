"""Films of one's own: a folder in which each film is a folder of frames, a GIF, or a video file.

Films are cut into clips of 9 frames that do not overlap; where all are shorter, clips are as long
as the longest. Where there are five films or more, every fifth is kept for tests; else the last
fifth of each film's clips, which come after all that is learned from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from egan.data.dataset import Array, Dataset
from egan.data.images import as_channels, check_channels, check_image_size, check_path, refusal
from egan.data.listing import counted, named
from egan.data.video_files import MOVING, frame_files, frames_of

FRAMES, LEAST = 9, 5
"""Frames of a clip, and at least: four that are known, and one that comes next."""
EVERY = 5
EXPECTED = (
    "films: folders of frames (PNG or JPEG, in the order of their names), GIFs, or video files"
)


@dataclass(frozen=True)
class Films:
    """The films below a path: their names and frames (T, C, H, W) each, and why others are not."""

    names: list[str]
    frames: list[Array]
    left_out: dict[str, str]

    def notes(self) -> tuple[str, ...]:
        """Return a sentence on what is left out, if anything is."""
        if not self.left_out:
            return ()
        return (f"left out {counted(len(self.left_out), 'film')}: {named(self.left_out)}",)


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:
    """Load all films below `path`, or the one that it is, as clips (N, T, C, H, W).

    Args:
        path: A folder of films, or a film.
        image_size: Height and width that frames are resized and cropped to.
        channels: 1 or 3; None for grey where all frames are.

    Raises:
        ValueError: There is none of five frames or more, or a setting is wrong.
    """
    check_image_size(image_size, needed="frames are resized to one size")
    assert image_size is not None
    films = films_at(path, image_size=image_size, channels=channels, least=LEAST)
    length = min(FRAMES, max(map(len, films.frames)))
    clips, film = cut(films, length)
    return Dataset("clips", clips, notes=films.notes(), test=kept(film))


def read(path: Path, *, shape: tuple[int, ...], flag: str) -> Dataset:
    """Return the last frames of each film below a path, (N, *shape), to go on from.

    Args:
        path: A folder of films, or a film.
        shape: Of what is wanted of each, (T, C, H, W).
        flag: What messages call the path.

    Raises:
        ValueError: No film has so many frames.
    """
    length, channels, _, size = shape
    try:
        films = films_at(path.expanduser(), image_size=size, channels=channels, least=length)
    except ValueError as error:
        raise ValueError(str(error).replace("--data.path", flag)) from error
    last = np.stack([one[-length:] for one in films.frames])
    return Dataset("clips", last, notes=films.notes())


def films_at(path: Path | None, *, image_size: int, channels: int | None, least: int) -> Films:
    """Decode the films at a path that have so many frames or more.

    Raises:
        ValueError: The path is wrong, or there is none; the message says why, of those that cannot
            be used.
    """
    check_channels(channels)
    is_film = isinstance(path, Path) and path.is_file()
    path = check_path(path, name="clips", folder=not is_film)
    found, left_out = dict[str, Array](), dict[str, str]()
    for film in listed(path):
        try:
            one = frames_of(film, image_size)
            if len(one) < least:
                raise ValueError(f"{len(one)} frames, of which it takes {least}")
            found[film.name] = one
        except (OSError, ValueError, SyntaxError) as error:  # the last one is Pillow's
            left_out[film.name] = " ".join(str(error).split())
    if not found:
        got = f"none that can be used: {named(left_out)}" if left_out else "no films"
        mend = f"Give films of {least} frames or more."
        raise refusal(path, got=got, expected=EXPECTED, mend=mend)
    grey = channels is None and all(map(is_grey, found.values()))
    frames = [as_channels(one, 1 if grey else channels) for one in found.values()]
    return Films(list(found), frames, left_out)


def listed(path: Path) -> Iterator[Path]:
    """Yield the films at a path: it, if it is a file or has frames and no films in it."""
    from egan.data.video_files import natural

    if not path.is_dir():
        yield path
        return
    films = [
        one
        for one in sorted(path.iterdir(), key=natural)
        if not one.name.startswith(".") and (one.is_dir() or one.suffix.lower() in MOVING)
    ]
    yield from films if films or not frame_files(path) else [path]


def is_grey(frames: Array) -> bool:
    """Whether frames (T, 3, H, W) have no colour."""
    return bool((frames == frames[:, :1]).all())


def cut(films: Films, length: int) -> tuple[Array, Array]:
    """Cut films into clips (N, length, C, H, W), one after the other; (N,) says of which film.

    A film that is shorter is left out, and told of.
    """
    clips, film = [], []
    for number, (name, frames) in enumerate(zip(films.names, films.frames, strict=True)):
        count = len(frames) // length
        if not count:
            films.left_out[name] = f"{len(frames)} frames, of which clips have {length}"
            continue
        clips.append(frames[: count * length].reshape(count, length, *frames.shape[1:]))
        film.extend([number] * count)
    return np.concatenate(clips), np.array(film)


def kept(film: Array) -> Array | None:
    """Return which clips of films (N,) are for tests; None where each film has but a few."""
    names, counts = np.unique(film, return_counts=True)
    if len(names) >= EVERY:
        return np.flatnonzero(np.isin(film, names[EVERY - 1 :: EVERY]))
    late = [
        np.flatnonzero(film == name)[count - count // EVERY :]
        for name, count in zip(names, counts, strict=True)
    ]
    test = np.concatenate(late)
    return test if len(test) else None
