"""Data at a path, by what plainly lies there: a folder of images, `.npz`, CIFAR-10, idx files."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from egan.data import load

if TYPE_CHECKING:
    from egan.data.dataset import Dataset

SIGNS = {
    "cifar10": ("data_batch_?", "data_batch_?.bin", "cifar-10-batches-*/data_batch_?*"),
    "mnist": (
        "train-images*idx3-ubyte*",
        "raw/train-images*idx3-ubyte*",
        "MNIST/raw/train-images*idx3-ubyte*",
    ),
}
"""Files by which folders of published data sets are known."""
NUM_OPENED = 200
"""About how many images tell what size most of them have."""


def loader_at(path: Path) -> str | None:
    """Return the name of the data set that reads what lies at a path; None where none does."""
    if path.is_dir():
        found = (name for name, signs in SIGNS.items() if any(any(path.glob(s)) for s in signs))
        return next(found, "folder")
    return "npz" if path.is_file() and path.suffix.lower() == ".npz" else None


def read(
    path: Path,
    *,
    flag: str,
    image_size: int | None = None,
    channels: int | None = None,
    least: int = 2,
) -> Dataset:
    """Read what lies at a path; images as squares of any size.

    Args:
        path: A folder, or a `.npz` file.
        flag: What messages call the path, such as "--inputs".
        image_size: Height and width to resize to; by default those that most images have.
        channels: 1 for grey, 3 for colour; None keeps what they have.
        least: How many images of a folder are needed.

    Raises:
        ValueError: It cannot be read; the message says why.
    """
    path = path.expanduser()
    name = loader_at(path)
    if name is None:
        what = "is neither a folder nor a .npz file" if path.exists() else "does not exist"
        raise ValueError(f"{flag} {path} {what}; give a folder of images, or a .npz file.")
    if image_size is not None and image_size < 1:
        raise ValueError(f"--image-size must be 1 or more, but got {image_size}.")
    try:
        return _read(name, path, image_size, channels, least)
    except ValueError as error:  # of a loader, which is told of by the flags of a run elsewhere
        told = str(error).replace("--data.path", flag).replace("--data.", "--")
        raise ValueError(told) from error


def _read(
    name: str, path: Path, image_size: int | None, channels: int | None, least: int
) -> Dataset:
    from egan.data import folder, npz
    from egan.data.images import fit_arrays

    if name == "folder":
        size = image_size or common_side(path)
        return folder.load(
            path=path, image_size=size, channels=channels, any_size=True, least=least
        )
    if name == "npz":
        return npz.load(path=path, image_size=image_size, channels=channels, any_size=True)
    dataset = load(name, path=path)
    images = fit_arrays(dataset.samples, image_size=image_size, channels=channels, any_size=True)
    return replace(dataset, samples=images)


def common_side(path: Path) -> int:
    """Return the shorter side that most images of a folder have, of some that can be opened.

    Raises:
        ValueError: None can.
    """
    from egan.data.image_files import open_image
    from egan.data.images import refusal
    from egan.data.listing import list_images

    files, sides = list_images(path).files, Counter[int]()
    for file in files[:: max(1, len(files) // NUM_OPENED)]:
        with suppress(Exception), open_image(file) as image:  # it is told of by who reads them all
            sides[min(image.size)] += 1
    if not sides:
        mend = "Repair them, or give another folder."
        raise refusal(path, got="no image that can be opened", expected="images", mend=mend)
    return sides.most_common(1)[0][0]
