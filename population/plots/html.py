"""What notebooks show of a search: a headline, and figures inside."""

import base64
import io
from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, Any

from population.plots.style import DPI
from population.records.lineage import hyperparameter_names

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from population.records.result import Record
    from population.records.schedule import Schedule


def record_html(record: "Record") -> str:
    """Return how a search went, and its scores and hyperparameters as a figure."""
    return headline(record_lines(record)) + picture(record.plot(), "scores and hyperparameters")


def schedule_html(schedule: "Schedule") -> str:
    """Return a row for each phase of a schedule."""
    lines = [("generations", str(len(schedule))), ("ranked by", schedule.objective)]
    table = schedule.frame().to_html(index=False, border=0, na_rep="")
    return headline(lines) + str(table)


def headline(lines: Iterable[tuple[str, str]]) -> str:
    """Return names and values as a table; whatever they hold is text."""
    rows = (
        f'<tr><th style="text-align:left">{escape(name)}</th>'
        f'<td style="text-align:left">{escape(value)}</td></tr>'
        for name, value in lines
    )
    return f"<table>{''.join(rows)}</table>"


def picture(figure: "Figure", alt: str) -> str:
    """Return a figure as an image that needs no file."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=DPI)
    return embedded(stream.getvalue(), alt)


def embedded(content: bytes, alt: str, *, kind: str = "png") -> str:
    """Return a picture's bytes as an image that needs no file."""
    data = base64.b64encode(content).decode("ascii")
    style = "max-width:100%"
    return f'<img alt="{escape(alt)}" style="{style}" src="data:image/{kind};base64,{data}">'


def record_lines(record: "Record") -> list[tuple[str, str]]:
    """Return what heads the record of a search, name by name."""
    history = record.history
    failed = len(record.failures)
    return [
        *_best(record),
        ("generations", str(int(history["generation"].max()))),
        ("members", str(history["child"].nunique())),
        *([("failed children", f"{failed} of {len(history)}")] if failed else []),
    ]


def _best(record: "Record") -> list[tuple[str, str]]:
    try:
        row = record.history.iloc[record.row()]
    except ValueError:  # no score is finite yet
        return [(f"best {record.objective}", "none is finite")]
    where = f"generation {row['generation']}, child {row['child']}"
    lines = [(f"best {record.objective}", f"{_text(row[record.objective])} ({where})")]
    settings = _settings(record.history, row)
    return [*lines, ("with", settings)] if settings else lines


def _settings(history: "pd.DataFrame", row: Any) -> str:
    known = {name: row[name] for name in hyperparameter_names(history)}
    return ", ".join(f"{name} {_text(value)}" for name, value in known.items() if _is_there(value))


def _is_there(value: Any) -> bool:
    return value is not None and value == value  # noqa: PLR0124 - NaN is not


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
