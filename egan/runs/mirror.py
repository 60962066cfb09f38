"""The copy of a run elsewhere: brought up to date at every checkpoint, in an order that holds.

A checkpoint counts from the moment its manifest is there. So the journals, pictures and a
checkpoint's data go first, the manifests next, and what the run has deleted last: wherever the copy
is broken off, it holds a checkpoint with all that it needs. Each file is whole or absent.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from egan.files import atomic
from egan.runs.remote import inner
from population import Callback

if TYPE_CHECKING:
    from egan.runs.remote import Remote
    from population import Search

logger = logging.getLogger("egan")

PAUSES = (0.5, 2.0, 8.0)
"""Seconds before a copy that failed is tried again, each time."""

MANIFEST = "manifest.json"


class Mirror(Callback):
    """Keeps a copy of a run's folder.

    A copy that fails is tried again; then a warning says so, the run goes on, and all of it is
    copied at the next checkpoint. Nothing local is ever lost.

    Args:
        remote: The folder of runs that the copy is in.
        path: The run's folder on this machine.
    """

    def __init__(self, remote: Remote, path: Path) -> None:
        self.remote = remote
        self.path = path
        self.url = f"{remote.url.rstrip('/')}/{path.name}"
        self.is_behind = False
        self._root = f"{remote.root}/{path.name}"
        self._copied: dict[str, Any] = {}
        self._there: set[str] = set()
        self._is_listed = False

    def on_checkpoint(self, search: Search) -> None:  # noqa: ARG002 - the interface
        """Bring the copy up to date."""
        self.update()

    def start(self) -> None:
        """Make the copy, or bring it up to date, before anything is computed.

        Raises:
            UserError: It cannot be written to.
        """
        with self.remote.told():
            self._update()

    def update(self) -> bool:
        """Bring the copy up to date; return whether that worked."""
        error = _tried(self._update)
        if error is not None:
            logger.warning(
                "the copy at %s is behind (%s: %s); the run goes on, and all of it is in %s",
                self.url,
                type(error).__name__,
                error,
                self.path,
            )
        elif self.is_behind:
            logger.info("the copy at %s is up to date again", self.url)
        self.is_behind = error is not None
        return error is None

    def discard(self) -> None:
        """Delete the copy of a run in which nothing was computed."""
        with suppress(Exception):  # it may not be reachable, which is why nothing was computed
            self.remote.files.rm(self._root, recursive=True)

    def _update(self) -> None:
        files = self.remote.files
        here = {path.relative_to(self.path).as_posix(): path for path in _files(self.path)}
        if not self._is_listed:
            files.invalidate_cache()
            self._there = {inner(path, self._root) for path in files.find(self._root)}
            self._is_listed = True
        self._delete(_gone_behind(self._there, here))
        for name in sorted(here, key=lambda name: (name.endswith(f"/{MANIFEST}"), name)):
            self._copy(name, here[name])
        self._delete(sorted(self._there - set(here), key=_manifests_first))

    def _copy(self, name: str, path: Path) -> None:
        """Copy a file that has changed, so that a reader sees the old one or the new one."""
        try:
            status = path.stat()
        except FileNotFoundError:  # of another process, such as a figure that is being drawn
            return
        mark = status.st_size, status.st_mtime_ns, status.st_ino
        if self._copied.get(name) == mark:
            return
        _put(self.remote.files, path, f"{self._root}/{name}")
        self._copied[name] = mark
        self._there.add(name)

    def _delete(self, names: Iterable[str]) -> None:
        for name in names:
            self.remote.files.rm_file(f"{self._root}/{name}")
            self._copied.pop(name, None)
            self._there.discard(name)


def _put(files: Any, path: Path, target: str) -> None:
    """Write a file that is whole or absent: under another name first where that can be renamed."""
    files.makedirs(target.rpartition("/")[0], exist_ok=True)
    if getattr(files, "local_file", False):
        with atomic(Path(target)) as temporary:
            shutil.copyfile(path, temporary)
        return
    with path.open("rb") as source, files.open(target, "wb", autocommit=False) as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
    copy.commit()


def _gone_behind(there: set[str], here: dict[str, Path]) -> list[str]:
    """Return the manifests of checkpoints that come after all that the run still has.

    A resumed run that had to go back behind them has cut its journals, which they count on.
    """
    kept = [name for name in here if name.endswith(f"/{MANIFEST}")]
    return [name for name in there if name.endswith(f"/{MANIFEST}") and kept and name > max(kept)]


def _manifests_first(name: str) -> tuple[bool, str]:
    return not name.endswith(MANIFEST), name


def _files(path: Path) -> list[Path]:
    """Return the files of a run, but those that are being written under another name."""
    found = (one for one in path.rglob("*") if one.is_file() and not one.is_symlink())
    return [one for one in found if not _is_draft(one.relative_to(path))]


def _is_draft(place: Path) -> bool:
    return any(part.startswith(".") for part in place.parts)


def _tried(step: Callable[[], None]) -> Exception | None:
    """Try a step, and again after each pause; return the last error, None once it succeeds."""
    error: Exception | None = None
    for pause in (*PAUSES, None):
        try:
            step()
        except Exception as raised:  # each library raises its own; a copy must not cost the run
            error = raised
        else:
            return None
        if pause is not None:
            time.sleep(pause)
    return error
