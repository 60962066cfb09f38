"""What contests are worth: each child of a litter survives once, and the run goes on from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from egan.errors import UserError, told_to_user
from egan.judging.measures import OBJECTIVE
from egan.reporting.plots.tables import read_results
from population import Callback
from population.strategies.overruled import Overruled
from population.strategy import KEEP

if TYPE_CHECKING:
    from rich.console import Console

    from egan.runs.plan import Plan
    from egan.runs.preparation import Prepared
    from population import Search
    from population.records.snapshot import Snapshot


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A child that was let survive, and what came of it.

    Attributes:
        generation: The contest.
        child: Its place in the litter.
        operator: The mutation that made it.
        won: Whether it survived in the run.
        fitness: What it was selected by.
        now: How good its samples were at once; as `later`.
        later: How good they were after the horizon, by the task's score against the data: minus the
            log of a distance, or whatever it is that the task calls fitness; higher is better.
    """

    generation: int
    child: int
    operator: str
    won: bool
    fitness: float
    now: float
    later: float


def measure(
    run: Path, plan: Plan, prepared: Prepared, *, count: int, horizon: int, console: Console
) -> pd.DataFrame:
    """Follow each child of some contests, spread over a run; return a row for each, see `Branch`.

    Args:
        run: The folder of the run.
        plan: How it was carried out.
        prepared: What it needs.
        count: Contests.
        horizon: Generations that each child is followed for.
        console: Where progress is shown.

    Raises:
        UserError: The run is no evolution with contests, is too short, or does not come out again.
    """
    with told_to_user(ValueError, OSError):
        results = read_results(run)
    chosen = contests(results, plan, count=count, horizon=horizon)
    litters = {number: results[results["generation"] == number] for number in chosen}
    steps = chosen[-1] - 1 + sum((1 + horizon) * len(usable(one)) for one in litters.values())
    rows: list[Branch] = []
    with _bar(console, steps) as advance:
        snapshots = _snapshots(plan, prepared, {n - 1 for n in chosen}, results, advance)
        for number, litter in litters.items():
            for _, row in usable(litter).iterrows():
                now, later = _followed(
                    plan,
                    prepared,
                    snapshots[number - 1],
                    child=int(row["child"]),
                    horizon=horizon,
                    advance=advance,
                )
                rows.append(
                    Branch(
                        generation=number,
                        child=int(row["child"]),
                        operator=str(row["operator"]),
                        won=bool(row["survived"]),
                        fitness=float(row[OBJECTIVE]),
                        now=now,
                        later=later,
                    )
                )
    return pd.DataFrame([asdict(row) for row in rows])


def contests(results: pd.DataFrame, plan: Plan, *, count: int, horizon: int) -> list[int]:
    """Return the generations of contests, evenly spread over a run.

    Raises:
        UserError: The run is no evolution, has too few contests, or keeps more than one survivor.
    """
    if plan.kind != "evolve" or plan.config.evolution.num_survivors != 1:
        raise UserError(
            "--regret follows the children of litters of which one survives, but in this run "
            f"{'several do' if plan.kind == 'evolve' else 'nobody has a litter'}. Give an "
            "evolution with --evolution.num-survivors 1."
        )
    last = int(results["generation"].max()) - horizon
    sizes = usable(results).groupby("generation").size()
    known = [int(number) for number in sizes.index[sizes > 1] if number <= last]
    if len(known) < count:
        raise UserError(
            f"--regret {count}: the run has {len(known)} contests with {horizon} generations after "
            "them. Ask for fewer, or for a shorter --horizon."
        )
    places = np.linspace(0, len(known) - 1, count).round().astype(int)
    return [known[place] for place in places]


def usable(results: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of children that were made, and can survive."""
    return results[(results["operator"] != KEEP) & np.isfinite(results[OBJECTIVE])]


class _Keep(Callback):
    """Takes snapshots after some generations, and compares what survives with the run's rows."""

    def __init__(self, wanted: set[int], results: pd.DataFrame, advance: Any) -> None:
        self.wanted = wanted
        alive = results[results["survived"].astype(bool)]
        self.expected = alive.groupby("generation")[OBJECTIVE].max().to_dict()
        self.advance = advance
        self.taken: dict[int, Snapshot] = {}

    def on_start(self, search: Search, generations: int) -> None:  # noqa: ARG002
        """Take the random start, where it is wanted."""
        if 0 in self.wanted:
            self.taken[0] = search.snapshot()

    def on_generation(self, search: Search, generation: Any) -> None:
        """Take a snapshot where one is wanted."""
        best = max(one.scores[OBJECTIVE] for one in generation.population)
        if best != self.expected.get(generation.number, best):
            raise UserError(
                f"generation {generation.number} does not come out as the run's results.csv has "
                "it, so its contests cannot be followed. Use the versions of versions.json."
            )
        if generation.number in self.wanted:
            self.taken[generation.number] = search.snapshot()
        self.advance()


def _snapshots(
    plan: Plan, prepared: Prepared, wanted: set[int], results: pd.DataFrame, advance: Any
) -> dict[int, Snapshot]:
    """Run again, in this process, and return what a search needs to go on from some generations."""
    keep = _Keep(wanted, results, advance)
    last = max(wanted)
    search = _search(plan, prepared, [keep])
    search.run(max(1, last))
    return keep.taken


class _Follow(Callback):
    """Judges the survivor of the first generation and of the last."""

    def __init__(self, plan: Plan, prepared: Prepared, *, last: int, advance: Any) -> None:
        self.plan = plan
        self.prepared = prepared
        self.last = last
        self.advance = advance
        self.scores: list[float] = []

    def on_generation(self, search: Search, generation: Any) -> None:
        """Judge where it is time."""
        if not self.scores or generation.number == self.last:
            self.prepared.showcase.follow(search, self.plan)
            self.scores.append(self.prepared.showcase.scored())
        self.advance()


def _followed(
    plan: Plan, prepared: Prepared, snapshot: Snapshot, *, child: int, horizon: int, advance: Any
) -> tuple[float, float]:
    """Let one child survive; return its score at once and after the horizon."""
    last = snapshot.generation + 1 + horizon
    follow = _Follow(plan, prepared, last=last, advance=advance)
    search = _search(plan, prepared, [follow])
    search.strategy = Overruled(search.strategy, [child])
    search.resume(snapshot).run(last)
    now, later = follow.scores
    return now, later


def _search(plan: Plan, prepared: Prepared, callbacks: Sequence[Callback]) -> Search:
    """Return the run's search, in this process and with nothing on disk."""
    config = replace(plan.config, executor="inline", checkpoint_every=10**9)
    return replace(plan, config=config).search(prepared, callbacks=callbacks)


def _bar(console: Console, total: int) -> Any:
    """Return a context with a function that advances a progress bar by one."""
    from contextlib import contextmanager

    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    @contextmanager
    def shown() -> Iterator[Any]:
        columns = (
            TextColumn("generations"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("", total=total)
            yield lambda: progress.advance(task)

    return shown()
