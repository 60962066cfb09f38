"""A history cut into the lines that figures draw: each row once, from its founder to its end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from population.records.lineage import (
    ancestor_rows,
    copies,
    final_rows,
    founders,
    parent_rows,
    with_ancestors,
)

if TYPE_CHECKING:
    import pandas as pd

    from population.records.result import Record

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

MAX_POINTS = 1000
"""How many points of a line are drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks:
    """The children of a history that did not fail, and the lines they form.

    Attributes:
        table: Their rows.
        parents: The place of each one's parent in the table, (N,); -1 at the start of a line.
        best: The places of the best member's ancestors, oldest first, its own last.
        founder: The place that each one's line started with, (N,).
        alive: Whether each one has a descendant in the last generation, itself included, (N,).
        copied: Whether each one left its slot for another's weights, (N,).
    """

    table: "pd.DataFrame"
    parents: Places
    best: list[int]
    founder: Places
    alive: Flags
    copied: Flags

    def lines(self) -> Iterator[Places]:
        """Yield lines from where they branch off to their ends; the best one's, then the others.

        Every row is in one line, and as the first point also in those that branch off from it.
        """
        ends = np.setdiff1d(np.arange(len(self.parents)), self.parents)
        generations = self.table["generation"].to_numpy()
        latest_first = ends[np.argsort(-generations[ends], kind="stable")]
        seen = np.zeros(len(self.parents), dtype=bool)
        for end in [self.best[-1], *latest_first]:
            line, row = [], int(end)
            while row >= 0 and not seen[row]:
                line.append(row)
                seen[row] = True
                row = int(self.parents[row])
            if line:
                yield np.array([*line, row][::-1] if row >= 0 else line[::-1], dtype=np.int64)


def tracks_of(record: "Record") -> Tracks:
    """Return the lines of a record."""
    history = record.history
    kept = np.flatnonzero(history["error"].to_numpy() == "")
    table = history.iloc[kept].reset_index(drop=True)
    best = int(np.searchsorted(kept, record.row()))
    parents = parent_rows(table)
    last = final_rows(table, asynchronous=record.asynchronous)
    return Tracks(
        table=table,
        parents=parents,
        best=ancestor_rows(parents, best),
        founder=founders(parents),
        alive=with_ancestors(parents, last),
        copied=copies(table),
    )


def joined(lines: Sequence[Places], x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the points of many lines as one, with gaps between them, and long lines thinned."""
    gap = np.array([np.nan])
    thin = [thinned(line) for line in lines]
    parts_x = [part for line in thin for part in (x[line], gap)]
    parts_y = [part for line in thin for part in (y[line], gap)]
    return np.concatenate([gap, *parts_x]), np.concatenate([gap, *parts_y])


def thinned(line: Places) -> Places:
    """Return at most so many rows of a line, evenly spread, with the first and the last."""
    if len(line) <= MAX_POINTS:
        return line
    kept = np.linspace(0, len(line) - 1, MAX_POINTS).round().astype(np.int64)
    return np.asarray(line[kept], dtype=np.int64)
