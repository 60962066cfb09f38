"""Write the report of a run again, or of one that goes on or was killed: report.html in its folder.

Examples:
  python -m egan.report runs/00003-digits
  python -m egan.report runs/*

The report is written from what lies in the run's directory: results.csv, metrics.csv, pictures,
settings. A run writes it by itself at its end, and now and then on its way.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from egan.errors import UserError, printable, told_to_user

PROG = "python -m egan.report"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line says."""

    runs: Annotated[
        tuple[Path, ...],
        tyro.conf.Positional,
        tyro.conf.arg(metavar="RUN [RUN ...]", help_behavior_hint=""),
    ]
    """Run directories."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 2 for a directory that is no run."""
    options = tyro.cli(Options, args=arguments, prog=PROG, description=__doc__)
    try:
        if not options.runs:
            raise UserError("got no run; give at least one, such as runs/00000-digits.")
        for run in options.runs:
            print(report(run))
    except UserError as error:
        print(f"{PROG}: {printable(str(error))}", file=sys.stderr)
        return error.status
    return 0


def report(run: Path) -> Path:
    """Write the report of a run into its directory; return its path.

    Raises:
        UserError: The directory holds no run, or cannot be read or written.
    """
    from egan.reporting.report import write_report
    from egan.runs.folder import saved_config

    saved_config(run)  # that it is a run, and has no links that lead elsewhere
    with told_to_user(ValueError, OSError):
        return write_report(run)


if __name__ == "__main__":
    sys.exit(main())
