"""Files that no reader ever sees half of."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from population.records.plain_files import remove


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; what was written there takes its place at the end.

    A reader sees the old file or the new one, never half of one; an exception leaves the old one.
    """
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    remove(temporary)  # of another process that had our number, or a link in a stranger's folder
    try:
        yield temporary
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def check_free(path: Path) -> None:
    """See that nothing would be written over: nothing is there, or an empty folder.

    Raises:
        ValueError: Something would.
    """
    if any(path.iterdir()) if path.is_dir() else os.path.lexists(path):
        what = "is not empty" if path.is_dir() else "is there already"
        raise ValueError(f"{path} {what}, and nothing is written over; give another --output.")


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside `path`; at the end what is in it is found at `path`.

    An exception leaves nothing. Where `path` is an empty folder it stays the same one, since it may
    be somebody's current one.
    """
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        if path.is_dir():
            for entry in temporary.iterdir():
                entry.rename(path / entry.name)
        else:
            temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, atomically."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file, atomically."""
    write_text(path, json.dumps(content, indent=2) + "\n")


def cache_folder() -> Path:
    """Return the folder of what is worth keeping: `$EGAN_CACHE`, or `~/.cache/egan`."""
    try:
        return Path(os.environ.get("EGAN_CACHE") or "~/.cache/egan").expanduser()
    except RuntimeError:  # a user without a home, as in some containers
        return Path(tempfile.gettempdir(), "egan-cache")
