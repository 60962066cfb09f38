"""Tables of one's own: CSV with the names of its columns in the first line."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence

MOST_SHOWN = 80


def headed(
    lines: Iterable[str], columns: Sequence[str], *, refused: Callable[[str], ValueError]
) -> csv.DictReader[str]:
    """Return a reader of rows by column, whose names are in small letters.

    Args:
        lines: Of the table.
        columns: Those that there must be once each, in any order and beside others.
        refused: From the columns that there are, as one shows them, to the error if they are not.

    Raises:
        ValueError: They are not.
        csv.Error: It is no CSV.
    """
    rows = csv.DictReader(lines, strict=True, skipinitialspace=True)
    found = [str(name).strip().lower() for name in rows.fieldnames or ()]
    if any(found.count(name) != 1 for name in columns):
        text = ",".join(found)
        raise refused((text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}...") or "none")
    rows.fieldnames = found
    return rows
