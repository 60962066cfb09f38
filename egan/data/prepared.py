"""A folder of images as one file in the cache: prepared once, and mapped by every process.

In the cache folder, `$EGAN_CACHE` or `~/.cache/egan`, a folder and a size have `images-NAME/` with

    pixels.u8      the images, one after the other, (N, C, H, W) uint8
    about.json     their shape, labels and notes, a checksum, and what the folder looked like

It is used again while the folder's files have the names, sizes and times that they had. What is
stale, truncated, damaged or not ours is made anew. It is written beside its place, under a lock,
and moved there whole; what a full disk or a killed process leaves is deleted.

On another machine of a Ray cluster the file is looked for in that machine's cache, prepared from
the folder if it sees that too, or else sent there once through Ray.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import math
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from egan.data.dataset import Array, Dataset
from egan.data.folder import decoded, in_channels
from egan.data.listing import Listing, list_images
from egan.data.store import Mapped
from egan.data.survey import Survey, looked_at, num_channels, with_labels
from egan.errors import printable
from egan.files import cache_folder, write_json
from egan.memory import in_bytes

FORMAT = "egan-images-1"
PIXELS, ABOUT = "pixels.u8", "about.json"
SHAPE, FOUND, CHECKSUM = "shape", "found", "checksum"
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a file is prepared from.

    Attributes:
        path: The folder of images, absolute.
        image_size: Height and width.
        channels: 1 or 3; None for what the images have.
    """

    path: str
    image_size: int
    channels: int | None

    @property
    def place(self) -> Path:
        """The file's folder in this machine's cache."""
        words = f"{FORMAT} {self.path} {self.image_size} {self.channels}"
        return cache_folder() / f"images-{hashlib.sha256(words.encode()).hexdigest()[:16]}"

    def num_bytes(self, num_images: int) -> int:
        """Return how large the file may be."""
        return num_images * (self.channels or 3) * self.image_size**2


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A file that was prepared, wherever it is asked for.

    Attributes:
        recipe: What it was prepared from.
        shape: (N, C, H, W).
        checksum: The fingerprint of the data set that they make.
        sent: Ray's reference to the images, where other machines may need it.
    """

    recipe: Recipe
    shape: tuple[int, int, int, int]
    checksum: str
    sent: list[Any] = field(default_factory=list)

    @cached_property
    def _images(self) -> Array:
        about = _read(self.recipe.place)
        if about is not None and about[CHECKSUM] == self.checksum:
            return self._mapped()
        if Path(self.recipe.path).is_dir():
            found = prepared(self.recipe)
            if found.checksum == self.checksum:
                return self._mapped()
        if self.sent:
            import ray

            images: Array = ray.get(self.sent[0])
            return images
        raise ValueError(
            f"the images of {self.recipe.path} are not what they were when the run began, or not "
            f"there: neither in {self.recipe.place} nor in the folder itself. Restore them."
        )

    def _mapped(self) -> Array:
        return np.memmap(self.recipe.place / PIXELS, np.uint8, "r", shape=self.shape)

    def open(self) -> Array:
        """Return all images, mapped and read-only.

        Raises:
            ValueError: They are not to be had on this machine.
        """
        return self._images

    def __getstate__(self) -> dict[str, Any]:
        """Leave the map behind, and take along what machines without the folder need."""
        return {
            **{name: getattr(self, name) for name in ("recipe", "shape", "checksum")},
            "sent": self.sent or _sent(self),
        }


def _sent(source: Prepared) -> list[Any]:
    """Put the images into Ray's store once, if there is another machine that may ask for them."""
    ray = sys.modules.get("ray")
    if ray is None or not ray.is_initialized():
        return []
    if sum(node["Alive"] for node in ray.nodes()) > 1:
        source.sent.append(ray.put(np.asarray(source.open())))
    return source.sent


def load(listing: Listing, *, image_size: int, channels: int | None) -> Dataset:
    """Return a folder's data set, its images mapped from a file that is prepared where need be.

    Raises:
        ValueError: The images cannot be used, or the file cannot be written.
    """
    recipe = Recipe(path=str(listing.root.resolve()), image_size=image_size, channels=channels)
    source, about = _whole(recipe, listing)
    labels = about["labels"]
    return Dataset(
        "folder",
        _samples(source),
        None if labels is None else np.array(labels, dtype=np.int64),
        notes=tuple(about["notes"]),
        class_names=tuple(map(str, about["class_names"])),
    )


def prepared(recipe: Recipe) -> Prepared:
    """Return the file of a recipe, prepared where need be.

    Raises:
        ValueError: The images cannot be used, or the file cannot be written.
    """
    return _whole(recipe, list_images(Path(recipe.path)))[0]


def is_fresh(recipe: Recipe, listing: Listing) -> bool:
    """Whether a file is there already, of the files as they are now."""
    about = _read(recipe.place)
    return about is not None and about[FOUND] == found_in(listing)


def found_in(listing: Listing) -> str:
    """Return a checksum of the names, sizes and times of files."""
    digest = hashlib.sha256()
    for file in listing.files:
        told = file.stat()
        name = os.fsencode(file.relative_to(listing.root))
        digest.update(b"%s\0%d %d\n" % (name, told.st_size, told.st_mtime_ns))
    return digest.hexdigest()


def _whole(recipe: Recipe, listing: Listing) -> tuple[Prepared, dict[str, Any]]:
    """Return a file that is fresh and whole, and what is told of it; others are made anew."""
    try:
        with _alone(recipe.place):
            about = _read(recipe.place)
            if about is not None and about[FOUND] == found_in(listing):
                source = _opened(recipe, about)
                if Dataset("folder", _samples(source)).fingerprint() == about[CHECKSUM]:
                    return source, about
                logger.warning("%s is damaged and is made anew", recipe.place)
            about = _made(recipe, listing)
            return _opened(recipe, about), about
    except OSError as error:
        raise ValueError(
            f"the images of {recipe.path} cannot be prepared in {recipe.place.parent}: "
            f"{error.strerror or error}. Make room, name another folder by EGAN_CACHE, or hold "
            "them in memory: --data.store memory."
        ) from error


def _opened(recipe: Recipe, about: dict[str, Any]) -> Prepared:
    """Return a file that is mapped from now on, whoever takes its place."""
    source = Prepared(recipe=recipe, shape=tuple(about[SHAPE]), checksum=about[CHECKSUM])
    source.open()
    return source


def _samples(source: Prepared) -> Any:
    """Return what stands for an array in a data set."""
    return Mapped(source)


def _read(place: Path) -> dict[str, Any] | None:
    """Return what is told of a file of the right size; None where that is not so."""
    try:
        about = json.loads((place / ABOUT).read_text(encoding="utf-8"))
        size = math.prod(map(int, about[SHAPE]))
        known = {"format", SHAPE, FOUND, CHECKSUM, "labels", "class_names", "notes"} <= set(about)
        if known and about["format"] == FORMAT and (place / PIXELS).stat().st_size == size:
            return dict(about)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        logger.warning("%s cannot be used and is made anew: %s", place, printable(str(error)))
        return None
    logger.warning("%s is not whole and is made anew", place)
    return None


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Let one process at a time prepare a file; it goes with the process, however that ends."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # not on Windows, where two processes are on their own
        yield
        return
    with place.with_name(f".{place.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            logger.info("waiting for another process, which prepares the same images")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _made(recipe: Recipe, listing: Listing) -> dict[str, Any]:
    """Write the file beside its place, and move it there."""
    part = recipe.place.with_name(f".{recipe.place.name}")
    shutil.rmtree(part, ignore_errors=True)  # of a process that was killed
    _check_room(recipe, len(listing.files))
    try:
        part.mkdir()
        about = _written(part, recipe, listing)
        write_json(part / ABOUT, about)
        shutil.rmtree(recipe.place, ignore_errors=True)
        part.replace(recipe.place)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return about


def _check_room(recipe: Recipe, num_images: int) -> None:
    wanted, folder = recipe.num_bytes(num_images), recipe.place.parent
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise OSError(f"they may take {in_bytes(wanted)}, but {in_bytes(free)} are free")


def _written(part: Path, recipe: Recipe, listing: Listing) -> dict[str, Any]:
    """Decode all images into a file; return what is to be told of it."""
    found = found_in(listing)  # before: what changes meanwhile makes the file stale
    survey = looked_at(listing, image_size=recipe.image_size)
    channels = 0
    while channels != num_channels(survey, recipe.channels):  # without the last colour image?
        channels = num_channels(survey, recipe.channels)
        _write_pixels(part / PIXELS, survey, recipe, channels)
    labels, names, notes = with_labels(survey)
    shape = len(survey.looks), channels, recipe.image_size, recipe.image_size
    pixels = np.memmap(part / PIXELS, np.uint8, "r", shape=shape)
    return {
        "format": FORMAT,
        SHAPE: list(shape),
        FOUND: found,
        CHECKSUM: Dataset("folder", pixels).fingerprint(),
        "labels": None if labels is None else labels.tolist(),
        "class_names": names,
        "notes": notes,
    }


def _write_pixels(path: Path, survey: Survey, recipe: Recipe, channels: int) -> None:
    with path.open("wb") as stream:
        for image in decoded(survey, image_size=recipe.image_size):
            stream.write(in_channels(image[None], channels).tobytes())
        stream.flush()
        os.fsync(stream.fileno())
