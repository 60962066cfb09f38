"""Bring images to one form: (N, C, H, W) uint8, square, of a size in `SIZES`, grey or colour."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from egan.data.dataset import Array

if TYPE_CHECKING:
    from PIL.Image import Image

    from egan.data.scale import Scale

SIZES = (8, 16, 28, 32, 64, 112, 128, 256, 512, 1024)
SIZES_TEXT = ", ".join(map(str, SIZES))
WIDE_KINDS = ("I", "I;16", "I;16L", "I;16B", "I;16N", "F")
GREY_MODES = ("1", "L", "LA", "La", *WIDE_KINDS)


def check_image_size(image_size: int | None, *, needed: str = "") -> None:
    """Check that an image size fits the networks.

    Raises:
        ValueError: If it is missing where `needed` says why, or not in `SIZES`.
    """
    if image_size is None and needed:
        raise ValueError(
            f"--data.image-size is missing: {needed}. Give one of {SIZES_TEXT}, "
            "for instance --data.image-size 32."
        )
    if image_size is not None and image_size not in SIZES:
        raise ValueError(f"--data.image-size must be one of {SIZES_TEXT}, but got {image_size}.")


def check_channels(channels: int | None) -> None:
    """Check a number of channels.

    Raises:
        ValueError: If it is not 1, 3 or None.
    """
    if channels not in (None, 1, 3):
        raise ValueError(
            f"--data.channels must be 1 (grey) or 3 (colour), but got {channels}. "
            "Leave it out to keep what the images have."
        )


def check_path(path: Path | None, *, name: str, folder: bool) -> Path:
    """Return `path` if it exists and is a folder (or, with `folder=False`, a file).

    Raises:
        ValueError: If it is missing, the other kind, several, or a pipe or a device, which would
            hold up whoever reads it.
    """
    kind = "folder" if folder else "file"
    if path is None:
        raise ValueError(f"--data.path is missing: {name} reads a {kind}. Give --data.path PATH.")
    if not isinstance(path, Path):
        raise ValueError(
            f"--data.pairs are {len(path)} paths, but {name} reads a {kind}: --data.path."
        )
    if not exists(path):
        raise ValueError(
            f"--data.path {path} does not exist: {name} reads a {kind}. "
            f"Check the spelling; relative paths start at {Path.cwd()}."
        )
    if not path.is_dir() and not path.is_file():
        raise refusal(path, got="a pipe or a device", expected=f"a {kind}", mend="Copy it to one.")
    if path.is_dir() != folder:
        got = "a folder" if path.is_dir() else "a file"
        hint = "Give the folder that holds it." if folder else "Give the file itself."
        raise ValueError(f"--data.path {path} is {got}, but {name} reads a {kind}. {hint}")
    return path


def check_different(paths: Sequence[Path], *, name: str, mend: str) -> None:
    """See that two folders are two.

    Raises:
        ValueError: They are one.
    """
    if paths[0].resolve() == paths[1].resolve():
        raise ValueError(
            f"--data.pairs {paths[0]} {paths[1]}: got one folder twice, but {name} expected two. "
            f"{mend}"
        )


def exists(path: Path) -> bool:
    """Return whether there is anything at a path, of which nothing can be if it is too long."""
    try:
        return path.exists()
    except OSError:
        return False


def refusal(path: Path, *, got: str, expected: str, mend: str) -> ValueError:
    """Make the error for data that cannot be read, in one line."""
    got = " ".join(got.split())
    return ValueError(f"--data.path {path}: got {got}, but expected {expected}. {mend}")


def fit(image: Image, image_size: int) -> Image:
    """Resize the shorter side to `image_size` (Lanczos) and crop the centre."""
    from PIL import Image as Images
    from PIL import ImageOps

    if image.size == (image_size, image_size):
        return image
    return ImageOps.fit(image, (image_size, image_size), method=Images.Resampling.LANCZOS)


def fit_arrays(
    samples: Array, *, image_size: int | None, channels: int | None, any_size: bool = False
) -> Array:
    """Bring (N, C, H, W) uint8 images with C of 1, 3 or 4 to the wanted size and channels.

    Alpha is composited over white. With `any_size` images need not fit a network, and are cropped
    to squares of the size that they have if nothing is said.

    Raises:
        ValueError: If a setting is wrong, or the images need a size and none is given.
    """
    check_channels(channels)
    if not any_size:
        check_image_size(image_size)
    samples = as_channels(samples, channels)
    height, width = samples.shape[2:]
    if image_size is None and not any_size and (height != width or height not in SIZES):
        check_image_size(None, needed=f"the images are {width}x{height}, which fits no network")
    target = image_size or min(height, width)
    if (height, width) == (target, target):
        return samples
    return np.stack([_resized(image, target) for image in samples])


def as_channels(samples: Array, channels: int | None) -> Array:
    """Convert (N, C, H, W) uint8 images with C of 1, 3 or 4 to `channels` of 1 or 3."""
    if samples.shape[1] == 4:
        alpha = samples[:, 3:].astype(np.uint16)
        over_white = samples[:, :3] * alpha + 255 * (255 - alpha)
        samples = ((over_white + 127) // 255).astype(np.uint8)
    if channels is None or channels == samples.shape[1]:
        return samples
    if channels == 3:
        return np.repeat(samples, 3, axis=1)
    luma = np.tensordot(samples, np.array([0.299, 0.587, 0.114]), axes=(1, 0))
    return np.rint(luma).astype(np.uint8)[:, None]


def decode(image: Image, *, scale: Scale | None = None) -> Array:
    """Turn one opened image into a (3, H, W) uint8 array.

    Palettes, CMYK, 16 bits and floats become 8-bit RGB; transparency is composited over white.

    Args:
        image: The image.
        scale: What is black and white, where its mode is one of `WIDE_KINDS`.
    """
    from PIL import Image as Images

    if scale is not None:
        image = Images.fromarray(scale.narrow(np.asarray(image)))
    if image.has_transparency_data:
        white = Images.new("RGBA", image.size, "white")
        image = Images.alpha_composite(white, image.convert("RGBA"))
    array = np.asarray(image.convert("RGB"))
    return array.transpose(2, 0, 1)


def _resized(image: Array, image_size: int) -> Array:
    """Fit one (C, H, W) uint8 image."""
    from PIL import Image as Images

    planes = [np.asarray(fit(Images.fromarray(plane), image_size)) for plane in image]
    return np.stack(planes)
