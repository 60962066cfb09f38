"""The report of a run: one HTML file with its pictures inside, read from the run directory."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from matplotlib.figure import Figure

from egan.files import atomic
from egan.judging.measures import measure
from egan.reporting.about import About, read_about
from egan.reporting.alarms import alarms
from egan.reporting.headline import breakdown, brief, duration, flatten, headline, phases
from egan.reporting.mappings import read_mapping
from egan.reporting.pictures import evenly
from egan.reporting.plots.looks import measured
from egan.reporting.plots.style import DPI, SERIES
from egan.reporting.plots.tables import read_table
from egan.reporting.view import figures_of

MOST_GRIDS = 6
MOST_FAILURES = 40
FILES = {"score": "fitness.png", "mutations": "mutations.png"}
SHOWN = ("real", "samples")
"""Pictures that have their place, or are the last one of the looks."""

KNOWN = {"interpolation": ("Latent interpolation", "Each row walks from one code to another.")}
"""Heading and caption of pictures that a run says nothing of."""

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
    config = read_mapping(directory / "config.yaml")
    timing = read_mapping(directory / "timing.json")
    about = read_about(directory)
    lines = headline(results, metrics, config, timing, about=about)
    html = template("report.html").render(
        name=directory.resolve().name,
        about=about,
        headline=[(name, value) for name, value in lines if value != about.title],
        alarms=alarms(read_table(directory / "alarms.csv"), about),
        figures=_figures(directory, figures_of(results, metrics, about)),
        baselines=list(about.baselines),
        measures=[] if metrics is None else _measures(metrics, about),
        pictures=_pictures(directory / "samples", about),
        hyperparameters=embedded(directory / "hyperparameters.png"),
        lineage=embedded(directory / "lineage.png"),
        schedule=_text(directory / "schedule.yaml"),
        fork=_fork(directory / "fork.json"),
        both=embedded(directory / "fork.png"),
        regret=_text(directory / "regret.txt"),
        worth=embedded(directory / "regret.png"),
        failures=_failures(results, about),
        config=_text(directory / "config.yaml"),
        versions=flatten(read_mapping(directory / "versions.json")),
        wall=duration(timing.get("wall_seconds")),
        parts=breakdown(timing, about=about),
        phases=phases(timing, about=about),
        palette=SERIES,
    )
    path = directory / "report.html"
    with atomic(path) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return path


def template(name: str) -> Any:
    """Return a template of a page, whose texts are escaped."""
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["duration"] = duration
    environment.filters["brief"] = brief
    return environment.get_template(name)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _fork(path: Path) -> str:
    """Return a sentence on the run that this one is a fork of; empty where it is none."""
    told = read_mapping(path)
    if not told:
        return ""
    changed = [str(text) for text in told.get("changed") or ()]
    if survivors := [str(place) for place in told.get("survivors") or ()]:
        changed.append(f"child {' and '.join(survivors)} of its litter survives")
    what = "; ".join(changed) or "nothing is changed"
    return f"A fork of {told.get('of')} at {told.get('unit')} {told.get('at')}: {what}."


def _figures(directory: Path, drawn: Mapping[str, Figure]) -> dict[str, str]:
    """Return the figures as data URIs by name, empty where there are no data.

    The first two become files as well.
    """
    uris = {name: _embed_figure(figure) for name, figure in drawn.items()}
    for name, file in FILES.items():
        if name in uris:
            _save(uris[name], directory / file)
    return {name: uris.get(name, "") for name in ("score", "mutations", "parts", "looks")}


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


def embedded(path: Path) -> str:
    """Return a picture as a data URI; empty where there is none."""
    return _uri(path.read_bytes(), path.suffix) if path.is_file() else ""


def _pictures(folder: Path, about: About) -> dict[str, Any]:
    """Embed the pictures: those of looks from first to last, GIF, real samples, and the others."""
    grids = sorted(
        (path for path in folder.glob("*.png") if path.stem.isdigit()), key=lambda p: int(p.stem)
    )
    chosen = [grids[i] for i in evenly(len(grids), MOST_GRIDS)] if grids else []
    film = next(iter(sorted(folder.glob("*.gif"))), folder / "none.gif")
    caption = next(iter(about.captions.values()), "")
    return {
        "section": about.words.section if caption else "Samples at fixed codes",
        "caption": caption or "The same latent codes in every picture.",
        "grids": [(about.when(int(path.stem)), embedded(path)) for path in chosen],
        "film": embedded(film),
        "real": embedded(folder / "real.png"),
        "real_caption": about.captions.get("real", "real"),
        "others": [(*_caption(path.stem, about), embedded(path)) for path in _others(folder)],
    }


def _others(folder: Path) -> list[Path]:
    """Return the pictures that were drawn at the end, beside those of the looks."""
    pictures = sorted(folder.glob("*.png"))
    return [path for path in pictures if not path.stem.isdigit() and path.stem not in SHOWN]


def _caption(stem: str, about: About) -> tuple[str, str]:
    """Return a picture's heading and what there is to say of it."""
    if stem in about.captions:
        return about.captions[stem], ""
    name = stem.replace("_", " ")
    return KNOWN.get(stem, (name[:1].upper() + name[1:], ""))


def _measures(metrics: pd.DataFrame, about: About) -> list[tuple[str, ...]]:
    """Return name, first value, last value, range and baselines of each measure of the looks."""
    numbers = metrics.select_dtypes("number").dropna(axis=1, how="all")
    return [
        _measure(name, numbers[name].dropna(), about)
        for name in measured([str(column) for column in numbers], about.leading)
    ]


def _measure(name: str, values: pd.Series, about: About) -> tuple[str, ...]:
    one, worth = measure(name), about.worth(name)
    ends = one.text(values.iloc[0]), about.measure(name).text(values.iloc[-1])
    beside = [one.text(worth[key]) if key in worth else "" for key in about.baselines]
    better = f" ({one.better} is better)" if one.better else ""
    span = f"{one.text(values.min())} to {one.text(values.max())}"
    return (one.label + better + about.caveat_of(name), *ends, span, *beside)


def _failures(results: pd.DataFrame | None, about: About) -> Mapping[str, Any]:
    """Return how many children failed, and the first ones with where and why."""
    if results is None or "error" not in results:
        return {"count": 0, "shown": []}
    failed = results[results["error"] != ""]
    return {
        "count": len(failed),
        "shown": [_failure(row, about) for row in failed.head(MOST_FAILURES).to_dict("records")],
    }


def _failure(row: Mapping[str, Any], about: About) -> dict[str, str]:
    """Return a failure's heading (where, and the error's last line) and its whole text."""
    text = str(row["error"]).strip()
    operator = str(row.get("operator", "")).replace("_", " ")
    where = about.where(int(row["generation"]))
    if about.kind != "train":
        where += f", {about.words.child} {row.get('child', '?')}"
    return {
        "where": f"{where}, {operator}" if operator else where,
        "why": text.splitlines()[-1] if text else "",
        "text": text,
    }
