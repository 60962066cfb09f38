"""An alarm where training collapses: told at looks and, where asked, a way back with a lower rate.

Every look leaves a row in `alarms.csv`: what was felt, what is wrong, and what was done. With
``--on-collapse rollback`` the best look so far, the one with the highest merit of those at which
all was well, is kept in `best/` as checkpoints are. Where something is wrong the run has its
members and their environment for parents again, with all learning rates halved once more;
generations and random numbers go on counting. What is decided follows from the journals alone,
which a resumed run cuts back: it decides the same again. Looks that are taken only because a run
ends there decide nothing, since a longer run would not have taken them.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from egan.judging.collapse import FAKE, FINITE, LOSS, REAL, Alarm, Look, detect, merit
from population import Callback
from population.records.checkpoint import latest_checkpoint, write_checkpoint
from population.records.snapshot import CheckpointError, Snapshot
from population.state import PackedState, pack, unpack

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from egan.reporting.about import About
    from egan.runs.listeners.looker import Looker
    from egan.runs.plan import Plan
    from population import Search
    from population.callbacks import Generation

logger = logging.getLogger("egan")

JOURNAL, BEST = "alarms", "best"
COLUMNS = ("generation", FINITE, REAL, FAKE, LOSS, "kind", "facts", "went_back_to", "rate")
FACTOR = 0.5
MOST = 4
"""How often a run goes back; its rates are a sixteenth by then."""


class CollapseAlarm(Callback):
    """Looks for collapse after every look of the looker.

    Args:
        looker: Who knows what the last look saw; it must hear of a generation first.
        plan: How the run is carried out.
        about: What the run is.
        folder: The run directory.

    Attributes:
        text: What the progress line says; empty where all is well.
        best: The generation of the best look so far at which all was well; None before one.
    """

    def __init__(self, looker: Looker, plan: Plan, about: About, *, folder: Path) -> None:
        self.looker, self.plan, self.about = looker, plan, about
        self.folder = folder
        self.goes_back = plan.config.on_collapse == "rollback"
        self.looks: list[Look] = []
        self.returns: list[int] = []
        self.merit = -math.inf
        self.best: int | None = None
        self.wrong: str | None = None

    @property
    def text(self) -> str:
        """What the progress line says."""
        return f"ALARM: {self.wrong}" if self.wrong else ""

    def on_start(self, search: Search, generations: int) -> None:  # noqa: ARG002 - the interface
        """Learn what was seen and done before a resumed run was broken off."""
        metrics = search.journal("metrics").frame()
        scores = {} if metrics.empty else _by_generation(metrics)
        for number, row in _by_generation(search.journal(JOURNAL).frame()).items():
            pulse = {name: row[name] for name in (FINITE, REAL, FAKE, LOSS) if name in row}
            kind = row.get("kind")
            self.wrong = kind if isinstance(kind, str) else None
            told = _finite(scores.get(number, {}))
            self._remember(Look(number=number, scores=told, pulse=pulse))
            if "went_back_to" in row:
                self.returns.append(number)

    def on_generation(self, search: Search, generation: Generation) -> None:
        """Feel the pulse where there was a look, tell what is wrong, and go back if asked."""
        if generation.number % self.plan.look_every:
            return
        looked = self._look(generation)
        since = self.returns[-1] if self.returns else -1
        alarm = detect([*self.looks, looked], since=since)
        row: dict[str, Any] = {"generation": looked.number, **looked.pulse}
        if alarm is not None:
            row |= {"kind": alarm.kind, "facts": alarm.facts}
        is_news = alarm is not None and alarm.kind != self.wrong
        self.wrong = None if alarm is None else alarm.kind
        is_best = self._remember(looked)
        if is_best and self.goes_back:
            self._keep(search)
        done = self._went_back(search) if alarm is not None and self.goes_back else {}
        if alarm is not None and (is_news or done):
            logger.warning("%s", _told(alarm, self.about.where(looked.number), done, self.about))
        search.journal(JOURNAL).append([dict.fromkeys(COLUMNS) | row | done])

    def _look(self, generation: Generation) -> Look:
        pulse: dict[str, float] = {FINITE: 0.0}
        if generation.survivors:
            pulse = self.looker.attempt("pulse", self.looker.showcase.pulse) or {}
        return Look(number=generation.number, scores=_finite(self.looker.latest), pulse=pulse)

    def _remember(self, look: Look) -> bool:
        """Take note of a look; return whether it is the best one so far, with nothing wrong."""
        self.looks.append(look)
        worth = merit(look.scores)
        is_best = self.wrong is None and worth > self.merit
        if is_best:
            self.merit, self.best = worth, look.number
        return is_best

    def _keep(self, search: Search) -> None:
        """Keep this moment, and those that a resumed run may still ask for."""
        oldest = min(_numbers(self.folder / "checkpoints"), default=0)
        wanted = sum(number > oldest for number in _numbers(self.folder / BEST)) + 2
        write_checkpoint(self.folder / BEST, search.snapshot(), keep=wanted)

    def _went_back(self, search: Search) -> dict[str, Any]:
        """Go back, if there is where to and it was not too often; return what the journal says."""
        if len(self.returns) >= MOST:
            return {}
        try:
            kept = latest_checkpoint(self.folder / BEST, up_to=search.generation)
        except CheckpointError:
            return {}
        self.returns.append(search.generation)
        rate = FACTOR ** len(self.returns)
        search.go_back(slowed(kept, rate))
        return {"went_back_to": kept.generation, "rate": rate}


def slowed(snapshot: Snapshot, rate: float) -> Snapshot:
    """Return a snapshot whose models have all their learning rates multiplied."""

    def changed(state: PackedState | None) -> PackedState | None:
        return None if state is None else pack({**unpack(state), "rate": rate})

    population = [replace(one, state=changed(one.state)) for one in snapshot.population]
    return replace(snapshot, population=population, environment=changed(snapshot.environment))


def _told(alarm: Alarm, where: str, done: dict[str, Any], about: About) -> str:
    back = ""
    if done:
        back = f" Going back to {about.where(done['went_back_to'])}, rates times {done['rate']:g}."
    return f"{alarm.kind} at {where}: {alarm.facts}.{back} {alarm.advice}"


def _numbers(folder: Path) -> Iterator[int]:
    if folder.is_dir():
        yield from (int(path.name) for path in folder.iterdir() if path.name.isdigit())


def _by_generation(table: pd.DataFrame) -> dict[int, dict[str, Any]]:
    """Return the rows of a journal by their generation, without cells that say nothing."""
    rows = table.to_dict("records")
    return {
        int(row.pop("generation")): {str(k): v for k, v in row.items() if _says(v)} for row in rows
    }


def _finite(scores: Mapping[str, Any]) -> dict[str, float]:
    return {name: value for name, value in scores.items() if math.isfinite(value)}


def _says(value: Any) -> bool:
    return value is not None and value == value  # noqa: PLR0124 - NaN is not
