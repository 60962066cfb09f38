"""What a search keeps on disk: journals that grow, and checkpoints to go on from."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from population.records.checkpoint import latest_checkpoint, read_settings, write_checkpoint
from population.records.journal import Journal, altered, check_name, is_unaltered, table_of
from population.records.lock import Lock
from population.records.plain_files import check_plain, read_plain
from population.records.snapshot import CheckpointError, Snapshot

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger("population")

HISTORY = "results"
"""The journal with a row per child."""


class Archive:
    """The journals and checkpoints of one run, below a directory or, without one, in memory.

    The directory may be a stranger's, checksums and all: a name in a checkpoint never becomes a
    path, since a journal is cut when somebody of this process asks for it by its name.

    Args:
        directory: Where ``results.csv``, other journals and ``checkpoints/`` are.
        keep: How many checkpoints stay on disk.
    """

    def __init__(self, directory: Path | None, *, keep: int) -> None:
        self.directory = directory
        self.keep = keep
        self._journals: dict[str, Journal] = {}
        self._marks: Mapping[str, int] = {}
        self._digests: Mapping[str, str] = {}
        self._lock: Lock | None = None
        self._newest: Snapshot | None = None

    def latest(self, identity: Mapping[str, Any]) -> Snapshot:
        """Return the newest whole checkpoint; in memory, the one that was saved last.

        Raises:
            CheckpointError: There is none, or it is of another configuration.
        """
        if self.directory is not None:
            snapshot = latest_checkpoint(self._checkpoints)
        elif self._newest is not None:
            snapshot = self._newest
        else:
            raise ValueError("directory=None: a search without a directory has no checkpoints.")
        snapshot.check_identity(identity)
        return snapshot

    def adopted(self, snapshot: Snapshot, identity: Mapping[str, Any]) -> Snapshot:
        """Return the snapshot of another search as one to go on from, with an empty history.

        Raises:
            CheckpointError: It is of another configuration.
            ValueError: There is a directory, whose history is another.
        """
        if self.directory is not None:
            raise ValueError(
                f"directory={str(self.directory)!r}: a search that goes on from another's snapshot "
                "has a history of its own, in memory. Leave the directory out."
            )
        snapshot.check_identity(identity)
        return replace(snapshot, marks={}, digests={})

    @contextmanager
    def opened(self, resumed: Snapshot | None) -> Iterator[None]:
        """Hold the directory for a while, its journals cut back to where a resumed run stood.

        Raises:
            InUseError: Another search is writing to the directory.
            FileExistsError: A new run would overwrite one.
            CheckpointError: A journal does not reach as far as the checkpoint, or is a link.
        """
        try:
            if self.directory is not None:
                self._claim(self.directory, is_new=resumed is None)
            self._marks = {HISTORY: 0} if resumed is None else resumed.marks
            self._digests = {} if resumed is None else resumed.digests
            if self.directory is not None and HISTORY not in self._marks:
                raise CheckpointError(
                    f"the checkpoint's marks do not name {HISTORY!r}; it is damaged."
                )
            for name in self._journals:
                self._cut_back(name)
            self.journal(HISTORY)
            yield
        finally:
            self._close()

    def journal(self, name: str) -> Journal:
        """Return the journal ``name``.csv, cut back to where a resumed run stood.

        Raises:
            ValueError: It is no name of a file in the folder.
            CheckpointError: The journal does not reach as far as the checkpoint, was altered, or is
                a link.
        """
        check_name(name)
        if name not in self._journals:
            with _told_as_damage():
                self._journals[name] = self._opened(name)
            self._cut_back(name)
        return self._journals[name]

    def journal_beside(self, name: str) -> Journal:
        """Return a journal that is not the history.

        Raises:
            ValueError: It is the history's, or no name of a file in the folder.
        """
        if str(name).lower() == HISTORY:
            raise ValueError(f"{name!r} is the history's own journal; choose another name.")
        return self.journal(name)

    def save(self, snapshot: Snapshot) -> Snapshot:
        """Write a checkpoint that knows how far the journals are; return it.

        Raises:
            CheckpointError: Somebody else has changed a journal; nothing is written.
        """
        with _told_as_damage():
            marks = {name: journal.mark() for name, journal in self._journals.items()}
        digests = {name: journal.digest() for name, journal in self._journals.items()}
        marked = replace(
            snapshot, marks={**self._marks, **marks}, digests={**self._digests, **digests}
        )
        if self.directory is None:
            self._newest = marked
        else:
            write_checkpoint(self._checkpoints, marked, keep=self.keep)
        return marked

    @property
    def _checkpoints(self) -> Path:
        assert self.directory is not None
        path = self.directory / "checkpoints"
        with _told_as_damage():
            check_plain(path)
        return path

    def _claim(self, directory: Path, *, is_new: bool) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._checkpoints.mkdir(exist_ok=True)
        self._lock = Lock(self._checkpoints, name=directory)
        if is_new and (directory / f"{HISTORY}.csv").exists():
            raise FileExistsError(
                f"directory={str(directory)!r} holds a run already; call resume() to go on with "
                "it, or choose another directory."
            )

    def _opened(self, name: str) -> Journal:
        if self.directory is None:
            return Journal()
        path = self.directory / f"{name}.csv"
        if self._marks.get(name) and not os.path.lexists(path):
            raise ValueError(
                f"{path} is missing, but the checkpoint was written when it had "
                f"{self._marks[name]} bytes. Put the file back, or start a new run."
            )
        return Journal(path)

    def _cut_back(self, name: str) -> None:
        if name in self._marks:
            with _told_as_damage():
                self._journals[name].check(self._marks[name], self._digests.get(name))
                self._journals[name].truncate(self._marks[name])

    def _close(self) -> None:
        for journal in self._journals.values():
            journal.close()
        if self._lock is not None:
            self._lock.close()


@contextmanager
def _told_as_damage() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise CheckpointError(str(error)) from error


def read_table(path: Path) -> "pd.DataFrame":
    """Read a journal in a run's folder, compared with the newest checkpoint that it reaches.

    Raises:
        ValueError: It is no table, or was altered after it was written.
    """
    marks = [known["marks"].get(path.stem) for known in read_settings(path.parent / "checkpoints")]
    content = read_plain(path)  # after the marks, since it only grows
    reached = [mark for mark in marks if mark and mark["size"] <= len(content)]
    if reached and reached[0]["sha256"] and not is_unaltered(content, **reached[0]):
        raise ValueError(altered(path))
    if marks and marks[0] and marks[0] not in reached:
        logger.warning("%s is shorter than it was at the last checkpoint; rows are missing", path)
    return table_of(content, path)
