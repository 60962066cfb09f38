"""The few lines that say how a run went, and the numbers of the report as text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from egan.reporting.plots.style import label
from egan.reporting.plots.tables import tidy, winners

MEASURES = {
    "frechet": "Fréchet distance",
    "mmd": "squared MMD",
    "jsd": "Jensen-Shannon divergence",
}


PHASE_NAMES = {"environment": "discriminator"}
"""What a phase of a generation is here, where the engine has another name."""


def headline(
    results: pd.DataFrame | None,
    metrics: pd.DataFrame | None,
    config: Mapping[str, Any],
    timing: Mapping[str, Any],
) -> list[tuple[str, str]]:
    """Return the names and values that head a report; what is unknown is left out."""
    lines = [*_settings(config), *_outcome(results), *_samples(metrics)]
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


def _outcome(results: pd.DataFrame | None) -> Iterator[tuple[str, str]]:
    """Yield generations, final fitness, which mutation won how often, and failures."""
    if results is None:
        return
    table = tidy(results)
    is_search = not table["operator"].astype(bool).any()
    yield "rounds" if is_search else "generations", str(table["generation"].max())
    if is_search:
        yield "members", str(table["child"].nunique())
    if "fitness" in table.select_dtypes("number"):
        best = winners(table)["fitness"]
        yield "final fitness", number(best.iloc[-1]) if len(best) else "none is finite"
    kept = table.loc[table["survived"] & (table["operator"] != ""), "operator"]
    counts = kept.value_counts()
    yield (
        "mutations that won",
        ", ".join(f"{label(name)} {count}" for name, count in counts.items()),
    )
    if "error" in table and (failed := int((table["error"] != "").sum())):
        yield "failed children", f"{failed} of {len(table)}"


def _samples(metrics: pd.DataFrame | None) -> Iterator[tuple[str, str]]:
    """Yield the sample distance and the modes or classes, first and last."""
    for column in ("frechet", "modes", "classes"):
        values = pd.Series() if metrics is None else metrics.get(column, pd.Series()).dropna()
        if len(values):
            yield measure(column), f"{number(values.iloc[0])} → {number(values.iloc[-1])}"
    if metrics is not None and "high_quality" in metrics:
        yield "high quality", f"{metrics['high_quality'].iloc[-1]:.0%}"


def measure(column: str) -> str:
    """Return the name of a column of ``metrics.csv`` for a reader."""
    return MEASURES.get(column, label(column))


def number(value: float) -> str:
    """Return a number as short as a reader needs: whole ones whole, four digits otherwise."""
    value = float(value)
    if math.isfinite(value) and value == round(value) and abs(value) < 1e9:
        return str(round(value))
    return f"{value:.4g}"


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


def flatten(content: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return dotted names and texts of a nested mapping's values, in order."""
    lines: list[tuple[str, str]] = []
    for key, value in content.items():
        if isinstance(value, Mapping):
            lines += flatten(value, f"{prefix}{key}.")
        else:
            lines.append((f"{prefix}{key}", "" if value is None else str(value)))
    return lines


def breakdown(timing: Mapping[str, Any]) -> list[tuple[str, float, float]]:
    """Return name, seconds and share of each part of the wall time, largest first.

    What the parts leave of the wall time is "other", the last; the shares sum to 1.
    """
    parts = {str(name): float(seconds) for name, seconds in (timing.get("parts") or {}).items()}
    ranked = sorted(parts.items(), key=lambda part: -part[1])
    known = sum(parts.values())
    whole = max(known, float(timing.get("wall_seconds") or 0.0))
    if whole <= 0:
        return []
    if whole - known > 0.005 * whole:
        ranked.append(("other", whole - known))
    return [(name, seconds, seconds / whole) for name, seconds in ranked]


def phases(timing: Mapping[str, Any]) -> list[tuple[str, float, float]]:
    """Return name, seconds a generation and share of each phase that took time."""
    generations = int(timing.get("generations") or 0)
    found = {str(name): float(total) for name, total in (timing.get("phases") or {}).items()}
    whole = sum(found.values())
    if not generations or whole <= 0:
        return []
    return [
        (PHASE_NAMES.get(name, name), total / generations, total / whole)
        for name, total in found.items()
        if total > 0
    ]
