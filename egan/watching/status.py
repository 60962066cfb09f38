"""What a run directory says of its run: whether it is at work, finished, or was killed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from egan.reporting.mappings import read_mapping
from egan.reporting.view import RunView
from population.records.lock import is_held
from population.records.plain_files import read_plain

TAIL = 1 << 16
"""How much of the end of a log is looked at."""

RECORD = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ [A-Z]+ ([\w.]+): (.*)", re.MULTILINE)
ENDED = "egan.journal"


@dataclass(frozen=True, kw_only=True)
class Status:
    """How a run stands."""

    state: str
    """running, finished, stopped, failed, killed, or broken."""
    done: int = 0
    """Generations or rounds that are finished."""
    total: int | None = None
    """How many there are to be, where the settings say so."""
    problem: str = ""
    """Why it cannot be read."""


def status(view: RunView) -> Status:
    """Return how a run stands; one that cannot be read is broken, and says why."""
    try:
        results = view.results
        done = 0 if results is None else int(results["generation"].max())
        total = _total(read_mapping(view.path / "config.yaml"))
        return Status(state=state(view.path), done=done, total=total)
    except (ValueError, OSError) as error:
        return Status(state="broken", problem=str(error))


def state(path: Path) -> str:
    """Return what becomes of a run, by its locks and the end of its log."""
    if any(is_held(folder) for folder in (path, path / "checkpoints") if folder.is_dir()):
        return "running"
    ending = _ending(path / "log.txt")
    if ending is None:
        return "killed" if (path / "config.yaml").exists() else "ended"
    if not ending.startswith("ended with status "):
        return "failed"
    number = ending.removeprefix("ended with status ").strip()
    return "finished" if number in ("0", "1") else "stopped"


def _ending(path: Path) -> str | None:
    """Return how the log says that the run ended; None where it does not."""
    if not path.exists():
        return None
    records = RECORD.findall(read_plain(path)[-TAIL:].decode("utf-8", "replace"))
    if not records or records[-1][0] != ENDED or not records[-1][1].startswith("ended"):
        return None
    return str(records[-1][1])


def _total(config: dict[str, object]) -> int | None:
    """Return how long the run is to be: generations of an evolution, rounds of anything else."""
    search = config.get("search")
    rounds = search.get("rounds") if isinstance(search, dict) else None
    known = rounds or config.get("generations")
    return known if isinstance(known, int) else None
