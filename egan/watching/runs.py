"""The runs below a folder, by name: the only names that the page takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from egan.reporting.view import RunView


@dataclass(frozen=True)
class Runs:
    """The run directories in a folder, found anew whenever they are asked for.

    Args:
        folder: The folder of runs, or one run alone.
    """

    folder: Path

    def all(self) -> dict[str, RunView]:
        """Return the runs by name, the newest first."""
        if _is_run(self.folder):
            return {self.folder.resolve().name: RunView(self.folder)}
        found = [path for path in self.folder.iterdir() if _is_run(path)]
        return {path.name: RunView(path) for path in sorted(found, reverse=True)}

    def get(self, name: str) -> RunView:
        """Return a run.

        Raises:
            KeyError: There is none of this name.
        """
        return self.all()[name]


def _is_run(path: Path) -> bool:
    """Return whether a folder, itself and no link to one, holds a run."""
    if path.is_symlink() or path.name.startswith(".") or not path.is_dir():
        return False
    return any((path / name).exists() for name in ("config.yaml", "results.csv"))
