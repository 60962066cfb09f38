"""A fork beside the run that it is of: one figure, and the report again with it."""

from __future__ import annotations

from pathlib import Path

from egan.reporting.about import read_about
from egan.reporting.plots import Compared, compare_runs
from egan.reporting.plots.style import save_figure
from egan.reporting.plots.tables import read_results, read_table
from egan.reporting.report import write_report

PICTURE = "fork.png"


def show_both(run: Path, fork: Path) -> Path:
    """Draw the two runs' curves into `fork.png` of the fork, and into its report.

    Raises:
        ValueError: A table of theirs cannot be read.
    """
    runs = [
        Compared(
            label=f"{path.resolve().name}{role}",
            results=read_results(path),
            metrics=read_table(path / "metrics.csv"),
            about=read_about(path),
        )
        for path, role in ((run, ""), (fork, " (this one)"))
    ]
    save_figure(compare_runs(runs), fork / PICTURE)
    write_report(fork)
    return fork / PICTURE
