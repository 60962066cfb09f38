"""Which files of a folder are images, and what is left out of it: always named, with counts."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from egan.data.images import refusal

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff")
NUM_NAMED = 20


@dataclass
class Listing:
    """The images below a folder.

    Attributes:
        root: The folder.
        files: The images, in a fixed order.
        folders: The names of its own subfolders.
        unreadable: Why a folder below it could not be read, by its path.
        others: How many files have another format, by suffix.
        hidden: How many images and folders begin with a point.
    """

    root: Path
    files: list[Path] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)
    hidden: int = 0

    def notes(self) -> Iterator[str]:
        """Yield a sentence for each kind of thing that is left out."""
        if self.unreadable:
            yield f"left out {counted(len(self.unreadable), 'folder')}: {named(self.unreadable)}"
        if self.others:
            kinds = ", ".join(f"{kind} {count:,}" for kind, count in self.others.most_common())
            yield f"left out {counted(self.others.total(), 'other file')} ({kinds})"
        if self.hidden:
            hidden = counted(self.hidden, "hidden image or folder", "hidden images or folders")
            yield f"left out {hidden} (names that begin with a point)"


def list_images(root: Path) -> Listing:
    """List the images below a folder; links are followed, each folder once.

    Raises:
        ValueError: There are none.
    """
    found, seen = Listing(root), set[str]()

    def unreadable(error: OSError) -> None:
        found.unreadable[os.path.relpath(error.filename, root)] = error.strerror or str(error)

    for place, folders, names in os.walk(root, followlinks=True, onerror=unreadable):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        hidden = [name for name in folders if name.startswith(".")]
        folders[:] = sorted(set(folders) - set(hidden))
        found.hidden += len(hidden)
        if Path(place) == root:
            found.folders = list(folders)
        _sort(found, Path(place), names)
    if not found.files:
        raise _no_images(found)
    found.files.sort()
    return found


def _sort(found: Listing, place: Path, names: Iterable[str]) -> None:
    for name in names:
        if name.startswith("."):
            found.hidden += _image(name)
        elif _image(name):
            found.files.append(place / name)
        else:
            found.others[Path(name).suffix.lower() or "without a suffix"] += 1


def _image(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _no_images(found: Listing) -> ValueError:
    left_out = [note.removeprefix("left out ") for note in found.notes()]
    return refusal(
        found.root,
        got=f"no image ({'; '.join(left_out)})" if left_out else "an empty folder",
        expected=f"images ({' '.join(SUFFIXES)})",
        mend="Give the folder that holds the images.",
    )


def counted(count: int, word: str, many: str = "") -> str:
    """Return "1 image", "2 images"."""
    return f"{count:,} {word if count == 1 else many or word + 's'}"


def named(reasons: dict[str, str]) -> str:
    """Return names, each with its reason, the first twenty of them."""
    said = [f"{name} ({reason})" for name, reason in sorted(reasons.items())[:NUM_NAMED]]
    more = len(reasons) - len(said)
    return "; ".join(said) + (f"; and {more} more" if more > 0 else "")
