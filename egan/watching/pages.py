"""The pages: what is read of runs, put into templates that escape all of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from egan.reporting.view import RunView
from egan.watching.drawing import fingerprint
from egan.watching.status import Status, status

FIGURES = {
    "score": "Fitness",
    "looks": "Scores",
    "mutations": "Winning mutations",
    "parts": "Quality against diversity",
    "lineage": "Lineage",
}
"""The figures that a run may have, with their headings, in order."""


NOTHING: dict[str, Any] = {
    "kind": "",
    "unit": "",
    "headline": [],
    "samples": None,
    "figures": {},
    "report": "",
}
"""What is shown of a run that cannot be read."""


def environment() -> Environment:
    """Return the templates; what is put into them is text."""
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    return Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def card(view: RunView) -> dict[str, Any]:
    """Return what a page shows of a run; of one that cannot be read, why."""
    stands = status(view)
    shown = {"name": view.name, "status": stands, "progress": progress(stands), "title": ""}
    try:
        about = view.about
        return shown | {
            "title": about.title,
            "kind": about.kind,
            "unit": about.unit,
            "headline": view.headline(),
            "samples": _samples(view),
            "figures": _figures(view),
            "report": fingerprint(view.path, ["report.html"]),
        }
    except Exception as error:  # one run's trouble is not the page's
        problem = Status(state=broken(stands), problem=str(error) or type(error).__name__)
        return shown | NOTHING | {"status": problem}


def broken(stands: Status) -> str:
    """Return what becomes of a run of which something cannot be read."""
    return stands.state if stands.state == "running" else "broken"


def progress(stands: Status) -> str:
    """Return how far a run is, such as "120 of 2,000"."""
    return f"{stands.done:,} of {stands.total:,}" if stands.total else f"{stands.done:,}"


def rows(views: Mapping[str, RunView]) -> list[dict[str, Any]]:
    """Return what the list of runs shows, newest first."""
    return [card(view) for view in views.values()]


def _samples(view: RunView) -> tuple[str, str, str] | None:
    """Return when the last look was, its picture's name, and what changes with it."""
    seen = view.samples()
    if seen is None:
        return None
    when, path = seen
    return when, path.name, fingerprint(path.parent, [path.name])


def _figures(view: RunView) -> dict[str, tuple[str, str]]:
    """Return heading and version of the figures that a run has data for, in their order."""
    version, known = fingerprint(view.path), view.drawings()
    return {name: (heading, version) for name, heading in FIGURES.items() if name in known}
