"""What a comparison says: medians and spread by method and budget, and who is best."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from egan.comparison.protocol import BUDGETS, TITLES
from egan.comparison.verdicts import Beside, lines_beside, lines_of_marks
from egan.judging.measures import deciding_of, leading_of, measure

if TYPE_CHECKING:
    import pandas as pd

COSTS = {"generations": ",.0f", "cpu_seconds": ".3g", "parameters": ",.0f"}


def summary(results: pd.DataFrame, *, more: Sequence[str] = ()) -> pd.DataFrame:
    """Return a row per method, budget and score: median, min, max and quartiles over seeds.

    A lost run, whose scores are NaN, counts as the worst there is: 0, or an infinite distance.

    Args:
        results: Rows of runs.
        more: Scores beside those that lead a report.
    """
    import pandas as pd

    rows = []
    for (budget, method), group in _groups(results):
        for name in [*_names(results, more), *COSTS]:
            values = group[name].astype(float).fillna(measure(name).worst)
            low, middle, high = values.quantile([0.25, 0.5, 0.75])
            rows.append(
                {
                    "budget": budget,
                    "method": method,
                    "score": name,
                    "seeds": len(values),
                    "median": middle,
                    "min": values.min(),
                    "max": values.max(),
                    "q1": low,
                    "q3": high,
                }
            )
    return pd.DataFrame(rows)


def _names(results: pd.DataFrame, more: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*leading_of(results), *more]))


def _groups(results: pd.DataFrame) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    """Return the rows of each budget and method, methods in the order of the results."""
    groups = dict(list(results.groupby(["budget", "method"])))
    methods = list(dict.fromkeys(results["method"]))
    return [((b, m), groups[b, m]) for b in BUDGETS for m in methods if (b, m) in groups]


def markdown(results: pd.DataFrame, *, title: str, beside: Beside | None = None) -> str:
    """Return the tables of both budgets and what they say, for a reader.

    Args:
        results: Rows of runs.
        title: The heading.
        beside: What methods are compared with, and the claims that are told.
    """
    beside = beside or Beside()
    table, names = summary(results, more=beside.measures), _names(results, beside.measures)
    lines = [f"# {title}", "", "Median over seeds (lowest to highest; interquartile range)."]
    for budget in BUDGETS:
        lines += ["", f"## At {TITLES[budget]}", "", *_grid(table, budget, names)]
        lines += ["", verdict(results, budget)]
    compared = dict.fromkeys([*deciding_of(results), *beside.measures])
    lines += lines_beside(results, list(compared), beside) + lines_of_marks(results, beside)
    return "\n".join([*lines, ""])


def _grid(table: pd.DataFrame, budget: str, names: Sequence[str]) -> list[str]:
    """Return one budget's table in aligned markdown."""
    cells = {
        (str(row.method), str(row.score)): _cell(row)
        for row in table[table["budget"] == budget].itertuples()
    }
    columns = [*COSTS, *names]
    heads = ["generations", "CPU-s", "parameters", *[measure(name).label for name in names]]
    rows = [["method", *heads]]
    rows += [[m, *[cells[m, name] for name in columns]] for m in dict.fromkeys(m for m, _ in cells)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    padded = [" | ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)) for row in rows]
    rule = " | ".join("-" * width for width in widths)
    return [f"| {line} |" for line in (padded[0], rule, *padded[1:])]


def _cell(row: object) -> str:
    """Return "median (lowest to highest; interquartile range)", or one value if all are equal."""
    name = str(row.score)  # type: ignore[attr-defined]
    values = [getattr(row, column) for column in ("median", "min", "max", "q1", "q3")]
    text = partial(_cost, COSTS[name]) if name in COSTS else measure(name).text
    median, low, high, q1, q3 = map(text, values)
    if name in COSTS or low == high:
        return median
    return f"{median} ({low} to {high}; {q1} to {q3})"


def _cost(form: str, value: float) -> str:
    return format(value, form)


def verdict(results: pd.DataFrame, budget: str) -> str:
    """Say which method has the best median, and whose spread overlaps with its own."""
    table = summary(results)
    table = table[table["budget"] == budget].set_index(["method", "score"])
    names = deciding_of(results)
    order = ranked(table, names)
    best = order[0]
    values = ", ".join(
        f"{one.label} {one.text(table.loc[(best, one.name), 'median'])}"
        for one in map(measure, names)
    )
    groups: dict[str, list[str]] = {"tied": [], "overlap": []}
    worse = []
    for method in order[1:]:
        kind = relation(table, names, best, method)
        if kind in groups:
            groups[kind].append(method)
        else:
            worse.append(f"{method} ({measure(kind).label})")
    parts = [f"At {TITLES[budget]}, {best} has the best median ({values})."]
    if groups["tied"]:
        parts.append(f"The same median: {', '.join(groups['tied'])}.")
    if groups["overlap"]:
        parts.append(
            f"Ranges overlap with its own, so no evidence: {', '.join(groups['overlap'])}."
        )
    if worse:
        parts.append(f"Worse in every seed than its worst: {', '.join(worse)}.")
    seeds = int(table["seeds"].min())
    return " ".join([*parts, f"({seeds} seed{'s' * (seeds > 1)} a method.)"])


def ranked(table: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return the methods from the best to the worst median, ties in the table's order.

    Args:
        table: One budget's summary, indexed by method and score.
        names: The scores that decide, first to last.
    """

    def key(method: str) -> list[float]:
        return [-measure(name).sign * float(table.loc[(method, name), "median"]) for name in names]

    return sorted(dict.fromkeys(table.index.get_level_values("method")), key=key)


def relation(table: pd.DataFrame, names: Sequence[str], best: str, other: str) -> str:
    """Return the first score in which another method's whole range lies apart on the worse side.

    Where there is none, return "tied" if all medians are equal, else "overlap".
    """
    tied = True
    for name in names:
        first, second = table.loc[(best, name)], table.loc[(other, name)]
        up = measure(name).sign == 1
        worse = second["max"] < first["min"] if up else second["min"] > first["max"]
        better = second["min"] > first["max"] if up else second["max"] < first["min"]
        if worse:
            return name
        if better:
            return "overlap"
        tied = tied and bool(first["median"] == second["median"])
    return "tied" if tied else "overlap"
