"""What a search leaves behind: the best member, the history, and who came from whom."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from population.state import State

if TYPE_CHECKING:
    import pandas as pd

IDENTITY = ["generation", "child", "parent_generation", "parent", "operator"]
TIMING = ["seconds"]
"""The columns of a history that may differ between two runs of one seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivor:
    """A member of the final population, with its state unpacked."""

    generation: int
    index: int
    hyperparameters: dict[str, Any]
    scores: dict[str, float]
    state: State = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The outcome of a search.

    Attributes:
        best: The final population's best member.
        population: The final population, best first.
        history: A row per child: run, seed, generation, child, parent, operator, scores,
            survived, error, seconds, hyperparameters.
        interrupted: Whether the search was stopped before the last generation.
    """

    best: Survivor
    population: list[Survivor]
    history: "pd.DataFrame" = field(repr=False)
    interrupted: bool = False

    @property
    def lineage(self) -> "pd.DataFrame":
        """The survivors' rows of the history: who came from whom, by which operator."""
        return survivors(self.history)

    @property
    def failures(self) -> "pd.DataFrame":
        """The rows of the children that failed; ``error`` holds the traceback."""
        return self.history[self.history["error"] != ""]


def survivors(history: "pd.DataFrame") -> "pd.DataFrame":
    """Return the survivors' rows, without timing and errors."""
    kept = history[history["survived"]]
    return kept.drop(columns=["survived", "error", *TIMING]).reset_index(drop=True)


def ancestry(history: "pd.DataFrame", generation: int, child: int) -> "pd.DataFrame":
    """Return the line of ancestors of one child, oldest first, itself included.

    Raises:
        ValueError: There is no such child.
    """
    rows = history.set_index(["generation", "child"])
    line = []
    key = (generation, child)
    if key not in rows.index:
        raise ValueError(f"generation {generation} has no child {child} in this history.")
    while key in rows.index:
        line.append(key)
        row = rows.loc[key]
        key = (int(row["parent_generation"]), int(row["parent"]))
    return rows.loc[line[::-1]].reset_index()
