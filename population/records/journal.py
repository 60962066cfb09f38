"""An append-only CSV table that a resumed run cuts back to its checkpoint."""

import csv
import hashlib
import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from population.records.cells import decode, encode
from population.strategy import MISSING

if TYPE_CHECKING:
    import pandas as pd

TEXTS = ("operator", "error")
"""Columns of a history in which nothing is an empty text."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_CELL = re.compile(rb'(?:"((?:[^"]++|"")*+)"|([^",\r\n]*+))(,|\r?\n)')
_TORN = re.compile(rb'(?:"(?:[^"]++|"")*+"?|[^",\r\n]*+)\r?')


class Journal:
    """Rows of named values, on disk or, without a path, in memory.

    The first rows fix the columns. What is read is what was written, type and all, see
    `population.records.cells`.

    Args:
        path: The CSV file; rows are appended to it if it exists.

    Raises:
        ValueError: The path is a link, which may lead anywhere, or the file is no table.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._file: IO[bytes] = io.BytesIO() if path is None else _opened(path)
        self._reread()

    def _reread(self) -> None:
        """Learn from the file which columns there are, and how far its rows reach."""
        content = self._content()
        self._digest = hashlib.sha256(content)
        self._may_be_torn = bool(content)
        self.columns: list[str] = next(_whole_rows(content, self.path), (0, []))[1]

    def _content(self) -> bytes:
        self._file.flush()
        self._file.seek(0)
        content = self._file.read()
        self._file.seek(0, os.SEEK_END)
        return content

    def append(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows and hand them to the operating system.

        Raises:
            ValueError: A row has a column that the first row did not have, or a value that no
                table can hold; nothing of the rows is written then.
        """
        if not rows:
            return
        columns = self.columns or list(rows[0])
        if unknown := [name for row in rows for name in row if name not in columns]:
            raise ValueError(
                f"{self.path or 'the journal'} has the columns {', '.join(columns)}, but a row "
                f"brings {unknown[0]!r}; every generation must report the same names."
            )
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        if not self.columns:
            writer.writerow([encode(name) for name in columns])
        writer.writerows([_cell(name, row) for name in columns] for row in rows)
        self._write(text.getvalue().encode())
        self.columns = columns

    def _write(self, content: bytes) -> None:
        if self._may_be_torn:
            self._cut_torn_row()
        self._file.write(content)
        self._file.flush()
        self._digest.update(content)

    def _cut_torn_row(self) -> None:
        """Cut a last row that a program was writing when it died, so that no row goes on in it."""
        *_, (end, _) = _whole_rows(self._content(), self.path)
        self._file.truncate(end)
        self._digest = hashlib.sha256(self._content())
        self._may_be_torn = False

    def mark(self) -> int:
        """Put everything on the disk; return the size, to cut back to with :meth:`truncate`."""
        self._file.flush()
        if self.path is not None:
            os.fsync(self._file.fileno())
        return self._file.seek(0, os.SEEK_END)

    def digest(self) -> str:
        """Return the SHA-256 of all that was written."""
        return self._digest.hexdigest()

    def check(self, mark: int, digest: str | None = None) -> None:
        """Check that all rows up to a mark are there, as they were written.

        Args:
            mark: What :meth:`mark` returned.
            digest: What :meth:`digest` returned then, to compare with.

        Raises:
            ValueError: The file is shorter than it was at the mark, or has been altered.
        """
        content = self._content()
        if (size := len(content)) < mark:
            raise ValueError(
                f"{self.path} has {size} bytes, but the checkpoint was written when it had {mark}; "
                "rows are missing. Put the file back, or start a new run."
            )
        if digest is not None and not is_unaltered(content, mark, digest):
            raise ValueError(altered(self.path))

    def truncate(self, mark: int) -> None:
        """Forget all rows after a mark.

        Raises:
            ValueError: The file is shorter than it was at the mark.
        """
        self.check(mark)
        self._file.truncate(mark)
        self._reread()

    def frame(self) -> "pd.DataFrame":
        """Return all rows as a table, as :func:`read_journal` does."""
        return table_of(self._content(), self.path)

    def close(self) -> None:
        """Close the file; an in-memory journal stays readable."""
        if self.path is not None:
            self._file.close()


def check_name(name: str) -> None:
    """Check that a journal's name is that of a file in the run's own folder.

    Raises:
        ValueError: It is not.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot be a journal's name: expected up to 100 letters, digits, '-' and '_'."
        )


def is_unaltered(content: bytes, size: int, sha256: str) -> bool:
    """Return whether the first ``size`` bytes have this SHA-256."""
    return hashlib.sha256(memoryview(content)[:size]).hexdigest() == sha256


def altered(path: Path | None) -> str:
    """Return a message about a journal that is not as it was written."""
    return (
        f"{path} was altered after it was written: it does not match the checkpoint's SHA-256. Put "
        "the file back from a copy, or start a new run."
    )


def read_journal(path: Path) -> "pd.DataFrame":
    """Return the table in a journal's file, without a last row that is still being written.

    A column whose cells are all integers, floats or truth values is of that type; any other holds
    the values themselves. NaN stands for what does not exist, but in ``operator`` and ``error``,
    where that is an empty text.

    Raises:
        ValueError: The file is no table; the message names the row and the column.
    """
    return table_of(path.read_bytes(), path)


def table_of(content: bytes, path: Path | None) -> "pd.DataFrame":
    """Return the table in a journal's content, see :func:`read_journal`."""
    import pandas as pd

    rows = [row for _, row in _whole_rows(content, path)]
    if not rows:
        return pd.DataFrame()
    names, *rows = rows
    for number, row in enumerate(rows, start=1):
        if len(row) != len(names):
            raise ValueError(
                f"{path}, row {number}: it has {len(row)} cells, but there are {len(names)} "
                f"columns; {_MEND}"
            )
    cells = zip(*rows, strict=True) if rows else [()] * len(names)
    return pd.DataFrame(
        {name: _column(name, own, path) for name, own in zip(names, cells, strict=True)}
    )


_MEND = "the file was altered, or is no journal. Put it back from a copy."


def _column(name: str, cells: Sequence[str], path: Path | None) -> "pd.Series[Any]":
    import pandas as pd

    known: dict[str, Any] = {}
    for number, cell in enumerate(cells, start=1):
        if cell not in known:
            try:
                known[cell] = decode(cell)
            except ValueError as error:
                raise ValueError(f"{path}, row {number}, {name!r}: {error}; {_MEND}") from error
    if name in TEXTS:
        known[""] = ""
    values = [known[cell] for cell in cells]
    kinds = {type(value) for value in values}
    whole = kinds == {int} and all(-(2**63) <= value < 2**63 for value in known.values())
    same = whole or kinds in ({float}, {bool})
    return pd.Series(values, dtype=kinds.pop().__name__ if same else "object")


def _whole_rows(content: bytes, path: Path | None) -> Iterator[tuple[int, list[str]]]:
    """Yield the byte at which each row ends, and the row; not a last one that is being written.

    Raises:
        ValueError: There is something that is no row, or the names of columns are none.
    """
    row: list[bytes] = []
    place, number = 0, 0
    while match := _CELL.match(content, place):
        place = match.end()
        quoted, bare, end = match.groups()
        row.append(bare if quoted is None else quoted.replace(b'""', b'"'))
        if end != b",":
            cells = _texts(row, f"{path}, row {number}")
            yield place, cells if number else _names(cells, path)
            row, number = [], number + 1
    if not _TORN.fullmatch(content, place):
        raise ValueError(f"{path}, row {number}: it has a quotation mark too many; {_MEND}")


def _texts(row: Sequence[bytes], where: str) -> list[str]:
    try:
        return [cell.decode() for cell in row]
    except UnicodeDecodeError as error:
        raise ValueError(f"{where}: it is no UTF-8; {_MEND}") from error


def _names(cells: Sequence[str], path: Path | None) -> list[str]:
    try:
        names = [decode(cell) for cell in cells]
    except ValueError as error:
        raise ValueError(f"{path}, the names of columns: {error}; {_MEND}") from error
    if wrong := [name for name in names if type(name) is not str or names.count(name) > 1]:
        raise ValueError(f"{path}: {wrong[0]!r} is no name of one column; {_MEND}")
    return names


def _cell(name: str, row: Mapping[str, Any]) -> str:
    try:
        return encode(row.get(name, MISSING))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _opened(path: Path) -> IO[bytes]:
    if path.is_symlink():
        raise ValueError(f"{path} is a link, which may lead out of the run's folder; remove it.")
    return path.open("a+b")
