"""A run made again from its journal, child by child."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from population.member import Birth, Hyperparameters, Member
from population.records.lineage import hyperparameter_names
from population.records.result import Record, read_result
from population.records.schedule import existing
from population.seeding import Seeds, preserved_randomness
from population.spaces import SearchSpace
from population.spaces.domain import is_nan
from population.spaces.tree import unflatten
from population.state import PackedState
from population.strategy import KEEP
from population.worker import Genesis, Order, Parent, Report, Worker, Workshop

if TYPE_CHECKING:
    import pandas as pd

Key = tuple[int, int]
"""A child's generation and its place in it."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row of a journal: who was born, of whom, and how."""

    key: Key
    parents: tuple[Key, ...]
    birth: Birth
    failed: bool


def replay(
    run: "str | Path | Record | pd.DataFrame",
    member: Callable[[Hyperparameters], Member],
    *,
    seed: int | None = None,
    space: SearchSpace | Mapping[str, Any] | None = None,
    structural: Sequence[str] = (),
    torch_threads: int = 1,
) -> "pd.DataFrame":
    """Make every child of a run again, in the journal's order, each from its recorded parent.

    Whatever executor made them and whether the search was synchronous or not, the scores are those
    of the journal, bit for bit. Children that failed are left as they were recorded; they were
    nobody's parents. Only states that are still needed as parents are held in memory.

    A run with an environment is refused where it can be told: run :class:`population.Search` again
    with its seed, which gives the same history.

    Args:
        run: A run's directory, the result of a search, or its history.
        member: What built the run's members.
        seed: Another seed than the recorded one, for the same choices on other random numbers.
        space: The search space, for the hyperparameters that change shapes. A result and a
            directory with checkpoints know it.
        structural: Hyperparameters that change shapes, by dotted names, beside those of the space.
        torch_threads: As in the run.

    Returns:
        The history as it came out, with its own ``seconds``.

    Raises:
        ValueError: The run had an environment, or a row stands before its parent's.
        RuntimeError: A child fails that did not fail in the run.
    """
    table, described = _read(run)
    if space is not None:
        described = SearchSpace(space).describe()
    if seed is not None:
        table["seed"] = seed
    workshop = Workshop(
        member=member,
        torch_threads=torch_threads,
        seed=int(table["seed"].iloc[0]) if len(table) else 0,
        structural=(*structural, *(n for n in described if described[n].get("structural"))),
    )
    entries = list(_entries(table))
    with preserved_randomness():
        reports = list(_make_again(entries, workshop))
    return _filled(table, reports)


def _read(run: "str | Path | Record | pd.DataFrame") -> tuple["pd.DataFrame", dict[str, Any]]:
    """Return the table and a description of the space."""
    known = read_result(run) if isinstance(run, str | Path) else run
    table = known.history if isinstance(known, Record) else known
    settings = known.settings if isinstance(known, Record) else {}
    if settings.get("environment"):
        raise ValueError(
            "run: it had an environment, which a replay does not rebuild; run Search again with "
            "the run's seed for the same history."
        )
    return table.copy(), dict(settings.get("space", {}))


def _entries(table: "pd.DataFrame") -> Iterator[_Entry]:
    names = hyperparameter_names(table)
    for row in table.to_dict("records"):
        values = existing({name: row[name] for name in names})
        key = int(row["generation"]), int(row["child"])
        yield _Entry(
            key=key,
            parents=_parents(row),
            birth=Birth(
                seeds=Seeds(int(row["seed"]), *key),
                operator=row["operator"] or None,
                hyperparameters=unflatten(values),
                train=row["operator"] != KEEP,
            ),
            failed=bool(row["error"]),
        )


def _parents(row: Mapping[str, Any]) -> tuple[Key, ...]:
    """Return the keys of a child's parents: of one, or of two of its own generation."""
    generation, partner = int(row["parent_generation"]), row.get("partner")
    first = (generation, int(row["parent"]))
    return (first,) if partner is None or is_nan(partner) else (first, (generation, int(partner)))


def _make_again(entries: Sequence[_Entry], workshop: Workshop) -> Iterator[Report | None]:
    """Make one child after the other; None stands for one that failed in the run."""
    worker = Worker(workshop, None)
    last_use = {key: i for i, one in enumerate(entries) if not one.failed for key in one.parents}
    states: dict[Key, Parent] = {}
    for i, entry in enumerate(entries):
        for key in entry.parents:
            if key[0] == 0:
                states.setdefault(key, Genesis(key[1], entry.birth.hyperparameters))
        if entry.failed:
            yield None
            continue
        report, state = _make(worker, entry, states)
        if last_use.get(entry.key, i) > i:
            states[entry.key] = state
        for key in entry.parents:
            if last_use[key] == i:
                states.pop(key)
        yield report


def _make(
    worker: Worker, entry: _Entry, states: Mapping[Key, Parent]
) -> tuple[Report, PackedState]:
    name = "generation {}, child {}".format(*entry.key)
    for generation, child in entry.parents:
        if (generation, child) not in states:
            raise ValueError(
                f"{name}: its parent, generation {generation}, child {child}, is not among the "
                "rows before it; replay a whole journal, in its order."
            )
    parents = [states[key] for key in entry.parents]
    order = Order(entry.key[1], 0, entry.birth, partner=1 if len(parents) > 1 else None)
    report, state = worker.make_alone([order], parents)
    if state is None:
        raise RuntimeError(f"{name} fails now, though it did not in the run:\n{report.error}")
    return report, state


def _filled(table: "pd.DataFrame", reports: Sequence[Report | None]) -> "pd.DataFrame":
    """Return the table with the scores and seconds of the reports."""
    columns = list(table.columns)
    scores = columns[columns.index("operator") + 1 : columns.index("survived")]
    missing = [float("nan")] * len(table)
    for name in scores:
        table[name] = [
            old if report is None else report.scores.get(name, old)
            for old, report in zip(missing, reports, strict=True)
        ]
    table["seconds"] = [0.0 if report is None else report.seconds for report in reports]
    return table
