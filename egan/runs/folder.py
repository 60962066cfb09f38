"""Run directories: numbered, never overwritten, and enough to go on from."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from egan import collection
from egan.errors import UserError, told_to_user
from egan.files import write_json, write_text
from egan.runs.mirror import Mirror
from egan.runs.remote import NUMBERED, Remote, is_url, next_number
from population.records.lock import InUseError, Lock
from population.records.plain_files import check_tree

if TYPE_CHECKING:
    from egan.config import RunConfig
    from egan.runs.plan import Plan

CONFIG, VERSIONS, TIMING = "config.yaml", "versions.json", "timing.json"


class RunDirectory:
    """The folder of one run, held by this process alone until `close`.

    Args:
        path: The folder, which exists.
        is_new: Whether it was made for this run, rather than gone back to.
        output: The folder of runs as the user named it; where that is a URL, a copy is kept there.

    Raises:
        UserError: Another process is running this run.
    """

    def __init__(self, path: Path, *, is_new: bool, output: str = "") -> None:
        self.path = path
        self.is_new = is_new
        self.mirror = Mirror(Remote(output), path) if is_url(output) else None
        with told_to_user(InUseError):
            self._lock = Lock(path)

    @classmethod
    def create(cls, plan: Plan) -> RunDirectory:
        """Make the next numbered folder, with the settings and the versions in it.

        Raises:
            UserError: It cannot be written.
        """
        from egan.config.file import to_yaml
        from egan.runs.versions import versions

        directory, output = None, plan.config.output
        try:
            path = _numbered(output, plan.name)
            directory = cls(path, is_new=True, output=output)
            write_text(directory.path / CONFIG, to_yaml(plan.config))
            write_json(directory.path / VERSIONS, versions())
            directory.samples.mkdir()
            directory.begin_copy()
        except UserError:
            if directory is not None:
                directory.discard()
            raise
        except OSError as error:
            if directory is not None:
                directory.discard()
            raise UserError(
                f"no run directory can be made in --output {plan.config.output}: {error.strerror}. "
                "Give a folder that can be written to, with --output."
            ) from error
        return directory

    @classmethod
    def open(cls, path: Path, plan: Plan) -> RunDirectory:
        """Go back to a run's folder, and write down the settings it goes on with.

        Raises:
            UserError: It cannot be written, or another process is running this run.
        """
        from egan.config.file import to_yaml

        directory = cls(path, is_new=False, output=plan.config.output)
        with contextlib.ExitStack() as held:
            held.callback(directory.close)
            try:
                if saved_config(path) != plan.config:
                    write_text(path / CONFIG, to_yaml(plan.config))
                directory.samples.mkdir(exist_ok=True)
                directory.begin_copy()
            except OSError as error:
                raise UserError(f"{path} cannot be written to: {error.strerror}.") from error
            held.pop_all()
        return directory

    @property
    def address(self) -> str:
        """Where the user finds the run: the URL of its copy, or its path."""
        return str(self.path) if self.mirror is None else self.mirror.url

    def _repr_html_(self) -> str:
        """Return what a notebook shows of the run."""
        from egan.reporting.view import RunView

        return RunView(self.path)._repr_html_()

    def begin_copy(self) -> None:
        """See that the run can be copied to where it is to be, where that is elsewhere.

        Raises:
            UserError: It cannot.
        """
        if self.mirror is not None:
            self.mirror.start()

    @property
    def samples(self) -> Path:
        """The folder of pictures."""
        return self.path / "samples"

    @property
    def has_checkpoints(self) -> bool:
        """Whether a checkpoint, whole or not, was ever written here."""
        folder = self.path / "checkpoints"
        return folder.is_dir() and any(entry.name.isdigit() for entry in folder.iterdir())

    def forget_after(self, generation: int) -> None:
        """Delete the pictures of generations that a resumed run will make again."""
        for path in self.samples.glob("[0-9]*.png"):
            if path.stem.isdigit() and int(path.stem) > generation:
                path.unlink()

    def start_over(self) -> None:
        """Delete the rows and pictures of a run that was killed before its first checkpoint."""
        for name in ("results.csv", "metrics.csv", "alarms.csv"):
            (self.path / name).unlink(missing_ok=True)
        self.forget_after(-1)

    def discard(self) -> None:
        """Delete a new folder in which nothing was computed."""
        import shutil

        self._lock.close()
        if self.is_new:
            shutil.rmtree(self.path, ignore_errors=True)
            if self.mirror is not None:
                self.mirror.discard()

    def close(self) -> None:
        """Let other processes have the folder, and bring its copy up to date."""
        if self.mirror is not None and self.path.exists():
            self.mirror.update()
        self._lock.close()


def saved_config(path: Path) -> RunConfig:
    """Return the settings of the run in a folder, with `output` as the folder around it.

    Raises:
        UserError: The folder holds no run, its settings cannot be read, or something in it is a
            link, which could lead to files that are none of the run's.
    """
    from egan.config.file import read_config

    if not (path / CONFIG).is_file():
        what = "is no run directory: it has no config.yaml" if path.is_dir() else "is not a folder"
        raise UserError(f"{path} {what}. {_runs_near(path)}")
    with told_to_user(ValueError):
        check_tree(path)
        return read_config(path / CONFIG, collection.preset)


def read_timing(path: Path) -> dict[str, Any]:
    """Return a run's `timing.json`, with zeros where there is none yet."""
    try:
        timing = json.loads((path / TIMING).read_text(encoding="utf-8"))
        return {
            "wall_seconds": float(timing["wall_seconds"]),
            "parts": dict(timing["parts"]),
            "generations": int(timing.get("generations", 0)),
            "phases": dict(timing.get("phases", {})),
        }
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {"wall_seconds": 0.0, "parts": {}}


def next_path(output: str, name: str) -> str:
    """Return the folder that the next run would get, without making it."""
    names = Remote(output).names() if is_url(output) else _names(Path(output))
    return f"{output.rstrip('/')}/{next_number(names):05d}-{name}"


def _numbered(output: str, name: str) -> Path:
    """Make the local folder of the next run."""
    if is_url(output):
        return Remote(output).make_numbered(name)
    return make_numbered(Path(output), name)


def _runs_near(path: Path) -> str:
    parent = path.parent if path.parent.is_dir() else Path()
    runs = sorted(p for p in parent.iterdir() if NUMBERED.match(p.name) and p.is_dir())
    near = get_close_matches(path.name, [run.name for run in runs], n=1)
    if near:
        return f"Did you mean {parent / near[0]}?"
    return f"Give a run, such as {runs[-1] if runs else 'runs/00000-digits'}."


def make_numbered(output: Path, name: str) -> Path:
    """Make the next folder; of two processes at once, each gets a number of its own."""
    output.mkdir(parents=True, exist_ok=True)
    number = next_number(_names(output))
    while True:
        with _claim(output / f".{number:05d}") as mine:
            if mine and not any(output.glob(f"{number:05d}-*")):
                path = output / f"{number:05d}-{name}"
                path.mkdir()
                return path
        number += 1


@contextlib.contextmanager
def _claim(path: Path) -> Iterator[bool]:
    """Claim a number by making a folder, which only one process can; yield whether it is ours."""
    try:
        path.mkdir()
    except FileExistsError:
        yield False
        return
    try:
        yield True
    finally:
        path.rmdir()


def _names(output: Path) -> list[str]:
    return [path.name for path in output.iterdir()] if output.is_dir() else []
