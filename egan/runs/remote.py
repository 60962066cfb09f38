"""Runs that are kept elsewhere: an --output such as s3://bucket/runs, through fsspec.

A run works in a folder of this machine, and what it leaves is copied at every checkpoint, see
`egan.runs.mirror`; to go on with it, any machine pulls the copy.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from egan.errors import UserError, printable, told_to_user
from egan.files import cache_folder
from population.records.lock import InUseError, Lock
from population.records.plain_files import remove

URL = re.compile(r"[a-z][a-z0-9+.-]*://.*", re.IGNORECASE)
NUMBERED = re.compile(r"(\d{5,})-")


def is_url(place: object) -> bool:
    """Return whether a place is one that fsspec reaches, rather than a path."""
    return URL.fullmatch(str(place)) is not None


@dataclass(frozen=True)
class Remote:
    """A folder of runs that is reached through fsspec.

    Args:
        url: Such as ``s3://bucket/runs``.
    """

    url: str

    @cached_property
    def _place(self) -> tuple[Any, str]:
        import fsspec

        if not self.url.partition("://")[2].strip("/"):
            raise UserError(f"{self.url} names no folder; give one, such as s3://bucket/runs.")
        try:
            return fsspec.core.url_to_fs(self.url.rstrip("/"))  # type: ignore[no-any-return]
        except (ImportError, ValueError) as error:
            raise UserError(
                f"{self.url} cannot be reached: {error}. For s3:// there is "
                "pip install 'egan[s3]'; for others, the package of fsspec that is named."
            ) from error

    @property
    def files(self) -> Any:
        """The file system."""
        return self._place[0]

    @property
    def root(self) -> str:
        """The folder's path in it."""
        return self._place[1].rstrip("/")

    @property
    def local(self) -> Path:
        """The folder of this machine in which its runs are worked on."""
        digest = hashlib.sha256(self.url.rstrip("/").encode()).hexdigest()[:16]
        return cache_folder() / "remote" / digest

    def names(self) -> list[str]:
        """Return the names of what is in the folder.

        Raises:
            UserError: It cannot be listed.
        """
        with self.told():
            self.files.invalidate_cache()
            try:
                found = self.files.ls(self.root, detail=False)
            except FileNotFoundError:
                return []
            return [PurePosixPath(path).name for path in found]

    def make_numbered(self, name: str) -> Path:
        """Make the local folder of the next run, under a number that nobody else has.

        Raises:
            UserError: The folder cannot be written to.
        """
        number = next_number([*self.names(), *_names(self.local)])
        while True:
            with self._claim(number) as mine:
                path = self.local / f"{number:05d}-{name}"
                if mine and not any(entry.startswith(f"{number:05d}-") for entry in self.names()):
                    path.mkdir(parents=True)
                    return path
            number += 1

    @contextlib.contextmanager
    def _claim(self, number: int) -> Iterator[bool]:
        """Claim a number by making a file, which only one machine can; yield whether it is ours."""
        path = f"{self.root}/.{number:05d}"
        with self.told():
            try:
                self.files.makedirs(self.root, exist_ok=True)
                self.files.pipe_file(path, b"claimed", mode="create")
            except FileExistsError:
                yield False
                return
        try:
            yield True
        finally:
            with self.told():
                self.files.rm_file(path)

    def pull(self, name: str) -> Path:
        """Bring a run to this machine, unless what is here of it is as far already.

        Raises:
            UserError: There is no such run, it cannot be read, or it is being run here.
        """
        self.local.mkdir(parents=True, exist_ok=True)
        path = self.local / name
        draft = Path(tempfile.mkdtemp(dir=self.local, prefix=".pull-"))
        try:
            self._download(name, draft)
            if not path.exists():
                draft.rename(path)
            else:
                self._reconcile(path, draft)
        finally:
            remove(draft)
        return path

    def _reconcile(self, path: Path, draft: Path) -> None:
        """Put what was pulled in the place of an older state of the same run."""
        with told_to_user(InUseError), contextlib.closing(Lock(path)):
            if not is_same_run(path, draft):
                aside = path.with_name(f".{path.name}.{os.getpid()}.aside")
                path.rename(aside)
                tell(f"{path} was of another run than the one at {self.url}; it is {aside} now")
                draft.rename(path)
            elif newest(draft) > newest(path):
                shutil.rmtree(path)
                draft.rename(path)
            else:
                tell(f"{path} is as far as its copy at {self.url}, and goes on")

    def _download(self, name: str, draft: Path) -> None:
        root = f"{self.root}/{name}"
        with self.told():
            self.files.invalidate_cache()
            found = self.files.find(root)
        names = [inner(path, root) for path in found]
        if "config.yaml" not in names:
            raise UserError(f"{self.url}/{name} is no run: it has no config.yaml.")
        for remote, place in _with_bar(list(zip(found, names, strict=True)), f"fetching {name}"):
            (draft / place).parent.mkdir(parents=True, exist_ok=True)
            with self.told():
                self.files.get_file(remote, str(draft / place))

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Turn whatever a file system raises into a message.

        Raises:
            UserError: Something was raised.
        """
        try:
            yield
        except (UserError, FileExistsError):
            raise
        except Exception as error:  # each library raises its own
            raise UserError(
                f"{self.url} cannot be used ({type(error).__name__}: {error}). See that it exists, "
                "and that this machine has the rights and the network to reach it."
            ) from error


def tell(text: str) -> None:
    """Say something before a run has its log."""
    print(printable(text), file=sys.stderr)


def _with_bar(files: list[tuple[str, str]], what: str) -> Iterable[tuple[str, str]]:
    """Show on a terminal how many files are done."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(files, what, console=console, transient=True, disable=not console.is_terminal)


def inner(path: str, root: str) -> str:
    """Return a file's path below a folder; a stranger's listing must not lead out of it.

    Raises:
        UserError: It would.
    """
    place = path[len(root) + 1 :]
    parts = place.split("/")
    if not path.startswith(f"{root}/") or {"", ".", ".."} & set(parts) or "\\" in place:
        raise UserError(f"{path!r} is no name of a file in a run's folder; nothing is fetched.")
    return place


def split(url: str) -> tuple[str, str]:
    """Return the folder and the name of a run."""
    folder, _, name = url.rstrip("/").rpartition("/")
    return folder, name


def newest(path: Path) -> int:
    """Return the generation of the newest checkpoint that has a manifest; -1 without any."""
    found = path.glob("checkpoints/[0-9]*/manifest.json")
    return max((int(one.parent.name) for one in found if one.parent.name.isdigit()), default=-1)


def is_same_run(left: Path, right: Path) -> bool:
    """Return whether of two journals one is the beginning of the other."""
    rows = [path / "results.csv" for path in (left, right)]
    first, second = (path.read_bytes() if path.is_file() else b"" for path in rows)
    size = min(len(first), len(second))
    return first[:size] == second[:size]


def next_number(names: list[str]) -> int:
    """Return the number after the highest one."""
    numbers = [int(match[1]) for name in names if (match := NUMBERED.match(name))]
    return max(numbers, default=-1) + 1


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []
