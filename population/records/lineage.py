"""Who came from whom: ancestors, copies and founders, read from the rows of a history."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from population.spaces.domain import is_nan

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
    """Return the row of each row's parent, (N,) integers; -1 for a child of the random start.

    Of two parents it is the first, whose state the child began with; the column ``partner`` has the
    other's place in the same generation.
    """
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

    The children of an evolution, which have operators, are no copies. Neither are members that
    moved up because others stopped: their generation is smaller, and no parent has two children.
    """
    if history.empty:
        return np.empty(0, dtype=np.bool_)
    sizes = history.groupby("generation")["child"].transform("size")
    repeated = history[["parent_generation", "parent"]].duplicated(keep=False)
    several = repeated.groupby(history["generation"]).transform("any")
    moved = (history["operator"] == "") & (history["child"] != history["parent"])
    return np.asarray(moved & (several | (sizes == sizes.max())), dtype=np.bool_)


def founders(parents: Places) -> Places:
    """Return the row that each row's line starts with, (N,), from :func:`parent_rows`."""
    first = np.where(parents < 0, np.arange(len(parents)), parents)
    while not np.array_equal(first, first[first]):
        first = first[first]
    return first


def with_ancestors(parents: Places, chosen: Flags) -> Flags:
    """Return which rows are chosen or have a descendant that is, (N,)."""
    found = np.zeros(len(parents), dtype=np.bool_)
    for end in np.flatnonzero(chosen):
        row = int(end)
        while row >= 0 and not found[row]:
            found[row] = True
            row = int(parents[row])
    return found


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


def final_rows(history: "pd.DataFrame", *, asynchronous: bool = False) -> Flags:
    """Return which rows are of the last population, (N,).

    Args:
        history: The rows of a search.
        asynchronous: Whether its slots went on by themselves, so that each has an end of its own.
    """
    survived: Flags = np.array(history["survived"], dtype=np.bool_)
    if asynchronous:
        later = history[survived].duplicated("child", keep="last").to_numpy()
        survived[np.flatnonzero(survived)[later]] = False
        return survived
    generations = history["generation"].to_numpy()
    last = generations[survived].max() if survived.any() else 0
    return np.asarray(survived & (generations == last), dtype=np.bool_)


def best_row(history: "pd.DataFrame", score: str, *, asynchronous: bool = False) -> int:
    """Return the row of the last population's best member.

    Raises:
        ValueError: None of it has a finite score.
    """
    values = history[score].to_numpy(dtype=float)
    usable = final_rows(history, asynchronous=asynchronous) & np.isfinite(values)
    if not usable.any():
        raise ValueError(f"nobody in the last population has a finite score {score!r}.")
    return int(np.argmax(np.where(usable, values, -np.inf)))


_KINDS: dict[str, type] = {
    "seed": int,
    "generation": int,
    "child": int,
    "parent_generation": int,
    "parent": int,
    "operator": str,
    "survived": bool,
    "error": str,
    "seconds": float,
}

_EXPECTED: dict[type, str] = {
    int: "an integer of at least 0 (a generation: 1)",
    str: "a text",
    bool: "True or False",
    float: "a number with a point",
}


def check_history(history: "pd.DataFrame", path: Path) -> None:
    """Check that a table is a history: its columns, their types, and parents before children.

    Raises:
        ValueError: It is none; the message names the row and the column.
    """
    missing = [name for name in _KINDS if name not in history]
    names = [str(name) for name in history.columns]
    if missing or names.index("operator") > names.index("survived"):
        raise ValueError(f"{path} is no history: {(missing or ['survived'])[0]!r} is not in it.")
    for name, kind in {**_KINDS, **dict.fromkeys(score_names(history), float)}.items():
        least = 1 if name == "generation" else 0
        for row, value in enumerate(history[name].tolist(), start=1):
            if type(value) is not kind or (isinstance(value, int) and value < least):
                raise ValueError(
                    f"{path}, row {row}, {name!r}: {value!r:.60}, expected {_EXPECTED[kind]}, as a "
                    "search writes it. Put the file back from a copy."
                )
    _check_order(history, path)
    _check_partners(history, path)


def _check_partners(history: "pd.DataFrame", path: Path) -> None:
    """Check that whoever has a partner has both parents among the rows of its own generation."""
    rows = history.to_dict("records") if "partner" in history else []
    born: set[tuple[int, int]] = set()
    for number, row in enumerate(rows, start=1):
        partner, generation = row["partner"], row["generation"]
        one = is_nan(partner)
        two = type(partner) is int and (generation, partner) in born
        if not (one or (two and row["parent_generation"] == generation)):
            raise ValueError(
                f"{path}, row {number}, 'partner': {partner!r:.60}, expected nothing, or the place "
                "of a child of this generation, as the parent is then. Put the file back from a "
                "copy."
            )
        born.add((generation, row["child"]))


def _check_order(history: "pd.DataFrame", path: Path) -> None:
    keys = history[IDENTITY[:2]]
    if keys.duplicated().any():
        row = int(np.flatnonzero(keys.duplicated())[0])
        raise ValueError(f"{path}, row {row + 1}: this child of its generation is there already.")
    late = np.flatnonzero(parent_rows(history) >= np.arange(len(history)))
    if len(late):
        raise ValueError(f"{path}, row {late[0] + 1}: its parent is not among the rows before it.")
