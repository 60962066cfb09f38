"""Settings of a search's strategy in the words of the command line: `--search.quantile 0.3`."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from egan.config.settings import Kind
from egan.config.space import value
from egan.lazy import lookup

FLAG = "--search."
GRAMMAR = "a number, a list a,b,c of numbers, true or false, or a text, as the search has it"
ELSEWHERE = ("self", "space", "population_size", "initial", "objective")
"""Arguments of a strategy that other flags set, or none."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """A setting of a strategy.

    Attributes:
        kind: What it is, or what each of several is.
        several: Whether it is a list, spelt a,b,c.
        default: Its value where none is given.
        help: What it means.
    """

    kind: Kind
    several: bool
    default: Any
    help: str

    @property
    def shown(self) -> str:
        """Its default, for a reader."""
        return "-" if self.default in (None, ()) else str(self.default)

    def read(self, text: str) -> Any:
        """Return a text as a value.

        Raises:
            ValueError: It is none of that kind.
        """
        if self.several:
            return tuple(value(word, self.kind, wanted=GRAMMAR) for word in text.split(","))
        return value(text, self.kind, wanted=GRAMMAR)


def flag(name: str) -> str:
    """Return how a strategy's setting is spelt on the command line."""
    return f"{FLAG}{name.replace('_', '-')}"


def options_of(strategy: type[Any]) -> dict[str, Option]:
    """Return the settings of a strategy by name, from its constructor and its docstring."""
    arguments = inspect.signature(strategy.__init__).parameters
    hints, helps = typing.get_type_hints(strategy.__init__), _helps(strategy)
    return {
        name: _option(hints[name], argument.default, helps.get(name, ""))
        for name, argument in arguments.items()
        if name not in ELSEWHERE
    }


def _option(hint: Any, default: Any, text: str) -> Option:
    """Return the setting of a type such as float, int | None, or Sequence[int]."""
    if isinstance(hint, types.UnionType):
        hint = next(one for one in typing.get_args(hint) if one is not type(None))
    several = typing.get_origin(hint) is Sequence
    kind = typing.get_args(hint)[0] if several else hint
    return Option(kind=kind, several=several, default=default, help=text)


def _helps(strategy: type[Any]) -> dict[str, str]:
    """Return what a docstring says of each argument, as one line."""
    section = (inspect.getdoc(strategy) or "").partition("\nArgs:\n")[2].partition("\n\n")[0]
    entries = re.findall(r"^    (\w+): (.+(?:\n {5,}.+)*)", section, flags=re.MULTILINE)
    return {name: " ".join(text.replace("``", "").split()) for name, text in entries}


def read_options(texts: Mapping[str, str], strategy: type[Any]) -> dict[str, Any]:
    """Return the settings of a strategy that some texts stand for.

    Raises:
        ValueError: The strategy has no such setting, or a text is no value of it.
    """
    known = {flag(name): one for name, one in options_of(strategy).items()}
    found = {}
    for name, text in texts.items():
        if not known:
            raise ValueError(f"{flag(name)}: this search has no settings; leave it out.")
        option = lookup(known, flag(name), kind="setting of this search")
        try:
            found[name] = option.read(text)
        except ValueError as error:
            raise ValueError(f"{flag(name)} {text}: {error}") from error
    return found
