"""The tree that a user writes down as a search space, and the leaves on it."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from population.spaces.domain import Domain, Fixed, plain
from population.spaces.foreign import convert
from population.strategy import flatten

Tree = Mapping[str, Any]
"""Nested dicts; a leaf is a domain or a value."""


@dataclass(frozen=True, slots=True)
class When:
    """An entry that exists only where another one has one of these values.

    Example:
        ``{"optimizer": Choice(["sgd", "adam"]), "momentum": When("optimizer", "sgd",
        Uniform(0, 0.99))}``

    Attributes:
        name: The other entry, by its dotted name from the top of the space.
        values: Its value, or a list of values.
        entry: What exists then: a domain, a value, or a dict of such entries.
    """

    name: str
    values: Any
    entry: Any

    def condition(self) -> "Condition":
        """Return the name with the tuple of its values."""
        given = self.values if isinstance(self.values, (list, tuple, set)) else [self.values]
        return self.name, tuple(plain(value) for value in given)


__all__ = ["Leaf", "Tree", "When", "flatten", "in_order", "leaves_of", "unflatten", "unknown"]

Condition = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One hyperparameter: its domain and the conditions that must hold for it to exist."""

    domain: Domain
    conditions: tuple[Condition, ...] = ()

    def exists(self, flat: Tree) -> bool:
        """Return whether all conditions hold among these flat values."""
        return all(name in flat and flat[name] in allowed for name, allowed in self.conditions)


def leaves_of(tree: Tree) -> dict[str, Leaf]:
    """Return all leaves of a tree by their dotted names.

    Raises:
        ValueError: An entry makes no sense; the message names it.
    """
    if not isinstance(tree, Mapping):
        raise ValueError(f"space={tree!r}: expected a dict from names to domains.")
    leaves = dict(_walk(tree, "", ()))
    for name, leaf in leaves.items():
        for condition in leaf.conditions:
            _check_condition(name, condition, leaves)
    return leaves


def in_order(leaves: dict[str, Leaf]) -> dict[str, Leaf]:
    """Return the leaves, every one after those that its conditions name.

    Raises:
        ValueError: Two wait for each other.
    """
    ordered: dict[str, Leaf] = {}
    waiting = dict(leaves)
    while waiting:
        ready = [
            name
            for name, leaf in waiting.items()
            if all(other in ordered for other, _ in leaf.conditions)
        ]
        if not ready:
            raise ValueError(f"the conditions of {sorted(waiting)} go round in a circle.")
        ordered |= {name: waiting.pop(name) for name in ready}
    return ordered


def unflatten(flat: Tree) -> dict[str, Any]:
    """Return values under dotted names as nested dicts."""
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        *groups, last = name.split(".")
        place = nested
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = value
    return nested


def unknown(name: str, known: "Mapping[str, Any] | tuple[str, ...]", problem: str) -> str:
    """Return a message about an unknown name, with those that look alike."""
    by_lower = {other.lower(): other for other in known}
    near = [by_lower[other] for other in difflib.get_close_matches(name.lower(), by_lower, n=3)]
    near += [other for other in known if other.endswith(f".{name}") and other not in near]
    hint = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(known)}."
    return f"{name!r} {problem}. {hint}"


def _walk(tree: Tree, prefix: str, conditions: tuple[Condition, ...]) -> Iterator[tuple[str, Leaf]]:
    if not tree:
        raise ValueError(f"{prefix.rstrip('.') or 'space'}={tree!r}: expected at least one entry.")
    for key, given in tree.items():
        if not isinstance(key, str) or not key or "." in key:
            raise ValueError(
                f"{prefix}{key!r}: expected a name without dots; write groups as nested dicts."
            )
        name, entry, needed = f"{prefix}{key}", given, conditions
        while isinstance(entry, When):
            needed = (*needed, entry.condition())
            entry = entry.entry
        domain = _domain(name, entry)
        if domain is None:
            yield from _walk(entry, f"{name}.", needed)
        else:
            yield name, Leaf(domain, needed)


def _domain(name: str, entry: Any) -> Domain | None:
    """Return the entry as a domain, or None where it is a tree."""
    try:
        domain = convert(entry)
        if isinstance(domain, Domain):
            return domain
        if isinstance(domain, Mapping):
            return None
        if isinstance(entry, list):
            raise ValueError(
                f"a list such as {entry!r} may mean several things: write Choice([...]), "
                "Ordinal([...]) where the order counts, or Fixed([...]) for the list itself."
            )
        return Fixed(entry)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _check_condition(name: str, condition: Condition, leaves: dict[str, Leaf]) -> None:
    other, values = condition
    if other not in leaves:
        raise ValueError(f"{name}: {unknown(other, leaves, 'of its condition does not exist')}")
    domain = leaves[other].domain
    if impossible := [value for value in values if value not in domain]:
        raise ValueError(f"{name}: {other} is never {impossible[0]!r}; it is {domain!r}.")
    if leaves[name].domain.structural and not (domain.structural or isinstance(domain, Fixed)):
        raise ValueError(
            f"{name} changes shapes, so it must not depend on {other}, which is explored. "
            f"Make {other} structural too."
        )
