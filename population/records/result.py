"""What a search leaves behind: the best member, the history, and who came from whom."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from population.records.archive import HISTORY, read_table
from population.records.checkpoint import read_settings
from population.records.lineage import (
    IDENTITY,
    TIMING,
    ancestor_rows,
    ancestry,
    best_row,
    check_history,
    parent_rows,
    row_of,
    score_names,
    survivors,
)
from population.records.schedule import Schedule, schedule_of
from population.state import State, unpack
from population.strategy import Individual

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = [
    "IDENTITY",
    "TIMING",
    "Record",
    "Result",
    "Survivor",
    "ancestry",
    "read_result",
    "survivors",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivor:
    """A member of the final population, with its state unpacked."""

    generation: int
    index: int
    hyperparameters: dict[str, Any]
    scores: dict[str, float]
    state: State = field(repr=False)

    @classmethod
    def of(cls, individual: Individual) -> "Survivor":
        """Return a living member of a population, which is packed in this process."""
        return cls(
            generation=individual.generation,
            index=individual.index,
            hyperparameters=individual.hyperparameters,
            scores=individual.scores,
            state=unpack(individual.state),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a search wrote down, without the members themselves.

    Attributes:
        history: A row per child: run, seed, generation, child, parent, operator, scores,
            survived, error, seconds, hyperparameters.
        settings: The run's settings as JSON values, its strategy's objective and space among them;
            empty where they are not known.
    """

    history: "pd.DataFrame" = field(repr=False)
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def objective(self) -> str:
        """The score that ranked the members; the first one where the settings do not name it."""
        names = score_names(self.history)
        named = str(self.settings.get("objective", names[0]))
        return named if named in names else names[0]

    @property
    def asynchronous(self) -> bool:
        """Whether the members went on by themselves, without waiting for each other."""
        return bool(self.settings.get("asynchronous", False))

    @property
    def lineage(self) -> "pd.DataFrame":
        """The survivors' rows of the history: who came from whom, by which operator.

        ``copied`` says whether a member went on from another one's weights instead of its own.
        """
        return survivors(self.history)

    @property
    def failures(self) -> "pd.DataFrame":
        """The rows of the children that failed; ``error`` holds the traceback."""
        return self.history[self.history["error"] != ""]

    def ancestry(self, member: "Survivor | tuple[int, int] | None" = None) -> "pd.DataFrame":
        """Return the rows of a member's ancestors, oldest first, its own last.

        Args:
            member: A survivor, or (generation, child); by default the best one.

        Raises:
            ValueError: There is no such child.
        """
        line = ancestor_rows(parent_rows(self.history), self.row(member))
        return self.history.iloc[line].reset_index(drop=True)

    def schedule(self, member: "Survivor | tuple[int, int] | None" = None) -> Schedule:
        """Return the hyperparameters that a member lived through, generation by generation.

        Args:
            member: A survivor, or (generation, child); by default the best one.

        Raises:
            ValueError: There is no such child.
        """
        return schedule_of(self.ancestry(member), objective=self.objective)

    def plot(self, *, unit: str = "generation") -> "Figure":
        """Draw the score and each hyperparameter over generations, the best's line on top.

        Args:
            unit: What a generation is called.
        """
        from population.plots import plot_search

        return plot_search(self, unit=unit)

    def plot_lineage(self, *, unit: str = "generation") -> "Figure":
        """Draw who came from whom: generations on x, slots on y, colour by score.

        Args:
            unit: What a generation is called.
        """
        from population.plots import plot_lineage

        return plot_lineage(self, unit=unit)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: how it went, and its curves."""
        from population.plots.html import record_html

        return record_html(self)

    def row(self, member: "Survivor | tuple[int, int] | None" = None) -> int:
        """Return the place of a member's row in the history; the best one's by default.

        Raises:
            ValueError: There is no such child, or none with a finite score.
        """
        if member is None:
            return best_row(self.history, self.objective, asynchronous=self.asynchronous)
        if isinstance(member, Survivor):
            return row_of(self.history, member.generation, member.index)
        return row_of(self.history, *member)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Record):
    """The outcome of a search.

    Attributes:
        best: The final population's best member.
        population: The final population, best first.
        environment: The state of what the members live in; None where there is no such thing.
        interrupted: Whether the search was stopped before the last generation.
    """

    best: Survivor
    population: list[Survivor]
    environment: State | None = field(default=None, repr=False)
    interrupted: bool = False

    def row(self, member: Survivor | tuple[int, int] | None = None) -> int:
        """Return the place of a member's row in the history; the best one's by default.

        Raises:
            ValueError: There is no such child.
        """
        return Record.row(self, self.best if member is None else member)


def read_result(directory: str | Path) -> Record:
    """Read what a search wrote to its directory, finished or not; nothing is run.

    Raises:
        ValueError: The directory holds no results, or they are not as they were written.
    """
    path = Path(directory) / f"{HISTORY}.csv"
    if not path.is_file():
        raise ValueError(
            f"directory={str(directory)!r} holds no results.csv; give the directory of a run: the "
            "one that was handed to Search(directory=...)."
        )
    known = read_settings(path.parent / "checkpoints")
    history = read_table(path)
    if history.empty:
        raise ValueError(f"{path} is empty: no generation is complete yet.")
    check_history(history, path)
    return Record(history=history, settings=known[0]["identity"] if known else {})
