"""A run's folder up to one generation, as the beginning of another run."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from egan.errors import UserError, told_to_user
from egan.files import write_json, write_text
from egan.runs.folder import CONFIG, RunDirectory, make_numbered
from egan.runs.listeners.alarm import BEST
from population import Callback
from population.errors import NothingSurvivesError
from population.records.checkpoint import latest_checkpoint, write_checkpoint
from population.records.lock import InUseError
from population.records.snapshot import CheckpointError, Snapshot
from population.state import unpacked
from population.strategies.overruled import Overruled

if TYPE_CHECKING:
    from rich.console import Console

    from egan.config import RunConfig
    from egan.runs.plan import Plan
    from egan.runs.preparation import Prepared
    from population import Search

logger = logging.getLogger("egan")

TROUBLES = (CheckpointError, NothingSurvivesError, InUseError, OSError)
"""What a run's files, its members, the disk or the cluster may bring about."""

FORK = "fork.json"
JOURNALS = ("results", "metrics", "alarms")


def branch(
    run: Path,
    *,
    at: int,
    survivors: Sequence[int],
    before: Plan,
    after: Plan,
    prepared: tuple[Prepared, Prepared],
    console: Console,
    told: dict[str, Any],
) -> Path:
    """Make the folder of a run that is another one's up to a generation; return it.

    What the other run has no checkpoint of is computed again, to the same bits. The folder appears
    when it is whole.

    Args:
        run: The folder of the other run.
        at: The last generation, or round, that both have in common.
        survivors: The children that survive it, instead of those that did; none for those that did.
        before: How the other run is carried out.
        after: How it goes on.
        prepared: What each of them needs.
        console: Where progress is shown.
        told: What is written down of the fork.

    Raises:
        UserError: The run's files are damaged, the settings do not fit its state, or a child cannot
            survive.
    """
    with told_to_user(*TROUBLES), _draft(Path(after.config.output)) as draft:
        _copy(run, draft, up_to=at - bool(survivors))
        (draft / "samples").mkdir(exist_ok=True)
        with contextlib.closing(RunDirectory(draft, is_new=True)) as folder:
            _go_on(folder, before, prepared[0], to=at - bool(survivors), console=console)
            if survivors:
                with told_to_user(ValueError):  # whom the strategy does not let survive
                    _overrule(folder, before, prepared[0], survivors, at=at, console=console)
        checkpoint = latest_checkpoint(draft / "checkpoints", up_to=at)
        _check_fit(checkpoint, after, prepared[1])
        changed = replace(checkpoint, identity=after.search(prepared[1]).identity)
        write_checkpoint(draft / "checkpoints", changed, keep=1)
        _describe(draft, after.config, told)
        path = make_numbered(Path(after.config.output), f"{after.name}-fork")
        os.rename(draft, path)
        return path


def _check_fit(checkpoint: Snapshot, plan: Plan, prepared: Prepared) -> None:
    """See that the networks of a fork take over the state of its run.

    Raises:
        UserError: They have other shapes.
    """
    alive = [one for one in checkpoint.population if one.state is not None][: plan.num_shown]
    states = [unpacked(one.state) for one in alive]
    try:
        state = plan.shown(states, unpacked(checkpoint.environment))
        prepared.showcase.load(state, plan.varied(alive[0].hyperparameters))
    except (RuntimeError, LookupError) as error:
        raise UserError(
            "the changed settings make other networks than those of the run, whose weights a fork "
            "goes on with. Leave out what changes layers and sizes, or start a new run."
        ) from error


@contextlib.contextmanager
def _draft(output: Path) -> Iterator[Path]:
    output.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=output, prefix=".fork-"))
    draft.chmod(0o755)
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _copy(run: Path, draft: Path, *, up_to: int) -> None:
    """Copy journals, pictures and the newest checkpoint up to a generation, if there is one."""
    checkpoints = run / "checkpoints"
    try:
        snapshot = latest_checkpoint(checkpoints, up_to=up_to)
    except CheckpointError:
        return
    write_checkpoint(draft / "checkpoints", snapshot)
    if (run / BEST).is_dir():
        shutil.copytree(run / BEST, draft / BEST)
    for name in JOURNALS:
        content = (run / f"{name}.csv").read_bytes()[: snapshot.marks.get(name, 0)]
        (draft / f"{name}.csv").write_bytes(content)
    (draft / "samples").mkdir()
    for picture in (run / "samples").glob("*.png"):
        if picture.stem == "real" or _is_up_to(picture, snapshot.generation):
            shutil.copyfile(picture, draft / "samples" / picture.name)


def _is_up_to(picture: Path, generation: int) -> bool:
    return picture.stem.isdigit() and int(picture.stem) <= generation


class _StopAt(Callback):
    """Stops a search after a generation, with a checkpoint."""

    def __init__(self, generation: int) -> None:
        self.generation = generation

    def on_generation(self, search: Search, generation: Any) -> None:
        """Stop there."""
        if generation.number == self.generation:
            search.stop()


def _go_on(
    folder: RunDirectory, plan: Plan, prepared: Prepared, *, to: int, console: Console
) -> None:
    """Run to a generation, as the run itself did."""
    search = _search(folder, plan, prepared, to=to, console=console)
    logger.info("up to %s %d it is the run, computed again where it has to be", plan.one, to)
    if folder.has_checkpoints:
        search.resume()
    if search.generation < to:
        search.run(plan.length)


def _overrule(
    folder: RunDirectory,
    plan: Plan,
    prepared: Prepared,
    survivors: Sequence[int],
    *,
    at: int,
    console: Console,
) -> None:
    """Run one more generation, which children of one's choice survive."""
    search = _search(folder, plan, prepared, to=at, console=console)
    search.strategy = Overruled(search.strategy, survivors)
    if folder.has_checkpoints:
        search.resume()
    search.run(plan.length)


def _search(
    folder: RunDirectory, plan: Plan, prepared: Prepared, *, to: int, console: Console
) -> Search:
    from egan.runs.listeners import Timekeeper
    from egan.runs.session import Session

    timekeeper = Timekeeper()
    timekeeper.prepared(folder.path)
    session = Session(plan, prepared, folder=folder, timekeeper=timekeeper)
    callbacks = [*session.listeners(console), _StopAt(to)]
    return plan.search(prepared, directory=folder.path, callbacks=callbacks)


def _describe(draft: Path, config: RunConfig, told: dict[str, Any]) -> None:
    """Write down the settings, the versions, and what is forked."""
    from egan.config.file import to_yaml
    from egan.runs.folder import VERSIONS
    from egan.runs.versions import versions

    write_text(draft / CONFIG, to_yaml(config))
    write_json(draft / VERSIONS, versions())
    write_json(draft / FORK, told)


def check_generation(run: Path, at: int, plan: Plan, *, survivors: Sequence[int]) -> None:
    """See that a run can be forked at a generation.

    Raises:
        UserError: It has no such generation, or nobody is chosen there.
    """
    if not 1 <= at < plan.length:
        raise UserError(
            f"--at must be from 1 to {plan.length - 1}, a {plan.one} of {run} with another "
            f"one after it, but got {at}."
        )
    if survivors and plan.kind != "evolve":
        raise UserError(
            f"--survivor chooses among a litter, but {run} has none. Leave it out, or give the run "
            "of an evolution."
        )
