"""What the alarm of a run has told, from its journal, for the report."""

from __future__ import annotations

from typing import Any

import pandas as pd

from egan.judging.collapse import ADVICE
from egan.reporting.about import About


def alarms(journal: pd.DataFrame | None, about: About) -> list[tuple[str, str]]:
    """Return each alarm as a sentence and its advice; one that lasts is told where it began."""
    told: list[tuple[str, str]] = []
    before = None
    for row in [] if journal is None else journal.to_dict("records"):
        kind = row["kind"] if isinstance(row["kind"], str) else None
        back = _back(row, about)
        if kind is not None and (kind != before or back):
            where = about.where(int(row["generation"]))
            sentence = f"{kind[:1].upper()}{kind[1:]} at {where}: {row['facts']}.{back}"
            told.append((sentence, ADVICE.get(kind, "")))  # type: ignore[call-overload]
        before = kind
    return told


def _back(row: dict[Any, Any], about: About) -> str:
    number, rate = row["went_back_to"], row["rate"]
    if number is None or pd.isna(number):
        return ""
    return f" The run went back to {about.where(int(number))}, its rates times {rate:g}."
