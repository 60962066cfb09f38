"""Settings as a YAML file: `config.yaml` of a run directory, or one written by hand."""

from __future__ import annotations

import contextlib
import difflib
import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml

from egan.config.run import RunConfig, to_dict
from population.records.plain_yaml import read_yaml

T = TypeVar("T")


def read_config(
    path: Path, start: Callable[[str], RunConfig], *, beside: Sequence[str] = ()
) -> RunConfig:
    """Read settings; those that the file leaves out are its preset's.

    Args:
        path: The file.
        start: From a preset's name to its settings.
        beside: Sections that somebody else reads, see `section`.

    Raises:
        ValueError: The file cannot be read, is no YAML, or holds an unknown setting or a value of
            the wrong type; the message names it.
    """
    values = {name: value for name, value in _read(path).items() if name not in beside}
    return from_dict(values, start, source=str(path))


def section(path: Path, name: str, kind: type[T]) -> T:
    """Read a section that is no part of a run's settings; what it leaves out is as by default.

    Args:
        path: The file.
        name: The section.
        kind: The dataclass that it fills.

    Raises:
        ValueError: As `read_config` does.
    """
    built: T = _build(kind, _read(path).get(name, {}), str(path), f"{name}.")
    return built


def _read(path: Path) -> Mapping[str, Any]:
    values = read_yaml(path)
    values = {} if values is None else values
    if not isinstance(values, Mapping):
        raise ValueError(f"{path} must hold settings, 'name: value', but got {values!r:.60}.")
    return values


def to_yaml(config: RunConfig) -> str:
    """Return settings as YAML, in their own order; the sections that take no part are left out."""
    settings = to_dict(config)
    if not config.search.options:
        del settings["search"]["options"]
    if not config.mutations:
        del settings["generations"], settings["evolution"], settings["arithmetic"]["vectorize"]
    elif config.search.strategy is None:
        del settings["search"]
    text: str = yaml.safe_dump(settings, sort_keys=False, default_flow_style=None)
    return text


def from_dict(
    values: Mapping[str, Any], start: Callable[[str], RunConfig], *, source: str
) -> RunConfig:
    """Build settings from the dicts of a YAML file; missing ones are those of its preset.

    Raises:
        ValueError: A setting is unknown or of the wrong type; ``source`` names the file.
    """
    try:
        base = start(str(values.get("preset", RunConfig.preset)))
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error
    whole = _merged(to_dict(base), values)
    narrowed = {"settings": type(base.settings)}
    config: RunConfig = _build(RunConfig, whole, source, "", narrowed)
    return config


def _merged(base: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the base with values replaced, mapping by mapping."""
    merged = dict(base)
    for name, value in values.items():
        nested = isinstance(value, Mapping) and isinstance(base.get(name), Mapping)
        merged[name] = _merged(base[name], value) if nested else value
    return merged


def _build(
    kind: type[Any],
    values: Any,
    source: str,
    prefix: str,
    narrowed: Mapping[str, type[Any]] = types.MappingProxyType({}),
) -> Any:
    """Build a dataclass; ``narrowed`` has the types of fields that hold a subclass of theirs."""
    if not isinstance(values, Mapping):
        raise ValueError(
            f"{source}: {prefix.rstrip('.') or 'the file'} must be a mapping, but got {values!r}."
        )
    hints = {**_hints(kind), **narrowed}
    given = {}
    for name, value in values.items():
        if name not in hints:
            near = difflib.get_close_matches(str(name), hints, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(hints)}."
            raise ValueError(f"{source}: unknown setting {prefix + str(name)!r}; {hint}")
        given[name] = _convert(hints[name], value, source, prefix + str(name))
    if missing := [one.name for one in fields(kind) if _must_be(one) and one.name not in given]:
        raise ValueError(f"{source}: {prefix.rstrip('.')} must say {' and '.join(missing)}.")
    return kind(**given)


def _must_be(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _hints(kind: type[Any]) -> dict[str, Any]:
    """Return the types of a dataclass's fields, by name."""
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _convert(expected: Any, value: Any, source: str, name: str) -> Any:
    """Return a YAML value as the type a field expects."""
    if is_dataclass(expected) and isinstance(expected, type):
        return _build(expected, value, source, f"{name}.")
    origin, arguments = typing.get_origin(expected), typing.get_args(expected)
    if origin is types.UnionType:
        if value is None and type(None) in arguments:
            return None
        return _convert(next(a for a in arguments if a is not type(None)), value, source, name)
    if origin in (tuple, dict) and _fits(value, origin, arguments):
        return _collection(value, arguments[0], source, name)
    if origin is Literal and value in arguments:
        return value
    if origin is None and _is_scalar(expected, value):
        return expected(value)
    raise ValueError(f"{source}: {name} must be {_wanted(expected)}, but got {value!r}.")


def _is_scalar(expected: type[Any], value: Any) -> bool:
    """Return whether a value can be a field's; YAML reads 1e-3 or inf as a text."""
    if expected is float and isinstance(value, str):
        with contextlib.suppress(ValueError):
            return not math.isnan(float(value))
        return False
    kinds = (int, float) if expected is float else expected
    return isinstance(value, kinds) and isinstance(value, bool) == (expected is bool)


def _fits(value: Any, origin: type[Any], arguments: tuple[Any, ...]) -> bool:
    """Return whether a value is a mapping, or a list as long as the tuple that a field expects."""
    if origin is dict:
        return isinstance(value, Mapping)
    return isinstance(value, list) and (arguments[-1] is Ellipsis or len(value) == len(arguments))


def _collection(value: Any, expected: Any, source: str, name: str) -> Any:
    """Return a YAML list as a tuple, and a mapping as one from texts to texts."""
    if isinstance(value, Mapping):
        return {str(key): str(entry) for key, entry in value.items()}
    return tuple(_convert(expected, item, source, name) for item in value)


def _wanted(expected: Any) -> str:
    """Return what a field expects, for a reader."""
    origin, arguments = typing.get_origin(expected), typing.get_args(expected)
    if origin is Literal:
        return " or ".join(map(repr, arguments))
    if origin is tuple:
        length = "" if arguments[-1] is Ellipsis else f"{len(arguments)} "
        return f"a list of {length}{arguments[0].__name__}"
    if origin is dict:
        return "a mapping from names to texts"
    names = {"str": "a text", "int": "a whole number", "float": "a number", "bool": "true or false"}
    name: str = expected.__name__
    return names.get(name, name)
