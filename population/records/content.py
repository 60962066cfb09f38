"""The schema of a checkpoint: which fields it has, and what may be in them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from population.records.cells import decode
from population.records.journal import check_name
from population.records.schema import (
    SchemaError,
    anything,
    fields,
    listing,
    mapping,
    number,
    optional,
    refuse,
    text,
    truth,
    whole,
)
from population.records.skeleton import check_skeleton
from population.spaces.tree import unflatten
from population.state import PackedState
from population.strategy import MISSING, Individual

_MARK = fields({"size": whole, "sha256": optional(text)})
_DOMAIN = mapping(anything)


def _marks(value: Any, where: str) -> dict[str, Any]:
    marks: dict[str, Any] = mapping(_MARK)(value, where)
    for name in marks:
        try:
            check_name(name)
        except ValueError as error:
            raise SchemaError(f"{where}: {error}") from error
    return marks


def _hyperparameters(value: Any, where: str) -> dict[str, Any]:
    flat = {}
    for pair in listing(listing(text))(value, where):
        if len(pair) != 2 or not all(pair[0].split(".")):
            raise refuse(pair, where, "a name and a cell")
        try:
            flat[pair[0]] = decode(pair[1])
        except ValueError as error:
            raise SchemaError(f"{where}.{pair[0]}: {error}") from error
        if flat[pair[0]] is MISSING:
            raise refuse(pair, where, "a value")
    try:
        return unflatten(flat)
    except (TypeError, AttributeError) as error:
        raise SchemaError(f"{where}: a name is that of a value and of a group") from error


def checked_settings(value: Any, where: str = "identity") -> dict[str, Any]:
    """Check a run's settings, of which those are read that every search has.

    Raises:
        SchemaError: One of these is not what it must be.
    """
    settings: dict[str, Any] = mapping(anything)(value, where)
    for name in settings.keys() & READ_BACK.keys():
        READ_BACK[name](settings[name], f"{where}.{name}")
    return settings


def _domain(value: Any, where: str) -> Mapping[str, Any]:
    domain: dict[str, Any] = mapping(anything)(value, where)
    text(domain.get("domain"), f"{where}.domain")
    return domain


READ_BACK = {"objective": text, "asynchronous": truth, "space": mapping(_domain)}
"""The settings of a search that are read from a checkpoint, and what each must be."""

_MEMBER = fields(
    {
        "generation": whole,
        "index": whole,
        "hyperparameters": _hyperparameters,
        "scores": mapping(number),
        "failed": truth,
        "state": optional(anything),
    }
)
CONTENT = fields(
    {
        "format": whole,
        "generation": whole,
        "population": listing(_MEMBER, least=1),
        "environment": optional(anything),
        "strategy": mapping(anything),
        "marks": _marks,
        "identity": checked_settings,
        "idle": whole,
    }
)
"""Checks what ``state.json`` holds; states are checked with their buffers, by :class:`Buffers`."""

_FINGERPRINT = fields({"size": whole, "sha256": text})
MANIFEST = fields(dict.fromkeys(("state.safetensors", "state.json"), _FINGERPRINT))
"""Checks what ``manifest.json`` holds."""


class Buffers:
    """The buffers of a checkpoint's states, and the states in them.

    Args:
        blob: What ``state.safetensors`` holds.
        content: What ``state.json`` holds, checked.

    Raises:
        SchemaError: It is no such file.
    """

    def __init__(self, blob: bytes, content: Mapping[str, Any]) -> None:
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            self._buffers = load(blob)
        except (SafetensorError, ValueError, KeyError, TypeError) as error:
            raise SchemaError(f"state.safetensors: {error}") from error
        self._content = content

    def population(self) -> list[Individual]:
        """Return the members, each with its state."""
        return [self._member(i, one) for i, one in enumerate(self._content["population"])]

    def _member(self, i: int, member: Mapping[str, Any]) -> Individual:
        where = f"population[{i}].state"
        if member["state"] is None and member["generation"] and not member["failed"]:
            raise SchemaError(f"{where} is missing, though the member has not failed")
        state = self._packed(f"population.{i}", member["state"], where)
        return Individual(**{**member, "state": state})

    def environment(self) -> PackedState | None:
        """Return the environment's state, or None."""
        return self._packed("environment", self._content["environment"], "environment")

    def _packed(self, name: str, skeleton: Any, where: str) -> PackedState | None:
        if skeleton is None:
            return None
        buffer = self._buffers.get(name)
        if buffer is None or buffer.dtype != np.uint8 or buffer.ndim != 1:
            raise SchemaError(f"{where}: state.safetensors has no row of bytes called {name!r}")
        check_skeleton(skeleton, where, buffer.nbytes)
        return PackedState(skeleton, buffer)
