"""What the fields of a stranger's JSON must be, checked one by one, and named where they differ."""

from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any, str], Any]
"""Takes a value and where it stands; returns it as it is to be used."""

MAX_INTEGER = 2**63


class SchemaError(ValueError):
    """A field is missing, unknown, or not what it must be; the message names it."""


def refuse(value: Any, where: str, expected: str) -> SchemaError:
    """Return what to raise for a field."""
    return SchemaError(f"{where} is {repr(value)[:60]}, expected {expected}")


def fields(checks: Mapping[str, Check]) -> Check:
    """Return a check of an object that has exactly these fields."""

    def check(value: Any, where: str) -> dict[str, Any]:
        values = _object(value, where)
        if missing := sorted(checks.keys() - values.keys()):
            raise SchemaError(f"{where}.{missing[0]} is missing")
        if unknown := sorted(values.keys() - checks.keys()):
            raise SchemaError(f"{where}.{unknown[0]} is no field; there are {', '.join(checks)}")
        return {name: one(values[name], f"{where}.{name}") for name, one in checks.items()}

    return check


def mapping(one: Check) -> Check:
    """Return a check of an object from any names to values of one kind."""

    def check(value: Any, where: str) -> dict[str, Any]:
        return {k: one(v, f"{where}.{k}") for k, v in _object(value, where).items()}

    return check


def listing(one: Check, *, least: int = 0) -> Check:
    """Return a check of a list of values of one kind."""

    def check(value: Any, where: str) -> list[Any]:
        if not isinstance(value, list) or len(value) < least:
            raise refuse(value, where, f"a list of at least {least}")
        return [one(item, f"{where}[{i}]") for i, item in enumerate(value)]

    return check


def optional(one: Check) -> Check:
    """Return a check that lets null pass."""

    def check(value: Any, where: str) -> Any:
        return None if value is None else one(value, where)

    return check


def whole(value: Any, where: str) -> int:
    """Check a count: an integer of at least 0."""
    if type(value) is not int or not 0 <= value < MAX_INTEGER:
        raise refuse(value, where, "an integer of at least 0")
    return value


def number(value: Any, where: str) -> float:
    """Check a number, NaN and infinity among them."""
    if type(value) not in (int, float):
        raise refuse(value, where, "a number")
    return float(value)


def truth(value: Any, where: str) -> bool:
    """Check a truth value."""
    if type(value) is not bool:
        raise refuse(value, where, "true or false")
    return value


def text(value: Any, where: str) -> str:
    """Check a text."""
    if type(value) is not str:
        raise refuse(value, where, "a text")
    return value


def anything(value: Any, where: str) -> Any:  # noqa: ARG001 - who uses it checks it
    """Let a value pass."""
    return value


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise refuse(value, where, "an object")
    return value
