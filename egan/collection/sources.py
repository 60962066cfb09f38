"""Where each value of a paper's preset comes from: a listing, a table, the authors' code, or us."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple

from egan import collection
from egan.config.settings import AUGMENTS

if TYPE_CHECKING:
    from egan.config import RunConfig


OURS = "ours, off: the paper augments nothing that its discriminator sees"


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

    A preset that evolves has more: "evolve", "generations", and "evolution." with each of those.

    Args:
        name: A paper of the collection.
        preset: One of its presets.

    Raises:
        ValueError: A source is told of what is no setting, or one setting has two sources.
    """
    values = _values(collection.presets(name)[preset]())
    told: dict[str, str] = {}
    for source, names in collection.paper(name).sources.get(preset, {}).items():
        if twice := told.keys() & set(names):
            raise ValueError(f"{name}:{preset} has two sources for {', '.join(sorted(twice))}")
        told |= dict.fromkeys(names, source)
    if odd := told.keys() - values.keys():
        raise ValueError(f"{name}:{preset} has no settings {', '.join(sorted(odd))}")
    told = {**dict.fromkeys(AUGMENTS, OURS), **told}
    return [Sourced(one, value, told.get(one, "")) for one, value in values.items()]


def _values(config: RunConfig) -> dict[str, Any]:
    values = _fields(config.settings)
    if config.mutations:
        values |= {"evolve": config.evolve, "generations": config.generations}
        values |= {f"evolution.{one}": value for one, value in _fields(config.evolution).items()}
    return values


def _fields(settings: Any) -> dict[str, Any]:
    return {field.name: getattr(settings, field.name) for field in fields(settings)}
