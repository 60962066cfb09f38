"""What surrounds the search of a run: folder, listeners, going back to a checkpoint, the end."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from egan.config import RunConfig
from egan.errors import UserError, told_to_user
from egan.evolution.generator import averaged_weights
from egan.runs.folder import RunDirectory
from egan.runs.listeners import Looker, ProgressBar, Stopper, Timekeeper
from egan.runs.models import model_of
from egan.runs.outcome import resume_command, summary, write_outcome
from population.callbacks import ProgressTable
from population.records.checkpoint import CheckpointError
from population.search import NothingSurvivesError

if TYPE_CHECKING:
    from rich.console import Console

    from egan.commandline.parse import Request
    from egan.config import CommonConfig
    from egan.runs.preparation import Prepared
    from population import Callback, Result, Search

logger = logging.getLogger("egan")

SECONDS_PER_LINE = 5.0
"""How often a search reports where there is no terminal."""

DISK = {errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.EDQUOT, errno.EIO}


def open_folder(request: Request) -> RunDirectory:
    """Go back to the folder of the run to resume, or make the next one.

    Raises:
        UserError: It cannot be written, or another process is running this run.
    """
    if request.resume is None:
        return RunDirectory.create(request.config)
    return RunDirectory.open(request.resume, request.config)


class Session:
    """One run of the command line in one run directory.

    Args:
        config: The run's settings.
        prepared: Data, features and gallery.
        folder: The run directory.
        timekeeper: Who knows when the session began.
    """

    def __init__(
        self,
        config: CommonConfig,
        prepared: Prepared,
        *,
        folder: RunDirectory,
        timekeeper: Timekeeper,
    ) -> None:
        self.config = config
        self.prepared = prepared
        self.folder = folder
        self.timekeeper = timekeeper
        self.stopper = Stopper()
        alone = isinstance(config, RunConfig) and not config.is_search
        self.weights = averaged_weights if alone else model_of(config).weights
        self.looker = Looker(
            prepared.gallery,
            features=prepared.features,
            folder=folder.samples,
            interval=config.interval,
            weights=self.weights,
            by_slot=not config.evolves,
        )

    def listeners(self, console: Console) -> list[Callback]:
        """Return the callbacks, in the order in which they hear of a generation."""
        self._announce()
        unit = self.config.unit.removesuffix("s")
        progress: Callback = ProgressBar(console, self.looker, unit=unit)
        if self.config.is_search:
            progress = ProgressTable(console, line_seconds=SECONDS_PER_LINE)
        return [self.looker, progress, self.timekeeper, self.stopper]

    def _announce(self) -> None:
        config = self.config
        where = f"the cluster {config.address}" if config.address else "this machine"
        kind = "in this process"
        if not config.in_process:
            kind = f"in {config.num_workers} Ray workers on {where} (they take seconds to start)"
        what = config.length, config.unit, config.children
        logger.info("%s: %d %s of %s, %s", self.folder.path, *what, kind)

    def go_back(self, search: Search) -> bool:
        """Take the search to the run's last whole checkpoint; return whether the run is finished.

        A run that was killed before its first checkpoint begins again.

        Raises:
            UserError: No checkpoint is whole, it is from another configuration, or the run is
                already past `--generations`.
        """
        command = resume_command(self.folder.path)
        self._compare_versions()
        if not self.folder.has_checkpoints:
            logger.warning("%s has no checkpoint yet; it begins again", self.folder.path)
            self.folder.start_over()
            return False
        with told_to_user(CheckpointError):
            search.resume()
        self.folder.forget_after(search.generation)
        wanted, unit = self.config.length, self.config.unit
        if search.generation > wanted:
            raise UserError(
                f"{self.folder.path} has {search.generation} {unit}, but --{unit} asks for "
                f"{wanted} in all. Ask for more than it has: {command} --{unit} "
                f"{2 * search.generation}"
            )
        if search.generation == wanted and (self.folder.path / "report.html").exists():
            print(
                f"{self.folder.path} is finished: {wanted} {unit}. To go on: {command} "
                f"--{unit} {2 * wanted}"
            )
            return True
        name = self.config.unit.removesuffix("s")
        logger.info("going on from %s %d", name, search.generation)
        return False

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
        except (CheckpointError, NothingSurvivesError) as error:
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
        return f"Go on from the last checkpoint with: {resume_command(self.folder.path)}"

    def conclude(self, result: Result) -> int:
        """Write the outcome, say where it is, and return the exit status."""
        written = write_outcome(
            self.folder,
            result,
            config=self.config,
            gallery=self.prepared.gallery,
            weights=self.weights(result.best.state),
        )
        print(summary(self.folder.path, result, unit=self.config.unit))
        if result.interrupted:
            print(f"\nStopped. Go on with:\n  {resume_command(self.folder.path)}")
            return self.stopper.status
        return 0 if written and not self.looker.failures else 1
