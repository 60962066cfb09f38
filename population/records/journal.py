"""An append-only CSV table that a resumed run cuts back to its checkpoint."""

import csv
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from population.records.plain_files import check_plain, without_links

if TYPE_CHECKING:
    import pandas as pd


class Journal:
    """Rows of named values, on disk or, without a path, in memory.

    The first rows fix the columns. Floats are written so that reading gives the same bits.

    Args:
        path: The CSV file; rows are appended to it if it exists.

    Raises:
        NotPlainError: The file is a link, or has another name elsewhere.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._stream: TextIO = io.StringIO(newline="") if path is None else _opened(path)
        self.columns: list[str] = self._read_columns()
        self._size = self._end()

    def _read_columns(self) -> list[str]:
        self._stream.seek(0)
        columns = next(csv.reader(self._stream), [])
        self._stream.seek(0, os.SEEK_END)
        return columns

    def append(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows and hand them to the operating system.

        Raises:
            ValueError: A row has a column that the first row did not have.
        """
        if not rows:
            return
        text = io.StringIO(newline="")
        if not self.columns:
            self.columns = list(rows[0])
            csv.writer(text, lineterminator="\n").writerow(self.columns)
        if unknown := [name for row in rows for name in row if name not in self.columns]:
            raise ValueError(
                f"{self.path or 'the journal'} has the columns {', '.join(self.columns)}, but a "
                f"row brings {unknown[0]!r}; every generation must report the same names."
            )
        writer = csv.DictWriter(text, self.columns, restval="", lineterminator="\n")
        writer.writerows(rows)
        self._stream.write(text.getvalue())
        self._stream.flush()
        self._size += len(text.getvalue().encode("utf-8"))

    def mark(self) -> int:
        """Put everything on the disk; return the size, to cut back to with :meth:`truncate`.

        Raises:
            ValueError: Somebody else has deleted, replaced, cut or continued the file.
        """
        self._stream.flush()
        if self.path is None:
            return self._end()
        os.fsync(self._stream.fileno())
        if change := self._change(self.path):
            raise ValueError(
                f"{self.path} was {change} by somebody else while the run was writing it; its rows "
                "cannot be trusted. Start a new run, or put the file back as it was at the last "
                "checkpoint and resume."
            )
        return self._size

    def _change(self, path: Path) -> str:
        """Return what has become of the file without us, or an empty text."""
        try:
            found, own = path.lstat(), os.fstat(self._stream.fileno())
        except FileNotFoundError:
            return "deleted"
        if not os.path.samestat(found, own):
            return "replaced"
        if own.st_size == self._size:
            return ""
        return "cut" if own.st_size < self._size else "continued"

    def _end(self) -> int:
        self._stream.seek(0, os.SEEK_END)
        return self._stream.tell()

    def truncate(self, mark: int) -> None:
        """Forget all rows after a mark.

        Raises:
            ValueError: The file is shorter than it was at the mark.
        """
        if (size := self._end()) < mark:
            raise ValueError(
                f"{self.path} has {size} bytes, but the checkpoint was written when it had {mark}; "
                "rows are missing. Put the file back, or start a new run."
            )
        self._stream.truncate(mark)
        self._size = mark
        self.columns = self._read_columns()

    def frame(self) -> "pd.DataFrame":
        """Return all rows as a table."""
        import pandas as pd

        if not self.columns:
            return pd.DataFrame()
        self._stream.flush()
        self._stream.seek(0)
        table = pd.read_csv(self._stream)
        self._stream.seek(0, os.SEEK_END)
        return tidy(table)

    def close(self) -> None:
        """Close the file; an in-memory journal stays readable."""
        if self.path is not None:
            self._stream.close()


def _opened(path: Path) -> TextIO:
    check_plain(path, alone=True)
    return open(path, "a+", newline="", encoding="utf-8", opener=without_links)


def read_journal(path: Path) -> "pd.DataFrame":
    """Return the table in a journal's file, with empty text columns as empty strings."""
    import pandas as pd

    return tidy(pd.read_csv(path))


def tidy(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return the table with missing text as empty strings."""
    for name in ("operator", "error"):
        if name in table:
            table[name] = table[name].astype("object").fillna("").astype("str")
    return table
