"""The report of a run: one HTML file with its pictures inside, read from the run directory."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from matplotlib.figure import Figure

from egan.files import atomic
from egan.reporting.headline import breakdown, duration, flatten, headline, measure, number, phases
from egan.reporting.pictures import evenly
from egan.reporting.plots import fitness_curves, mutation_shares, quality_diversity, sample_distance
from egan.reporting.plots.style import DPI, SERIES
from egan.reporting.plots.tables import read_table

MOST_GRIDS = 6
MOST_FAILURES = 40
TYPES = {".png": "image/png", ".gif": "image/gif"}


def write_report(directory: Path) -> Path:
    """Write ``report.html``, ``fitness.png`` and ``mutations.png`` into a run directory.

    What the directory does not hold is left out of the report, so a run that was stopped early has
    one too. The HTML file needs no other file, no network and no script.

    Args:
        directory: A run directory.

    Returns:
        The path of the report.

    Raises:
        ValueError: `directory` is no folder, or one of its files cannot be read.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise ValueError(f"{directory} is not a folder; a report needs a run directory.")
    results = read_table(directory / "results.csv")
    metrics = read_table(directory / "metrics.csv")
    config = _mapping(directory / "config.yaml")
    timing = _mapping(directory / "timing.json")
    html = _template().render(
        name=directory.resolve().name,
        headline=headline(results, metrics, config, timing),
        figures=_figures(directory, results, metrics),
        measures=[] if metrics is None else _measures(metrics),
        pictures=_pictures(directory / "samples"),
        hyperparameters=_embed(directory / "hyperparameters.png"),
        lineage=_embed(directory / "lineage.png"),
        schedule=_text(directory / "schedule.yaml"),
        failures=_failures(results),
        config=_text(directory / "config.yaml"),
        versions=flatten(_mapping(directory / "versions.json")),
        wall=duration(timing.get("wall_seconds")),
        parts=breakdown(timing),
        phases=phases(timing),
        palette=SERIES,
    )
    path = directory / "report.html"
    with atomic(path) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return path


def _template() -> Any:
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["duration"] = duration
    return environment.get_template("report.html")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _mapping(path: Path) -> dict[str, Any]:
    """Read a YAML or JSON mapping, empty where there is no such file."""
    try:
        content = json.loads(_text(path) or "{}") if path.suffix == ".json" else _yaml(path)
    except (ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    return content if isinstance(content, dict) else {}


def _yaml(path: Path) -> Any:
    return yaml.safe_load(_text(path))


def _figures(
    directory: Path, results: pd.DataFrame | None, metrics: pd.DataFrame | None
) -> dict[str, str]:
    """Draw the figures that there are data for; the first two become files as well.

    Returns:
        The figures as data URIs by name, empty where there are no data.
    """
    drawn: dict[str, Figure | None] = {}
    if results is not None:
        if results.get("fitness", pd.Series(dtype=str)).dtype.kind in "if":
            drawn["fitness"] = fitness_curves(results)
        if "operator" in results and results["operator"].astype(bool).any():
            drawn["mutations"] = mutation_shares(results)
        drawn["quality"] = quality_diversity(results)
    if metrics is not None:
        drawn["distance"] = sample_distance(metrics)
    uris = {name: _embed_figure(figure) for name, figure in drawn.items() if figure is not None}
    for name in {"fitness", "mutations"} & set(uris):
        _save(uris[name], directory / f"{name}.png")
    return {name: uris.get(name, "") for name in ("fitness", "mutations", "quality", "distance")}


def _embed_figure(figure: Figure) -> str:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=DPI)
    return _uri(stream.getvalue(), ".png")


def _save(uri: str, path: Path) -> None:
    """Write an embedded picture as a file, without drawing it again."""
    with atomic(path) as temporary:
        temporary.write_bytes(base64.b64decode(uri.partition(",")[2]))


def _uri(content: bytes, suffix: str) -> str:
    return f"data:{TYPES[suffix]};base64,{base64.b64encode(content).decode('ascii')}"


def _embed(path: Path) -> str:
    return _uri(path.read_bytes(), path.suffix) if path.is_file() else ""


def _pictures(folder: Path) -> dict[str, Any]:
    """Embed the pictures of samples: grids from first to last, GIF, interpolation, real ones."""
    grids = sorted(
        (path for path in folder.glob("*.png") if path.stem.isdigit()), key=lambda p: int(p.stem)
    )
    chosen = [grids[i] for i in evenly(len(grids), MOST_GRIDS)] if grids else []
    return {
        "grids": [(int(path.stem), _embed(path)) for path in chosen],
        "evolution": _embed(folder / "evolution.gif"),
        "interpolation": _embed(folder / "interpolation.png"),
        "real": _embed(folder / "real.png"),
        "others": [(path.stem.replace("_", " "), _embed(path)) for path in _others(folder)],
    }


def _others(folder: Path) -> list[Path]:
    """Return the pictures that a model of the collection drew at the end, beside the grids."""
    known = ("interpolation", "real", "samples")
    pictures = sorted(folder.glob("*.png"))
    return [path for path in pictures if not path.stem.isdigit() and path.stem not in known]


def _measures(metrics: pd.DataFrame) -> list[tuple[str, str, str, str]]:
    """Return name, first value, last value and range of each measure of the samples."""
    names = [
        name
        for name in metrics.select_dtypes("number")
        if name not in ("generation", "seconds") and metrics[name].notna().any()
    ]
    shown = {name: metrics[name].dropna() for name in names}
    return [
        (
            measure(str(name)),
            number(values.iloc[0]),
            number(values.iloc[-1]),
            f"{number(values.min())} to {number(values.max())}",
        )
        for name, values in shown.items()
    ]


def _failures(results: pd.DataFrame | None) -> Mapping[str, Any]:
    """Return how many children failed, and the first ones with where and why."""
    if results is None or "error" not in results:
        return {"count": 0, "shown": []}
    failed = results[results["error"] != ""]
    return {
        "count": len(failed),
        "shown": [_failure(row) for row in failed.head(MOST_FAILURES).to_dict("records")],
    }


def _failure(row: Mapping[str, Any]) -> dict[str, str]:
    """Return a failure's heading (where, and the error's last line) and its whole text."""
    text = str(row["error"]).strip()
    operator = str(row.get("operator", "")).replace("_", " ")
    where = f"generation {row['generation']}, child {row.get('child', '?')}"
    return {
        "where": f"{where}, {operator}" if operator else where,
        "why": text.splitlines()[-1] if text else "",
        "text": text,
    }
