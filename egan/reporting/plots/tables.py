"""What the figures are drawn from: a run's tables, made fit, and what follows from them."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd

from egan.judging.measures import OBJECTIVE
from population.records import archive
from population.records.journal import with_numbers

IDENTITY = (
    *("run", "seed", "generation", "child", "parent_generation", "parent", "partner", "seconds"),
)
WINDOWS = 40  # windows that a run is divided into, for smoothing and for shares


def read_results(directory: Path) -> pd.DataFrame:
    """Read a run directory's ``results.csv``.

    Raises:
        ValueError: The directory is not there, is no run, or holds no results yet.
    """
    if not directory.is_dir():
        near = _neighbours(directory)
        raise ValueError(f"{directory} is not a folder{near or '; give a run, such as runs/00000'}")
    if not (directory / "results.csv").is_file():
        known = any((directory / name).exists() for name in ("config.yaml", "log.txt"))
        state = "has no results yet" if known else "is not a run"
        raise ValueError(f"{directory} {state}: it has no results.csv")
    table = read_table(directory / "results.csv")
    if table is None:
        raise ValueError(f"{directory} has no results yet: no generation is complete")
    return table


def read_table(path: Path) -> pd.DataFrame | None:
    """Read ``results.csv`` or ``metrics.csv``, or return None where there is nothing in it.

    A last row that is still being written is left out.

    Raises:
        ValueError: The file is no table, or was altered after it was written.
    """
    try:
        table = with_numbers(archive.read_table(path))
    except FileNotFoundError:
        return None
    if table.empty:
        return None
    if "generation" not in table:
        raise ValueError(f"{path} is no table of generations: it has no column 'generation'")
    if table["generation"].dtype != "int64":
        raise ValueError(f"{path}: 'generation' must be a whole number in every row")
    return table


def _neighbours(directory: Path) -> str:
    parent = directory.parent
    names = [entry.name for entry in os.scandir(parent)] if parent.is_dir() else []
    near = get_close_matches(directory.name, names, n=1)
    return f"; did you mean {parent / near[0]}?" if near else ""


def require_score(results: pd.DataFrame, score: str, *, source: str = "the results") -> None:
    """Check that the table has a column of numbers of this name.

    Raises:
        ValueError: It has not; near matches are offered.
    """
    numeric = [str(name) for name in results.select_dtypes("number") if name not in IDENTITY]
    if score in numeric:
        return
    near = get_close_matches(score, numeric, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ValueError(
        f"{source} has no score {score!r}; {hint}Scores and settings: {', '.join(numeric)}"
    )


def tidy(results: pd.DataFrame) -> pd.DataFrame:
    """Return a copy with text in `operator`, truth values in `survived`, no infinite numbers."""
    table = results.copy()
    if "operator" not in table:
        table["operator"] = ""
    if "survived" not in table:
        table["survived"] = False
    if table["operator"].isna().any() or table["operator"].dtype.kind in "if":
        table["operator"] = table["operator"].astype("object").fillna("").astype(str)
    if table["survived"].dtype != bool:
        table["survived"] = table["survived"].astype(str).str.lower().eq("true")
    numbers = table.select_dtypes("number").columns
    table[numbers] = table[numbers].replace([np.inf, -np.inf], np.nan)
    return table


def winners(results: pd.DataFrame, *, score: str = OBJECTIVE) -> pd.DataFrame:
    """Return one row per generation: its best survivor, or its best child where none is marked.

    Generations without any finite score are left out.
    """
    table = tidy(results).dropna(subset=[score])
    order = table.sort_values(["generation", "survived", score], kind="stable")
    return order.drop_duplicates("generation", keep="last").reset_index(drop=True)


def winner_path(results: pd.DataFrame, *, score: str = OBJECTIVE) -> pd.DataFrame:
    """Return the line of ancestors of the last generation's best survivor, oldest first.

    Where the table does not say who came from whom, each generation's best survivor.
    """
    best = winners(results, score=score)
    needed = ["generation", "child", "parent_generation", "parent"]
    if best.empty or not set(needed) <= set(results) or best[needed].isna().any(axis=None):
        return best
    table = tidy(results)
    keys = table[needed].to_numpy(dtype=float)
    places = {(generation, child): i for i, (generation, child, *_) in enumerate(keys)}
    line: list[int] = []
    place = places.get((best["generation"].iloc[-1], best["child"].iloc[-1]))
    while place is not None:
        line.append(place)
        *child, parent_generation, parent = keys[place]
        is_older = (parent_generation, parent) < tuple(child)
        place = places.get((parent_generation, parent)) if is_older else None
    path = table.iloc[line[::-1]]  # of a crossing and its parent, of one generation, the crossing
    return path.drop_duplicates("generation", keep="last").reset_index(drop=True)


def window(generations: pd.Series) -> int:
    """Return how many generations one of the run's windows has; 1 for short runs."""
    return max(1, round(int(generations.max() - generations.min() + 1) / WINDOWS))


def winning_shares(results: pd.DataFrame) -> pd.DataFrame:
    """Return each operator's share of the survivors in windows of generations.

    Returns:
        A row per window, indexed by its first generation, a column per operator of the run,
        values in [0, 1] that sum to 1; windows without survivors are left out.
    """
    table = tidy(results)
    width = window(table["generation"])
    names = sorted(set(table["operator"]))
    first = table["generation"].min()
    table = table[table["survived"]]
    start = (table["generation"] - first) // width * width + first
    counts = pd.crosstab(start.astype(int), table["operator"]).reindex(columns=names, fill_value=0)
    return counts.div(counts.sum(axis=1), axis=0)


def curve(rows: pd.DataFrame, *, score: str, width: int) -> pd.DataFrame:
    """Return a smoothed curve over generations.

    Args:
        rows: Children with `generation` and the score.
        score: The column to follow.
        width: Generations in the moving window.

    Returns:
        At most 600 rows with `generation`, `middle` (moving median of the generations' medians),
        `low` and `high` (their moving 10th and 90th percentiles), with the steps of a moving
        median rounded off.
    """
    series = rows.dropna(subset=[score]).groupby("generation")[score].median()
    moving = series.rolling(width, center=True, min_periods=1)
    table = pd.DataFrame(
        {"middle": moving.median(), "low": moving.quantile(0.1), "high": moving.quantile(0.9)}
    )
    table = table.rolling((width + 1) // 2, center=True, min_periods=1).mean()
    return thin(table.reset_index(), 600)


def members(table: pd.DataFrame, *, score: str, width: int) -> pd.DataFrame:
    """Return the population of a search over generations.

    Returns:
        At most 600 rows with `generation`, and the moving medians of `best`, `middle` (the median
        member), `low` and `high` (the 10th and 90th percentile of the members).
    """
    scores = table.dropna(subset=[score]).groupby("generation")[score]
    parts = {
        "best": scores.max(),
        "middle": scores.median(),
        "low": scores.quantile(0.1),
        "high": scores.quantile(0.9),
    }
    moving = pd.DataFrame(parts).rolling(width, center=True, min_periods=1).median()
    return thin(moving.rename_axis("generation").reset_index(), 600)


def thin(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return at most `most` rows, evenly spread, with the first and the last."""
    if len(table) <= most:
        return table
    return table.iloc[np.unique(np.linspace(0, len(table) - 1, most).round().astype(int))]
