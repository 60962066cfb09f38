"""Search spaces in the words of the command line: `--space.generator-lr 1e-5,1e-2,log`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from egan.config.settings import Kind
from egan.errors import UserError
from egan.lazy import lookup

if TYPE_CHECKING:
    from population.spaces import SearchSpace

FLAG = "--space."
MARKS = ("log", "int")

EXPLANATION = """low,high          any number in between, whole ones where it must be one
low,high,log      the same on a logarithmic scale
low,high,int      whole numbers; low,high,log,int on a logarithmic scale
a,b,c             one of three or more in their order; exploring moves to a neighbour
a|b|c             one of some without an order (in quotes, for the shell)
a                 this value, not searched"""

GRAMMAR = "low,high[,log][,int], a list a,b,c, options a|b|c, or one value"


def taken_out(
    words: Sequence[str], *, prefix: str = FLAG, wanted: str = GRAMMAR
) -> tuple[list[str], dict[str, str]]:
    """Return a command line without its `--space.NAME VALUE`, and these by name.

    Args:
        words: The command line.
        prefix: What the flags begin with.
        wanted: What a value may be, for a message.

    Raises:
        UserError: One has no value, or comes twice.
    """
    left: list[str] = []
    space: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if not word.startswith(prefix):
            left.append(word)
            continue
        flag, equals, value = word.partition("=")
        value = value if equals else next(rest, "")
        name = flag.removeprefix(prefix).replace("-", "_")
        if not value or value.startswith("--") or name in space:
            problem = "comes twice" if name in space else "has no value"
            raise UserError(f"{flag} {problem}; expected one of {wanted}.")
        space[name] = value
    return left, space


def flag(name: str) -> str:
    """Return how a hyperparameter is spelt on the command line."""
    return f"{FLAG}{name.replace('_', '-')}"


def read_space(
    texts: Mapping[str, str], kinds: Mapping[str, Kind], *, structural: Sequence[str] = ()
) -> SearchSpace:
    """Return the search space of some texts.

    Args:
        texts: What each hyperparameter may be, by its name.
        kinds: The hyperparameters that there are, each int, float, bool or str.
        structural: Those that change shapes.

    Raises:
        ValueError: A name is unknown or a text makes no sense; the message names it.
    """
    from population.spaces import SearchSpace

    known = {flag(name): kind for name, kind in kinds.items()}
    domains = {}
    for name, text in texts.items():
        kind = lookup(known, flag(name), kind="hyperparameter")
        try:
            domains[name] = domain(text, kind)
        except ValueError as error:
            raise ValueError(f"{flag(name)} {text}: {error}") from error
        if name in structural:
            domains[name] = fixed_at_birth(domains[name])
    return SearchSpace(domains)


def fixed_at_birth(domain: Any) -> Any:
    """Return a domain whose value a member keeps for life; a plain value is kept anyway."""
    from population.spaces import Domain

    return replace(domain, structural=True) if isinstance(domain, Domain) else domain


def domain(text: str, kind: Kind) -> Any:
    """Return the domain, or the one value, that a text stands for.

    Raises:
        ValueError: It makes no sense.
    """
    from population.spaces import Choice, Ordinal

    if "|" in text:
        return Choice([value(word, kind) for word in text.split("|")])
    words = [word.strip() for word in text.split(",")]
    marks = [word for word in words if word in MARKS and kind is not str]
    words = words[: len(words) - len(marks)]
    if len(words) == 2 and kind in (int, float):
        return _range(words, marks, whole=kind is int or "int" in marks)
    if marks:
        raise ValueError(f"{' and '.join(marks)} belongs after low,high; expected {GRAMMAR}.")
    values = [value(word, kind) for word in words]
    return values[0] if len(values) == 1 else Ordinal(values)


def _range(words: Sequence[str], marks: Sequence[str], *, whole: bool) -> Any:
    from population.spaces import IntUniform, LogUniform, Uniform

    kind = int if whole else float
    low, high = (value(word, kind) for word in words)
    if whole:
        return IntUniform(low, high, log="log" in marks)
    return LogUniform(low, high) if "log" in marks else Uniform(low, high)


def value(word: str, kind: Kind, *, wanted: str = GRAMMAR) -> Any:
    """Return a word as a value.

    Args:
        word: The word.
        kind: What it is to be.
        wanted: What is expected, for a message.

    Raises:
        ValueError: It is none of that kind.
    """
    word = word.strip()
    if not word:
        raise ValueError(f"a value is missing; expected {wanted}.")
    if kind is str:
        return word
    if kind is bool:
        if word not in ("true", "false"):
            raise ValueError(f"{word!r} is neither true nor false; expected {wanted}.")
        return word == "true"
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or (kind is int and number != int(number)):
        missed = "a whole number" if kind is int else "a number"
        raise ValueError(f"{word!r} is not {missed}; expected {wanted}.")
    return kind(number)
