"""A folder of images, searched recursively; its subfolders are classes if they hold all images."""

from __future__ import annotations

import os
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from egan.data.dataset import Array, Dataset
from egan.data.image_files import open_image
from egan.data.images import check_channels, check_image_size, check_path, decode, fit, refusal

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff")
MAX_ASPECT = 16
COMMON_SIZE_SHARE = 0.9
NUM_NAMED = 20
NUM_FOR_PROGRESS = 500


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:
    """Load every readable image below `path`, resized and cropped to `image_size`.

    Skipped and named in the notes: a file that cannot be decoded; an image that is empty, a
    decompression bomb, longer than 16 times its width, or under half of `image_size`; and, where
    nine images in ten or more share one size (either way up), an image of another size.

    Raises:
        ValueError: If the folder is missing or empty, or fewer than two images can be used.
    """
    check_channels(channels)
    path = check_path(path, name="folder", folder=True)
    check_image_size(image_size, needed="images of a folder are resized to one size")
    assert image_size is not None
    files = list_images(path)
    samples, grey, sizes, skipped = _read(files, root=path, image_size=image_size)
    keep = _usual(files, sizes, root=path, skipped=skipped)
    if len(keep) < 2:
        raise refusal(
            path,
            got=f"{len(keep)} usable of {len(files)} images ({_named(skipped)})",
            expected="at least 2",
            mend="Repair or add images, or choose a smaller --data.image-size.",
        )
    channels = channels or (1 if all(grey[i] for i in keep) else 3)
    chosen = samples if len(keep) == len(samples) else samples[keep]
    chosen = _luma(chosen) if channels == 1 else chosen
    labels, notes = _labels([files[i] for i in keep], path), []
    if skipped:
        notes.append(f"skipped {len(skipped)} of {len(files)} images: {_named(skipped)}")
    return Dataset("folder", chosen, labels, notes=tuple(notes))


def list_images(root: Path) -> list[Path]:
    """List the images below `root` in a fixed order; links are followed, each folder once."""
    seen, files, others = set(), [], 0
    for place, folders, names in os.walk(root, followlinks=True):
        real = os.path.realpath(place)
        folders[:] = [] if real in seen else sorted(f for f in folders if not f.startswith("."))
        if real in seen:
            continue
        seen.add(real)
        images = [name for name in names if _is_image(name)]
        others += len(names) - len(images)
        files += [Path(place, name) for name in images]
    if not files:
        raise refusal(
            root,
            got=f"no image ({others} other files)" if others else "an empty folder",
            expected=f"images ({' '.join(SUFFIXES)})",
            mend="Give the folder that holds the images.",
        )
    return sorted(files)


def _is_image(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def _read(
    files: list[Path], *, root: Path, image_size: int
) -> tuple[Array, dict[int, bool], dict[int, tuple[int, int]], dict[str, str]]:
    """Decode the files: (files, 3, H, W) samples; by index, grey or not and (short, long) side."""
    samples = np.empty((len(files), 3, image_size, image_size), dtype=np.uint8)
    grey: dict[int, bool] = {}
    sizes: dict[int, tuple[int, int]] = {}
    skipped: dict[str, str] = {}
    with _quiet():
        for i, file in enumerate(_progress(files)):
            try:
                samples[i], grey[i], sizes[i] = _decoded(file, image_size)
            # Decoders fail on broken bytes in every way there is, and one bad file among
            # thousands must not end a run.
            except Exception as error:
                skipped[str(file.relative_to(root))] = str(error) or type(error).__name__
    return samples, grey, sizes, skipped


def _decoded(file: Path, image_size: int) -> tuple[Array, bool, tuple[int, int]]:
    from PIL import Image, ImageOps

    with open_image(file) as image:
        short, long = sorted(image.size)
        if short * MAX_ASPECT < long:
            raise ValueError(f"wrong size: {image.width}x{image.height} is too long and thin")
        if short * 2 < image_size:
            raise ValueError(
                f"wrong size: {image.width}x{image.height} is under half of {image_size}"
            )
        # A JPEG decodes several times faster at a fraction of its size.
        image.draft(None, (2 * image_size, 2 * image_size))
        pixels, grey = decode(ImageOps.exif_transpose(image))
    small = fit(Image.fromarray(pixels.transpose(1, 2, 0)), image_size)
    return np.asarray(small).transpose(2, 0, 1), grey, (short, long)


@contextmanager
def _quiet() -> Iterator[None]:
    """Let a decompression bomb raise, and silence what pillow says about odd metadata."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _usual(
    files: list[Path],
    sizes: dict[int, tuple[int, int]],
    *,
    root: Path,
    skipped: dict[str, str],
) -> list[int]:
    """Return the indices to keep; where nearly all images share one size, name the odd ones."""
    if not sizes:
        return []
    (common, count), *_ = Counter(sizes.values()).most_common(1)
    if count < COMMON_SIZE_SHARE * len(sizes):
        return sorted(sizes)
    for i in sorted(sizes):
        if sizes[i] != common:
            (short, long), (usual_short, usual_long) = sizes[i], common
            skipped[str(files[i].relative_to(root))] = (
                f"wrong size: {short}x{long} where the others are {usual_short}x{usual_long}"
            )
    return sorted(i for i, size in sizes.items() if size == common)


def _luma(samples: Array) -> Array:
    """Convert (N, 3, H, W) to (N, 1, H, W), a thousand at a time to spare memory."""
    from egan.data.images import as_channels

    parts = [as_channels(samples[i : i + 1000], 1) for i in range(0, len(samples), 1000)]
    return np.concatenate(parts)


def _labels(files: list[Path], root: Path) -> Array | None:
    """Number the subfolders of the first level, or return None if an image lies outside them."""
    parts = [file.relative_to(root).parts for file in files]
    if any(len(part) < 2 for part in parts):
        return None
    names, labels = np.unique([part[0] for part in parts], return_inverse=True)
    return labels.astype(np.int64) if len(names) > 1 else None


def _named(skipped: dict[str, str]) -> str:
    named = [f"{name} ({reason})" for name, reason in sorted(skipped.items())[:NUM_NAMED]]
    more = len(skipped) - len(named)
    return "; ".join(named) + (f"; and {more} more" if more > 0 else "")


def _progress(files: list[Path]) -> Iterable[Path]:
    """Show a progress bar for a big folder, if somebody is looking."""
    if len(files) < NUM_FOR_PROGRESS or not sys.stderr.isatty():
        return files
    from rich.console import Console
    from rich.progress import track

    return track(files, "Reading images", console=Console(stderr=True), transient=True)
