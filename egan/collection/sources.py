"""Where each value of a paper's preset comes from: a listing, a table, the authors' code, or us."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, NamedTuple

from egan import collection


class Sourced(NamedTuple):
    """A setting of a preset, its value, and where that comes from; "" where nobody says."""

    setting: str
    value: Any
    source: str


def paper_presets(name: str) -> list[str]:
    """Return the presets of a paper that claim its own sizes: "paper", "paper_gp" ..."""
    return [preset for preset in collection.presets(name) if preset.startswith("paper")]


def sourced(name: str, preset: str) -> list[Sourced]:
    """Return each setting of a paper's preset with its source, in the order of the settings.

    Args:
        name: A paper of the collection.
        preset: One of its presets.

    Raises:
        ValueError: A source is told of what is no setting, or one setting has two sources.
    """
    settings = collection.presets(name)[preset]().settings
    told: dict[str, str] = {}
    for source, names in collection.paper(name).sources.get(preset, {}).items():
        if twice := told.keys() & set(names):
            raise ValueError(f"{name}:{preset} has two sources for {', '.join(sorted(twice))}")
        told |= dict.fromkeys(names, source)
    known = [field.name for field in fields(settings)]
    if odd := told.keys() - set(known):
        raise ValueError(f"{name}:{preset} has no settings {', '.join(sorted(odd))}")
    return [Sourced(one, getattr(settings, one), told.get(one, "")) for one in known]
