"""What a search keeps on disk: journals that grow, and checkpoints to go on from."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from population.records.checkpoint import (
    CheckpointError,
    Snapshot,
    latest_checkpoint,
    read_settings,
    write_checkpoint,
)
from population.records.journal import Journal, altered, check_name, is_unaltered, table_of

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger("population")

HISTORY = "results"
"""The journal with a row per child."""


class Archive:
    """The journals and checkpoints of one run, below a directory or, without one, in memory.

    Args:
        directory: Where ``results.csv``, other journals and ``checkpoints/`` are.
        keep: How many checkpoints stay on disk.
    """

    def __init__(self, directory: Path | None, *, keep: int) -> None:
        self.directory = directory
        self.keep = keep
        self._journals: dict[str, Journal] = {}
        self._newest: Snapshot | None = None

    def latest(self, identity: Mapping[str, Any]) -> Snapshot:
        """Return the newest whole checkpoint; in memory, the one that was saved last.

        Raises:
            CheckpointError: There is none, or it is of another configuration.
        """
        if self.directory is not None:
            snapshot = latest_checkpoint(self.directory / "checkpoints")
        elif self._newest is not None:
            snapshot = self._newest
        else:
            raise ValueError("directory=None: a search without a directory has no checkpoints.")
        snapshot.check_identity(identity)
        return snapshot

    def open(self, resumed: Snapshot | None) -> None:
        """Open the journals, cut back to where a resumed run stood.

        Raises:
            FileExistsError: A new run would overwrite one.
            CheckpointError: A journal does not reach as far as the checkpoint.
        """
        if self.directory is not None:
            self.directory.mkdir(parents=True, exist_ok=True)
            if resumed is None and (self.directory / "results.csv").exists():
                raise FileExistsError(
                    f"directory={str(self.directory)!r} holds a run already; call resume() to go "
                    "on with it, or choose another directory."
                )
        marks = {HISTORY: 0} if resumed is None else resumed.marks
        digests = {} if resumed is None else resumed.digests
        if self.directory is not None and HISTORY not in marks:
            raise CheckpointError(f"the checkpoint's marks do not name {HISTORY!r}; it is damaged.")
        try:
            for name in marks:
                self.journal(name).check(marks[name], digests.get(name))
            for name in marks:
                self.journal(name).truncate(marks[name])
        except ValueError as error:
            raise CheckpointError(str(error)) from error

    def journal(self, name: str) -> Journal:
        """Return the journal ``name``.csv.

        Raises:
            ValueError: It is no name of a file in the folder.
        """
        check_name(name)
        if name not in self._journals:
            path = None if self.directory is None else self.directory / f"{name}.csv"
            self._journals[name] = Journal(path)
        return self._journals[name]

    def save(self, snapshot: Snapshot) -> Snapshot:
        """Write a checkpoint that knows how far the journals are; return it."""
        marks = {name: journal.mark() for name, journal in self._journals.items()}
        digests = {name: journal.digest() for name, journal in self._journals.items()}
        marked = replace(snapshot, marks=marks, digests=digests)
        if self.directory is None:
            self._newest = marked
        else:
            write_checkpoint(self.directory / "checkpoints", marked, keep=self.keep)
        return marked

    def close(self) -> None:
        """Close the journals' files."""
        for journal in self._journals.values():
            journal.close()


def read_table(path: Path) -> "pd.DataFrame":
    """Read a journal in a run's folder, compared with the newest checkpoint that it reaches.

    Raises:
        ValueError: It is no table, or was altered after it was written.
    """
    marks = [known["marks"].get(path.stem) for known in read_settings(path.parent / "checkpoints")]
    content = path.read_bytes()  # after the marks, since it only grows
    reached = [mark for mark in marks if mark and mark["size"] <= len(content)]
    if reached and reached[0]["sha256"] and not is_unaltered(content, **reached[0]):
        raise ValueError(altered(path))
    if marks and marks[0] and marks[0] not in reached:
        logger.warning("%s is shorter than it was at the last checkpoint; rows are missing", path)
    return table_of(content, path)
