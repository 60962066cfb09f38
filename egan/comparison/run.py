"""Running a comparison: what is missing, in one process or several, into a growing table."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import replace
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from egan.comparison.figure import comparison_figure
from egan.comparison.methods import EGAN, is_single
from egan.comparison.protocol import BUDGETS, STEPS, Protocol, told
from egan.comparison.study import Row, Study, Trial
from egan.comparison.table import markdown, summary
from egan.comparison.verdicts import Beside
from egan.config import RunConfig
from egan.files import atomic, write_text
from egan.judging.measures import deciding_of, measure
from egan.reporting.plots.style import save_figure
from egan.runs.plan import plan
from egan.runs.preparation import prepare
from population.records.journal import Journal, read_journal, with_numbers

if TYPE_CHECKING:
    import pandas as pd

REFRESH_SECONDS = 0.25


class Comparison:
    """A folder with the results of a comparison; running goes on from what it holds.

    Args:
        config: The settings that all methods start from.
        directory: The folder, made if it is missing.
        protocol: What is compared, and what decides.
        name: What tables and the figure call it.

    Raises:
        ValueError: The folder holds a comparison of other settings, or with other marks.
        UserError: The data cannot be read, or the networks do not fit it.
    """

    def __init__(
        self, *, config: RunConfig, directory: Path, protocol: Protocol, name: str
    ) -> None:
        self.config = config
        self.protocol = protocol
        self.name = name
        self.directory = directory
        self.directory.mkdir(parents=True, exist_ok=True)
        self._check_identity(
            {
                **plan(config).identity,
                **load_study(config).prepared.identity,
                **told(config, protocol),
            }
        )
        self.path = directory / "results.csv"

    def run(self, trials: Sequence[Trial], *, jobs: int = 1) -> None:
        """Run the trials whose rows are missing; a row is on disk as soon as its run has ended."""
        finished = Counter((row["method"], row["seed"]) for row in self._rows())
        missing = [one for one in trials if finished[one.method, one.seed] < len(BUDGETS)]
        if not missing:
            return
        journal = Journal(self.path)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("runs, left:"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, auto_refresh=False, speed_estimate_period=600) as progress:
            bar = _Bar(progress, len(missing))
            done = (
                self._one_by_one(missing, bar) if jobs == 1 else self._side_by_side(missing, jobs)
            )
            for trial, rows in done:
                journal.append(rows)
                journal.mark()
                bar.finish(_line(trial, rows))
        journal.close()

    def report(self, methods: Sequence[str], seeds: Sequence[int]) -> str:
        """Write table.md, table.csv and comparison.png of these methods and seeds.

        Returns:
            The contents of table.md.
        """
        results = with_numbers(self._results())
        results = results[results["method"].isin(methods) & results["seed"].isin(seeds)]
        place = {method: i for i, method in enumerate(dict.fromkeys(methods))}
        results = results.sort_values("method", key=lambda m: m.map(place), kind="stable")
        span = f"seeds {min(seeds)} to {max(seeds)}" if len(set(seeds)) > 1 else f"seed {seeds[0]}"
        title = f"E-GAN and its parts on {self.name}, {span}"
        known = dict.fromkeys([*methods, *self.protocol.methods])
        singles = [method for method in known if is_single(self.config, method)]
        beside = Beside(singles=singles, protocol=self.protocol)
        text = markdown(results, title=title, beside=beside)
        write_text(self.directory / "table.md", text)
        with atomic(self.directory / "table.csv") as path:
            summary(results, more=beside.measures).to_csv(path, index=False)
        figure = comparison_figure(results, title=title, beside=beside)
        save_figure(figure, self.directory / "comparison.png")
        return text

    def _check_identity(self, identity: dict[str, object]) -> None:
        path = self.directory / "comparison.json"
        text = json.dumps(identity, indent=1, sort_keys=True)
        if not path.exists():
            write_text(path, text)
        elif path.read_text(encoding="utf-8") != text:
            raise ValueError(
                f"{self.directory} holds a comparison of other settings ({path.name} says which); "
                "choose another --output."
            )

    def _rows(self) -> list[Row]:
        if not self.path.exists() or self.path.stat().st_size == 0:
            return []
        return [dict(row) for row in self._results().to_dict("records")]

    def _results(self) -> pd.DataFrame:
        """Return the rows; a run that was killed between its two has them again."""
        return read_journal(self.path).drop_duplicates(["method", "seed", "budget"], keep="last")

    def _budget(self, trial: Trial) -> Trial | None:
        """Return the trial with its CPU time, or None as long as E-GAN's is not known."""
        if trial.method == EGAN or trial.cpu_seconds is not None:
            return trial
        for row in self._rows():
            if (row["method"], row["seed"], row["budget"]) == (EGAN, trial.seed, STEPS):
                return replace(trial, cpu_seconds=float(row["cpu_seconds"]))
        return None

    def _one_by_one(self, trials: Sequence[Trial], bar: _Bar) -> Iterator[tuple[Trial, list[Row]]]:
        study = load_study(self.config)
        for trial in trials:
            known = self._budget(trial)
            assert known is not None, "E-GAN is the first of a seed's trials"
            bar.begin(trial)
            yield trial, study.run(known, bar.tick)

    def _side_by_side(
        self, trials: Sequence[Trial], jobs: int
    ) -> Iterator[tuple[Trial, list[Row]]]:
        waiting, running = list(trials), dict[Future[list[Row]], Trial]()
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            while waiting or running:
                for trial in list(waiting):
                    if (known := self._budget(trial)) is not None:
                        running[pool.submit(_run, self.config, known)] = trial
                        waiting.remove(trial)
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result()


@lru_cache(maxsize=1)
def load_study(config: RunConfig) -> Study:
    """Load the data and how samples are judged, once a process.

    Raises:
        UserError: The data cannot be read, or the networks do not fit it.
    """
    return Study(config=config, prepared=prepare(plan(config)))


def _run(config: RunConfig, trial: Trial) -> list[Row]:
    """Run a trial in a process of a pool."""
    return load_study(config).run(trial, _silent)


def _silent(share: float, generation: int) -> None:
    """Tell nobody."""


def _line(trial: Trial, rows: Sequence[Row]) -> str:
    """Return what to say of a finished run."""
    deciding = [measure(name) for name in deciding_of(rows[0])]
    scores = {
        row["budget"]: ", ".join(
            f"{one.label} {one.text(float(row[one.name]))}" for one in deciding
        )
        for row in rows
    }
    parts = [
        f"{scores[row['budget']]} after {row['generations']:,} generations and "
        f"{row['cpu_seconds']:.3g} CPU-s"
        for row in rows
    ]
    return f"seed {trial.seed} {trial.method}: {'; '.join(dict.fromkeys(parts))}"


class _Bar:
    """The progress bar, redrawn by hand so that no thread of its own takes CPU time from a run."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress = progress
        self.id = progress.add_task("starting", total=total)
        self.done = 0
        self.drawn = 0.0
        self.name = ""

    def begin(self, trial: Trial) -> None:
        self.name = f"seed {trial.seed} {trial.method}"

    def tick(self, share: float, generation: int) -> None:
        now = time.monotonic()
        if now - self.drawn > REFRESH_SECONDS:
            self.drawn = now
            text = f"{self.name}, generation {generation:,}"
            self.progress.update(
                self.id, completed=self.done + min(share, 0.999), description=text, refresh=True
            )

    def finish(self, line: str) -> None:
        self.done += 1
        self.progress.console.print(line, highlight=False, soft_wrap=True)
        self.progress.update(self.id, completed=self.done, refresh=True)
