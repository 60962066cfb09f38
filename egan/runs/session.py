"""What surrounds the search of a run: folder, listeners, going back to a checkpoint, the end."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from egan.errors import UserError, told_to_user
from egan.reporting.about import read_about
from egan.runs.console import JOURNAL
from egan.runs.folder import RunDirectory
from egan.runs.listeners import (
    CollapseAlarm,
    Keeper,
    Logbook,
    Looker,
    ProgressBar,
    Reporter,
    Stopper,
    Timekeeper,
    Tracking,
)
from egan.runs.outcome import resume_command, summary, write_outcome
from egan.runs.telling import about
from population.callbacks import ProgressTable
from population.errors import NothingSurvivesError
from population.records.lock import InUseError
from population.records.snapshot import CheckpointError

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from egan.runs.plan import Plan
    from egan.runs.preparation import Prepared
    from population import Callback, Result, Search
    from population.callbacks import Tracker

logger = logging.getLogger("egan")

SECONDS_PER_LINE = 5.0
"""How often a search reports where there is no terminal."""

DISK = {errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.EDQUOT, errno.EIO}


def open_folder(plan: Plan, *, resume: Path | None) -> RunDirectory:
    """Go back to the folder of the run to resume, or make the next one.

    Raises:
        UserError: It cannot be written, or another process is running this run.
    """
    if resume is None:
        return RunDirectory.create(plan)
    return RunDirectory.open(resume, plan)


class Session:
    """One run of the command line in one run directory.

    Args:
        plan: How the run is carried out.
        prepared: Data, task and showcase.
        folder: The run directory.
        timekeeper: Who knows when the session began.
        trackers: Who else is to hear of it.
    """

    def __init__(
        self,
        plan: Plan,
        prepared: Prepared,
        *,
        folder: RunDirectory,
        timekeeper: Timekeeper,
        trackers: Sequence[Tracker] = (),
    ) -> None:
        self.plan = plan
        self.prepared = prepared
        self.folder = folder
        self.timekeeper = timekeeper
        self.trackers = trackers
        self.stopper = Stopper()
        self.looker = Looker(prepared.showcase, plan, folder=folder.samples)

    def listeners(self, console: Console) -> list[Callback]:
        """Return the callbacks, in the order in which they hear of a generation."""
        self._announce()
        told = about(self.plan, self.prepared)
        alarm = CollapseAlarm(self.looker, self.plan, told, folder=self.folder.path)
        progress: Callback = ProgressBar(
            console,
            self.looker,
            alarm=alarm,
            unit=told.word,
            interval=told.interval,
            leading=told.leading,
            caveat=told.caveat,
            totals=told.totals,
            competes=told.competes,
        )
        if self.plan.kind == "search":
            progress = ProgressTable(
                console,
                line_seconds=SECONDS_PER_LINE,
                unit=self.plan.one,
                note=told.caveat,
            )
        written = (
            Logbook(self.looker, told, alarm=alarm),
            Reporter(self.folder.path, self.looker, told),
        )
        tracked = [*self.trackers, Tracking(self.trackers, self.looker)]
        copies = [] if self.folder.mirror is None else [self.folder.mirror]
        keeper = Keeper(self.looker, alarm, self.plan, folder=self.folder.path)
        heard = [self.looker, alarm, keeper, progress, *written, self.timekeeper, *tracked]
        return [*heard, self.stopper, *copies]

    def _announce(self) -> None:
        plan, address = self.plan, self.plan.config.address
        where = f"the cluster {address}" if address else "this machine"
        kind = "in this process"
        if not plan.in_process:
            kind = f"in {plan.num_workers} Ray workers on {where} (they take seconds to start)"
        what = plan.length, plan.unit, plan.children
        logger.info("%s: %d %s of %s, %s", self.folder.address, *what, kind)
        if self.folder.mirror is not None:
            logger.info("it works in %s, and is copied at every checkpoint", self.folder.path)

    def go_back(self, search: Search) -> bool:
        """Take the search to the run's last whole checkpoint; return whether the run is finished.

        A run that was killed before its first checkpoint begins again.

        Raises:
            UserError: No checkpoint is whole, it is from another configuration, or the run is
                already past `--generations`.
        """
        command = resume_command(self.folder.path, self.plan.config)
        self._compare_versions()
        if not self.folder.has_checkpoints:
            logger.warning("%s has no checkpoint yet; it begins again", self.folder.path)
            self.folder.start_over()
            return False
        with told_to_user(CheckpointError):
            search.resume()
        self.folder.forget_after(search.generation)
        wanted, unit = self.plan.length, self.plan.unit
        if search.generation > wanted:
            raise UserError(
                f"{self.folder.address} has {search.generation} {unit}, but --{unit} asks for "
                f"{wanted} in all. Ask for more than it has: {command} --{unit} "
                f"{2 * search.generation}"
            )
        if search.generation == wanted == self._ended():
            print(
                f"{self.folder.address} is finished: {wanted} {unit}. To go on: {command} "
                f"--{unit} {2 * wanted}"
            )
            return True
        logger.info("going on from %s %d", self.plan.one, search.generation)
        return False

    def _ended(self) -> int:
        """Return the generation that the report there is was written after, at a run's end."""
        there = (self.folder.path / "report.html").exists()
        return read_about(self.folder.path).ended if there else -1

    def _compare_versions(self) -> None:
        from egan.runs.versions import changes_since

        if changes := changes_since(self.folder.path):
            logger.warning("%s; the results may differ in the last bits", "; ".join(changes))

    @contextmanager
    def troubles_told(self, search: Search) -> Iterator[None]:
        """Turn a full disk, a lost cluster, divergence and a second Ctrl-C into a message."""
        try:
            yield
        except KeyboardInterrupt as error:
            raise UserError(
                f"stopped. {self._go_on(search)}", status=self.stopper.status
            ) from error
        except ConnectionError as error:
            raise UserError(f"{error} {self._go_on(search)}") from error
        except (CheckpointError, InUseError, NothingSurvivesError) as error:
            raise UserError(str(error)) from error
        except OSError as error:
            if error.errno not in DISK:
                raise
            raise UserError(
                f"{self.folder.path} cannot be written to: {error.strerror}. Make room, or mend "
                f"the disk. {self._go_on(search)}"
            ) from error

    def _go_on(self, search: Search) -> str:
        """Return how to go on; a new folder in which nothing was computed is deleted."""
        if search.generation == 0 and self.folder.is_new:
            self.folder.discard()
            return "No generation was finished, so nothing is kept."
        command = resume_command(self.folder.path, self.plan.config)
        return f"Go on from the last checkpoint with: {command}"

    def conclude(self, result: Result) -> int:
        """Write the outcome, say where it is, and return the exit status."""
        written = write_outcome(self.folder, result, plan=self.plan, prepared=self.prepared)
        told = summary(self.folder.path, result, plan=self.plan)
        logging.getLogger(JOURNAL).info("%s", told)
        print(told)
        if result.interrupted:
            command = resume_command(self.folder.path, self.plan.config)
            print(f"\nStopped. Go on with:\n  {command}")
            return self.stopper.status
        return 0 if written and not self.looker.failures and self._is_copied() else 1

    def _is_copied(self) -> bool:
        """Bring the copy elsewhere up to date, where there is to be one; return whether it is."""
        if self.folder.mirror is None:
            return True
        print(f"Kept at      {self.folder.mirror.url}")
        return self.folder.mirror.update()
