"""The few lines that say how a run went, and the numbers of the report as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from egan.judging.measures import OBJECTIVE, leading_of, measure
from egan.reporting.about import About, about_of
from egan.reporting.plots.style import label
from egan.reporting.plots.tables import tidy, winners

PHASE_NAMES = {"environment": "discriminator"}
"""What a phase of a generation is here, where the engine has another name."""

TRAINING_NAMES = {"variation": "training", "making children": "training"}
"""What phases and parts are called where nothing varies."""


def headline(
    results: pd.DataFrame | None,
    metrics: pd.DataFrame | None,
    config: Mapping[str, Any],
    timing: Mapping[str, Any],
    *,
    about: About | None = None,
) -> list[tuple[str, str]]:
    """Return the names and values that head a report; what is unknown is left out.

    The paper and the data come first, then the leading measures with their baselines.
    """
    about = about or about_of(results, config)
    settings = dict(_settings(config))
    lines = [("paper", about.title), ("data set", settings.pop("data set"))]
    lines += [*_leading(results, metrics, about), *_outcome(results, about), *settings.items()]
    lines += [("wall time", duration(timing.get("wall_seconds")))]
    return [(name, value) for name, value in lines if value]


def _settings(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield data set, preset and seed, wherever the configuration keeps them."""
    flat = dict(flatten(config))
    places = {
        "data set": ("data.name", "data.dataset", "data", "dataset"),
        "preset": ("preset", "preset.name"),
        "seed": ("seed", "run.seed", "search.seed"),
    }
    for name, keys in places.items():
        yield name, next((flat[key] for key in keys if key in flat), "")


def _leading(
    results: pd.DataFrame | None, metrics: pd.DataFrame | None, about: About
) -> Iterator[tuple[str, str]]:
    """Yield the leading measures, first and last, as looked at or else as the best one scored."""
    tables = [table for table in (metrics, results) if table is not None]
    columns = [str(name) for table in tables for name in table]
    for name in about.leading or leading_of(columns):
        found = [_values(table, name, of_all=table is metrics) for table in tables]
        values = next((one for one in found if len(one)), None)
        if values is not None and name != OBJECTIVE:
            yield measure(name).label, course(name, values, about)


def _values(table: pd.DataFrame, name: str, *, of_all: bool) -> pd.Series:
    """Return a column's numbers: of all rows, or of each generation's winner."""
    if name not in table.select_dtypes("number"):
        return pd.Series(dtype=float)
    rows = table if of_all or OBJECTIVE not in table else winners(table)
    return rows[name].dropna()


def course(name: str, values: pd.Series, about: About) -> str:
    """Return first and last of a measure's values, and its baselines.

    Example:
        ``41.9 → 0.149 (Gaussian 8.45, floor 0.141)``
    """
    one, last = measure(name), about.measure(name)
    text = f"{one.text(values.iloc[0])} → {last.text(values.iloc[-1])}"
    worth = [f"{key} {one.text(value)}" for key, value in about.worth(name).items()]
    text = f"{text} ({', '.join(worth)})" if worth else text
    return text + about.caveat_of(name)


def _outcome(results: pd.DataFrame | None, about: About) -> Iterator[tuple[str, str]]:
    """Yield final score, length, members, which mutation won how often, and failures."""
    if results is None:
        return
    table = tidy(results)
    yield from _under_way(table, about)
    if about.competes and OBJECTIVE in table.select_dtypes("number"):
        yield f"final {measure(OBJECTIVE).label}", _final(winners(table), about)
    yield from _length(table, about)
    if about.kind == "search":
        yield "members", str(table["child"].nunique())
    if about.kind == "evolve":
        kept = table.loc[table["survived"] & (table["operator"] != ""), "operator"]
        counts = kept.value_counts().items()
        yield "mutations that won", ", ".join(f"{label(str(name))} {n}" for name, n in counts)
    if about.kind == "niches":
        yield "niches", str(table["child"].nunique())
        yield "their mutations", _dealt(table)
    if "error" in table and (failed := int((table["error"] != "").sum())):
        yield f"failed {about.words.children}", f"{failed} of {len(table)}"


def _under_way(table: pd.DataFrame, about: About) -> Iterator[tuple[str, str]]:
    """Yield how far the run is, unless it is finished."""
    last = int(table["generation"].max()) if len(table) else 0
    if about.length and last < about.length:
        state = "under way" if about.ended < 0 else "stopped"
        whole = f"{about.steps(about.length):,} {about.step}"
        yield "state", f"{state} at {about.steps(last):,} of {whole}"


def _final(best: pd.DataFrame, about: About) -> str:
    """Return the last winner's score, with the baselines' beside it."""
    if best.empty:
        return "none is finite"
    one = measure(OBJECTIVE)
    worth = [f"{key} {one.text(value)}" for key, value in about.worth(OBJECTIVE).items()]
    text = one.text(best[OBJECTIVE].iloc[-1])
    return f"{text} ({', '.join(worth)})" if worth else text


def _dealt(table: pd.DataFrame) -> str:
    """Return how many niches have each mutation, or that it is drawn anew for each step."""
    names = [label(str(name)) for name in table["operator"].unique()]
    if table.groupby("child")["operator"].nunique().max() > 1:
        return f"{', '.join(names)}, drawn for each step"
    counts = table.groupby("child")["operator"].first().value_counts(sort=False).items()
    return ", ".join(f"{label(str(name))} {n}" for name, n in counts)


def _length(table: pd.DataFrame, about: About) -> Iterator[tuple[str, str]]:
    """Yield how long the run was: its steps, and for a search also its rounds."""
    last = int(table["generation"].max())
    yield about.step, f"{about.steps(last):,}"
    if about.kind == "search" and about.unit != about.step:
        yield about.unit, str(last)


def duration(seconds: float | None) -> str:
    """Return a time as text: "0.31 s", "1 min 23 s", "2 h 05 min"; empty for None."""
    if seconds is None:
        return ""
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def brief(seconds: float) -> str:
    """Return a time as text, in milliseconds below a second."""
    return f"{1000 * seconds:.3g} ms" if seconds < 0.9995 else duration(seconds)


def flatten(content: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return dotted names and texts of a nested mapping's values, in order."""
    lines: list[tuple[str, str]] = []
    for key, value in content.items():
        if isinstance(value, Mapping):
            lines += flatten(value, f"{prefix}{key}.")
        else:
            lines.append((f"{prefix}{key}", "" if value is None else str(value)))
    return lines


def breakdown(
    timing: Mapping[str, Any], *, about: About | None = None
) -> list[tuple[str, float, float]]:
    """Return name, seconds and share of each part of the wall time, largest first.

    What the parts leave of the wall time is "other", the last; the shares sum to 1.
    """
    found = (timing.get("parts") or {}).items()
    parts = {_named(str(name), about): float(seconds) for name, seconds in found}
    ranked = sorted(parts.items(), key=lambda part: -part[1])
    known = sum(parts.values())
    whole = max(known, float(timing.get("wall_seconds") or 0.0))
    if whole <= 0:
        return []
    if whole - known > 0.005 * whole:
        ranked.append(("other", whole - known))
    return [(name, seconds, seconds / whole) for name, seconds in ranked]


def phases(
    timing: Mapping[str, Any], *, about: About | None = None
) -> list[tuple[str, float, float]]:
    """Return name, seconds a generation and share of each phase that took time."""
    generations = int(timing.get("generations") or 0)
    found = {str(name): float(total) for name, total in (timing.get("phases") or {}).items()}
    whole = sum(found.values())
    if not generations or whole <= 0:
        return []
    return [
        (_named(name, about), total / generations, total / whole)
        for name, total in found.items()
        if total > 0
    ]


def _named(name: str, about: About | None) -> str:
    """Return what a phase or a part is called in a run of its kind."""
    varies = about is None or about.kind == "evolve"
    return (PHASE_NAMES if varies else TRAINING_NAMES | PHASE_NAMES).get(name, name)
