"""Compare runs: fitness curves, mean and range over runs that differ in nothing but the seed.

Examples:
  python -m egan.plot runs/00003-digits
  python -m egan.plot runs/00003-digits runs/00004-digits --output both.png
  python -m egan.plot runs/00005-vae runs/00006-dcgan --axis seconds
  python -m egan.plot runs/* --score quality --output quality.pdf

The curve is the score of each generation's best survivor, a moving median, over updates or
generations where all runs count the same, otherwise over seconds: those that each generation's
slowest member took, added up, without starting, looks and checkpoints. Runs of one configuration
share a curve: their mean, with a band from the lowest to the highest run. Where all runs have
looked at the same leading measure (metrics.csv), a second panel shows it. A table of the final
values goes to the terminal.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from egan.config import WHERE_ONLY
from egan.judging.measures import OBJECTIVE, measure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from egan.reporting.about import About
    from egan.reporting.plots import Compared

Axis = Literal["updates", "generations", "seconds"]

FORMATS = (".png", ".pdf", ".svg")
SAME = (*WHERE_ONLY, "seed", "checkpoint_every")
"""Settings in which runs of one curve may differ."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line says."""

    runs: Annotated[
        tuple[Path, ...],
        tyro.conf.Positional,
        tyro.conf.arg(metavar="RUN [RUN ...]", help_behavior_hint=""),
    ]
    """Run directories, each with a results.csv."""

    output: Path = Path("fitness.png")
    """The figure to write: .png, .pdf or .svg."""

    score: str = OBJECTIVE
    """The column of results.csv to draw, such as fitness, quality or diversity."""

    axis: Annotated[Axis | None, tyro.conf.arg(metavar="{updates,generations,seconds}")] = None
    """What the curves go over; by default what all runs count, otherwise seconds."""

    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Write over the figure if it is there already."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What is read of one run directory."""

    directory: Path
    results: pd.DataFrame
    metrics: pd.DataFrame | None
    about: About
    settings: dict[str, str] | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 2 for input that cannot be used."""
    options = tyro.cli(Options, args=arguments, prog="python -m egan.plot", description=__doc__)
    try:
        table = plot(
            options.runs,
            output=options.output,
            score=options.score,
            axis=options.axis,
            overwrite=options.overwrite,
        )
    except (ValueError, OSError) as error:
        print(f"python -m egan.plot: {error}", file=sys.stderr)
        return 2
    print(table)
    print(f"wrote {options.output}")
    return 0


def plot(
    directories: Sequence[Path],
    *,
    output: Path,
    score: str = OBJECTIVE,
    axis: Axis | None = None,
    overwrite: bool = False,
) -> str:
    """Draw the runs into one figure and return a table of their final values.

    Raises:
        ValueError: A directory is no run or has no results, a run has no such score or axis, or
            the output has another format than PNG, PDF and SVG, no folder to be in, or is there
            already and is not to be overwritten.
    """
    from egan.reporting.plots import compare_runs
    from egan.reporting.plots.comparison import common_axis
    from egan.reporting.plots.style import save_figure

    _check_output(output, overwrite=overwrite)
    runs = compared(directories, score=score)
    shown = common_axis(runs, axis)
    save_figure(compare_runs(runs, score=score, axis=shown), output)
    return final_values(runs, score=score, axis=shown)


def draw(
    directories: Sequence[str | Path], *, score: str = OBJECTIVE, axis: Axis | None = None
) -> Figure:
    """Draw the runs into one figure and return it, as for a notebook.

    Raises:
        ValueError: As `plot` does of the runs.
    """
    from egan.reporting.plots import compare_runs

    return compare_runs(compared(directories, score=score), score=score, axis=axis)


def compared(directories: Sequence[str | Path], *, score: str) -> list[Compared]:
    """Read runs as what can be compared, each under the name of its curve.

    Raises:
        ValueError: A directory is no run or has no results, or a run has no such score.
    """
    from egan.reporting.plots import Compared
    from egan.reporting.plots.tables import require_score

    if not directories:
        raise ValueError("got no run; give at least one run directory, such as runs/00000-digits")
    runs = [_read(Path(directory)) for directory in dict.fromkeys(directories)]
    for run in runs:
        require_score(run.results, score, source=str(run.directory / "results.csv"))
    return [
        Compared(label=label, results=run.results, about=run.about, metrics=run.metrics)
        for label, run in zip(curve_labels(runs), runs, strict=True)
    ]


def _check_output(output: Path, *, overwrite: bool) -> None:
    if output.suffix.lower() not in FORMATS:
        raise ValueError(f"--output must end in {', '.join(FORMATS)}, but got {str(output)!r}")
    if not output.parent.is_dir():
        raise ValueError(f"--output: there is no folder {str(output.parent)!r}; make it first")
    if output.exists() and not overwrite:
        raise ValueError(
            f"{output} is there already; name another file with --output, or write over it with "
            "--overwrite"
        )


def _read(directory: Path) -> Run:
    from egan.reporting.about import read_about
    from egan.reporting.headline import flatten
    from egan.reporting.mappings import read_mapping
    from egan.reporting.plots.tables import read_results, read_table

    results = read_results(directory)
    config = read_mapping(directory / "config.yaml")
    metrics = read_table(directory / "metrics.csv")
    return Run(
        directory=directory,
        results=results,
        metrics=metrics,
        about=read_about(directory),
        settings=dict(flatten(config)) if config else None,
    )


def curve_labels(runs: Sequence[Run]) -> list[str]:
    """Return a label for each run; runs get the same one if only their seeds differ.

    A curve of one run has its directory's name; a curve of several the name without the run's
    number. Where two curves would then be called the same, the settings that differ are added.
    """
    keys = [_key(run) for run in runs]
    curves = list(dict.fromkeys(keys))
    names = {}
    for key in curves:
        members = [
            run.directory.resolve().name for run, k in zip(runs, keys, strict=True) if k == key
        ]
        names[key] = members[0] if len(members) == 1 else re.sub(r"^\d+-", "", members[0])
    for key in curves:
        rivals = [k for k in curves if names[k] == names[key]]
        if len(rivals) > 1:
            suffixes = _differences(rivals)
            names.update({k: f"{names[k]}, {suffixes[k]}" for k in rivals})
    return [names[key] for key in keys]


Key = tuple[tuple[str, str], ...]


def _key(run: Run) -> Key:
    """Return what tells one configuration from another; the path where there is none."""
    if run.settings is None:
        return (("path", str(run.directory)),)
    settings = {**run.settings, "kind": run.about.kind}
    return tuple(sorted((k, v) for k, v in settings.items() if k not in SAME))


def _differences(keys: Sequence[Key]) -> dict[Key, str]:
    """Return for each configuration the settings, at most three, in which it differs."""
    common = set.intersection(*(set(key) for key in keys))
    return {
        key: ", ".join([f"{k}={v}" for k, v in key if (k, v) not in common][:3]) or f"curve {i}"
        for i, key in enumerate(keys, start=1)
    }


def final_values(runs: Sequence[Compared], *, score: str, axis: str) -> str:
    """Return a table: for each curve how far it goes and the last values, mean and range."""
    from egan.reporting.plots.comparison import common_measure

    looked = common_measure(runs)
    names = [score, looked] if looked else [score]
    rows = [["curve", "runs", axis, *(_column(name, runs) for name in names)]]
    for label in dict.fromkeys(run.label for run in runs):
        group = [run for run in runs if run.label == label]
        row = [label, str(len(group)), _range([_length(run, axis) for run in group], brief=True)]
        row.append(_range([_last_score(run, score) for run in group]))
        rows.append([*row, *([_range([_last_look(run, looked) for run in group])] * bool(looked))])
    return "\n".join([_table(rows), *_warning(runs, score), *_caveats(runs, names)])


def _column(name: str, runs: Sequence[Compared]) -> str:
    """Return the head of a column, with of how many it counts some where all runs agree."""
    totals = {run.about.totals.get(name, 0) for run in runs}
    total = totals.pop() if len(totals) == 1 else 0
    return f"final {measure(name).label}" + (f" of {total}" if total else "")


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _warning(runs: Sequence[Compared], score: str) -> list[str]:
    """Return what to say where scores of different judges are drawn into one panel."""
    kinds = {run.about.kind for run in runs}
    if score != OBJECTIVE or "evolve" not in kinds or len(kinds) == 1:
        return []
    return [
        f"The {score} of an evolution is its own discriminator's: compare it with no other run's."
    ]


def _caveats(runs: Sequence[Compared], names: Sequence[str]) -> list[str]:
    """Return what to bear in mind of measures in features, a line for each curve that has it."""
    said = (
        f"{run.label}: {measure(name).label}{run.about.caveat_of(name)}."
        for run in runs
        for name in names
        if run.about.caveat_of(name)
    )
    return list(dict.fromkeys(said))


def _length(run: Compared, axis: str) -> float:
    from egan.reporting.plots.comparison import positions

    return float(positions(run, axis).iloc[-1])


def _last_score(run: Compared, score: str) -> float | None:
    from egan.reporting.plots.tables import winners

    values = winners(run.results, score=score)[score]
    return float(values.iloc[-1]) if len(values) else None


def _last_look(run: Compared, name: str | None) -> float | None:
    from egan.reporting.plots.comparison import looks

    if name is None:
        return None
    values = looks(run, name).dropna()
    return float(values.iloc[-1]) if len(values) else None


def _range(values: Sequence[float | None], *, brief: bool = False) -> str:
    """Return "mean (lowest to highest)", a single value as it is, "-" where there is none."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    low, high = min(known), max(known)
    if low == high:
        return f"{low:.6g}"
    mean = sum(known) / len(known)
    return f"{low:g} to {high:g}" if brief else f"{mean:.4g} ({low:.4g} to {high:.4g})"


if __name__ == "__main__":
    sys.exit(main())
