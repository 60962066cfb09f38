"""Compare runs: fitness curves, mean and range over runs that differ in nothing but the seed.

Examples:
  python -m egan.plot runs/00003-digits
  python -m egan.plot runs/00003-digits runs/00004-digits --output both.png
  python -m egan.plot runs/* --score quality --output quality.pdf

The curve is the score of each generation's best survivor, a moving median. Runs of one
configuration share a curve: their mean, with a band from the lowest to the highest run. Where all
runs have measured their samples (metrics.csv), a second panel shows the Fréchet distance. A table
of the final values goes to the terminal.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from egan.config import WHERE_ONLY

if TYPE_CHECKING:
    import pandas as pd

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

    score: str = "fitness"
    """The column of results.csv to draw, such as fitness, quality or diversity."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What is read of one run directory."""

    directory: Path
    results: pd.DataFrame
    metrics: pd.DataFrame | None
    settings: dict[str, str] | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 2 for input that cannot be used."""
    options = tyro.cli(Options, args=arguments, prog="python -m egan.plot", description=__doc__)
    try:
        table = plot(options.runs, output=options.output, score=options.score)
    except (ValueError, OSError) as error:
        print(f"python -m egan.plot: {error}", file=sys.stderr)
        return 2
    print(table)
    print(f"wrote {options.output}")
    return 0


def plot(directories: Sequence[Path], *, output: Path, score: str = "fitness") -> str:
    """Draw the runs into one figure and return a table of their final values.

    Raises:
        ValueError: A directory is no run or has no results, a run has no such score, or the
            output has another format than PNG, PDF and SVG or no folder to be in.
    """
    from egan.reporting.plots import compare_runs
    from egan.reporting.plots.style import save_figure
    from egan.reporting.plots.tables import require_score

    _check_output(output)
    if not directories:
        raise ValueError("got no run; give at least one run directory, such as runs/00000-digits")
    runs = [_read(Path(directory)) for directory in dict.fromkeys(directories)]
    for run in runs:
        require_score(run.results, score, source=str(run.directory / "results.csv"))
    labels = curve_labels(runs)
    metrics = [run.metrics for run in runs if run.metrics is not None]
    figure = compare_runs(
        [(label, run.results) for label, run in zip(labels, runs, strict=True)],
        score=score,
        metrics=metrics if len(metrics) == len(runs) else None,
    )
    save_figure(figure, output)
    return final_values(labels, runs, score=score)


def _check_output(output: Path) -> None:
    if output.suffix.lower() not in FORMATS:
        raise ValueError(f"--output must end in {', '.join(FORMATS)}, but got {str(output)!r}")
    if not output.parent.is_dir():
        raise ValueError(f"--output: there is no folder {str(output.parent)!r}; make it first")


def _read(directory: Path) -> Run:
    import yaml

    from egan.reporting.headline import flatten
    from egan.reporting.plots.tables import read_results, read_table

    results = read_results(directory)
    path = directory / "config.yaml"
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    settings = dict(flatten(config)) if isinstance(config, dict) else None
    metrics = read_table(directory / "metrics.csv")
    return Run(directory=directory, results=results, metrics=metrics, settings=settings)


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
    return tuple(sorted((k, v) for k, v in run.settings.items() if k not in SAME))


def _differences(keys: Sequence[Key]) -> dict[Key, str]:
    """Return for each configuration the settings, at most three, in which it differs."""
    common = set.intersection(*(set(key) for key in keys))
    return {
        key: ", ".join([f"{k}={v}" for k, v in key if (k, v) not in common][:3]) or f"curve {i}"
        for i, key in enumerate(keys, start=1)
    }


def final_values(labels: Sequence[str], runs: Sequence[Run], *, score: str) -> str:
    """Return a table: for each curve the last generation and the last values, mean and range."""
    rows = [("curve", "runs", "generations", f"final {score}", "final Fréchet distance")]
    for label in dict.fromkeys(labels):
        members = [run for run, other in zip(runs, labels, strict=True) if other == label]
        rows.append(
            (
                label,
                str(len(members)),
                _range([int(run.results["generation"].max()) for run in members], brief=True),
                _range([_last_score(run, score) for run in members]),
                _range([_last_distance(run) for run in members]),
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _last_score(run: Run, score: str) -> float | None:
    from egan.reporting.plots.tables import winners

    values = winners(run.results, score=score)[score]
    return float(values.iloc[-1]) if len(values) else None


def _last_distance(run: Run) -> float | None:
    if run.metrics is None or "frechet" not in run.metrics:
        return None
    values = run.metrics["frechet"].dropna()
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
