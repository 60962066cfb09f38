"""Who came from whom: ancestors, copies and founders, read from the rows of a history."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

IDENTITY = ["generation", "child", "parent_generation", "parent", "operator"]
TIMING = ["seconds"]
"""The columns of a history that may differ between two runs of one seed."""


def score_names(history: "pd.DataFrame") -> list[str]:
    """Return the names of the scores: the columns between ``operator`` and ``survived``."""
    names = [str(name) for name in history.columns]
    return names[names.index("operator") + 1 : names.index("survived")]


def hyperparameter_names(history: "pd.DataFrame") -> list[str]:
    """Return the dotted names of the hyperparameters: the columns after ``seconds``."""
    names = [str(name) for name in history.columns]
    return names[names.index("seconds") + 1 :]


def parent_rows(history: "pd.DataFrame") -> Places:
    """Return the row of each row's parent, (N,) integers; -1 for a child of the random start."""
    import pandas as pd

    numbers = history[IDENTITY[:4]].to_numpy(dtype=np.int64)
    if not len(numbers):
        return np.empty(0, dtype=np.int64)
    width = int(numbers[:, [1, 3]].max()) + 1
    children = pd.Index(numbers[:, 0] * width + numbers[:, 1])
    places = children.get_indexer(numbers[:, 2] * width + numbers[:, 3])
    return np.asarray(places, dtype=np.int64)


def copies(history: "pd.DataFrame") -> Flags:
    """Return for each row whether the child left its slot to go on from another's weights.

    Where a parent has several children without an operator, all but the one in its own slot are
    copies. So the children of an evolution are none, and neither are members that moved up because
    others stopped.
    """
    table = history[["generation", "parent_generation", "parent"]]
    repeated = table.duplicated().groupby(history["generation"]).transform("any")
    flags = repeated & (history["operator"] == "") & (history["child"] != history["parent"])
    return np.asarray(flags, dtype=np.bool_)


def founders(parents: Places, generations: npt.ArrayLike) -> Places:
    """Return the row that each row's line starts with, (N,), from :func:`parent_rows`."""
    first = np.arange(len(parents))
    for row in np.argsort(np.asarray(generations), kind="stable"):
        if parents[row] >= 0:
            first[row] = first[parents[row]]
    return first


def ancestor_rows(parents: Places, row: int) -> list[int]:
    """Return the rows of a line of ancestors, oldest first, the given row last."""
    line = []
    while row >= 0:
        line.append(row)
        row = int(parents[row])
    return line[::-1]


def row_of(history: "pd.DataFrame", generation: int, child: int) -> int:
    """Return the place of a child's row.

    Raises:
        ValueError: There is no such child.
    """
    found = np.flatnonzero((history["generation"] == generation) & (history["child"] == child))
    if not len(found):
        raise ValueError(f"generation {generation} has no child {child} in this history.")
    return int(found[0])


def ancestry(history: "pd.DataFrame", generation: int, child: int) -> "pd.DataFrame":
    """Return the line of ancestors of one child, oldest first, itself included.

    Raises:
        ValueError: There is no such child.
    """
    line = ancestor_rows(parent_rows(history), row_of(history, generation, child))
    return history.iloc[line].reset_index(drop=True)


def survivors(history: "pd.DataFrame") -> "pd.DataFrame":
    """Return the survivors' rows, without timing and errors, and whether each was ``copied``."""
    table: Any = history.assign(copied=copies(history))
    kept = table[history["survived"]]
    return kept.drop(columns=["survived", "error", *TIMING]).reset_index(drop=True)


def best_row(history: "pd.DataFrame", score: str) -> int:
    """Return the row of the best child of the last generation that has survivors.

    Raises:
        ValueError: No survivor has a finite score.
    """
    values = history[score].to_numpy(dtype=float)
    usable = history["survived"].to_numpy(dtype=bool) & np.isfinite(values)
    if not usable.any():
        raise ValueError(f"no survivor in this history has a finite score {score!r}.")
    generations = history["generation"].to_numpy()
    last = usable & (generations == generations[usable].max())
    return int(np.argmax(np.where(last, values, -np.inf)))
