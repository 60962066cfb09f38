"""What contests are worth, from what came of each of their children: means with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from egan.files import atomic
from egan.reporting.plots.regret import regret_figure
from egan.reporting.plots.style import save_figure
from egan.reporting.report import write_report

RESAMPLES = 10_000
RANKED = {"fitness": "fitness", "now": "score at once"}
"""Columns that are compared with the score after the horizon, and what they are called."""


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What contests are worth, each number with its 95% interval.

    Attributes:
        value: The winner's score after the horizon above the mean of its siblings'.
        ranks: Within a litter, the rank correlation with that score of the fitness, and of the
            score at once.
    """

    value: tuple[float, float, float]
    ranks: Mapping[str, tuple[float, float, float]]


def worth(branches: pd.DataFrame, *, seed: int = 0) -> Worth:
    """Return what contests are worth: means over contests, which are drawn again for intervals.

    Args:
        branches: What `measure` returned.
        seed: Of the draws.
    """
    litters = [litter for _, litter in branches.groupby("generation")]
    gains = [_gain(litter) for litter in litters]
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(litters), size=(RESAMPLES, len(litters)))
    ranks = {name: [_rank(litter, name) for litter in litters] for name in RANKED}
    return Worth(
        value=_interval(gains, draws),
        ranks={name: _interval(values, draws) for name, values in ranks.items()},
    )


def _gain(litter: pd.DataFrame) -> float:
    won = litter["won"].astype(bool)
    return float(litter.loc[won, "later"].mean() - litter.loc[~won, "later"].mean())


def _rank(litter: pd.DataFrame, name: str) -> float:
    """Return Spearman's rank correlation within a litter; 0 where one of the two is constant."""
    if litter[name].nunique() < 2 or litter["later"].nunique() < 2:
        return 0.0
    return float(spearmanr(litter[name], litter["later"]).statistic)


def _interval(values: Sequence[float], draws: np.ndarray[Any, Any]) -> tuple[float, float, float]:
    """Return the mean of what is known, and the interval of the means of draws."""
    known = np.asarray(values, dtype=float)
    drawn = known[draws]
    means = np.nanmean(drawn, axis=1)
    low, high = np.nanpercentile(means, [2.5, 97.5])
    return float(np.nanmean(known)), float(low), float(high)


def report(run: Path, branches: pd.DataFrame, *, horizon: int) -> str:
    """Write `regret.csv`, `regret.png` and the run's report again; return what was found."""
    found = worth(branches)
    text = "\n".join(_said(found, branches, horizon=horizon))
    with atomic(run / "regret.csv") as temporary:
        branches.to_csv(temporary, index=False)
    with atomic(run / "regret.txt") as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    save_figure(regret_figure(branches, value=found.value, horizon=horizon), run / "regret.png")
    write_report(run)
    return f"{text}\nwrote {run / 'regret.csv'}, regret.png and report.html"


def _said(found: Worth, branches: pd.DataFrame, *, horizon: int) -> Iterator[str]:
    count = branches["generation"].nunique()
    value, low, high = found.value
    yield (
        f"{count} contests, each child followed for {horizon} generations: the winner's score is "
        f"{value:+.4f} above its siblings' (95% interval {low:+.4f} to {high:+.4f})."
    )
    for name, (mean, least, most) in found.ranks.items():
        yield (
            f"Rank correlation within a litter of the {RANKED[name]} with the score after "
            f"{horizon} generations: {mean:+.2f} ({least:+.2f} to {most:+.2f})."
        )
