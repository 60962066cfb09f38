"""The methods of a comparison, in one table: what each of them changes of the settings.

A method is a way to choose mutations, then what else is changed, joined by plus signs:

    egan                      the evolution as it is
    random+wide-2             one generator, twice as wide, its mutation drawn at each step
    niches-4+least_squares    four generators of the same objective

A new one is a line in `METHODS`, or in `CHANGES`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import mutations
from egan.comparison.changes import (
    Change,
    N,
    as_it_is,
    both,
    evolving,
    narrower,
    only,
    rates,
    unscored,
    whole_batches,
    wider,
)
from egan.lazy import lookup

if TYPE_CHECKING:
    from egan.config import RunConfig

EGAN, RANDOM = "egan", "random"
FOREVER = 10**9
NAME = re.compile(r"([a-z_]+)(?:-(\d+(?:\.\d+)?))?")
"""A name, and the number that it may have."""


@dataclass(frozen=True)
class Method:
    """A part of a method.

    Attributes:
        label: What figures call it, with braces for its number.
        what: What it is, for the help.
        change: What it changes of the settings.
        number: An example of its number, a whole one if this is; None where it has none.
        colour: Of its dots; empty for the colour of its name.
    """

    label: str
    what: str
    change: Change
    number: int | float | None = None
    colour: str = ""

    def spelt(self, name: str) -> str:
        """Return how it is spelt, with a number where it has one."""
        return name if self.number is None else f"{name}-{self.number:g}"

    def takes(self, number: float) -> bool:
        """Whether it may have a number; 0 stands for none."""
        if self.number is None or not number:
            return self.number is None and not number
        return isinstance(self.number, float) or number == int(number)


METHODS: Mapping[str, Method] = {
    EGAN: Method("E-GAN", "the evolution as it is", as_it_is, colour="#B3261E"),
    RANDOM: Method(
        "random mutation",
        "a plain GAN whose mutation is drawn at each step",
        unscored(random_mutation=True),
        colour="#59636E",
    ),
    "contest": Method(
        "last winner, contest 1 in {}",
        "E-GAN's contest in one of 10 generations, the last winner's mutation in between",
        evolving(contest_every=N, bandit=False),
        10,
        "#AA4499",
    ),
    "bandit": Method(
        "bandit, contest 1 in {}",
        "the same, with a bandit that learns from the contests in between",
        evolving(contest_every=N, bandit=True),
        10,
        "#1F2328",
    ),
    "crossover": Method(
        "E-GAN, {} crossed",
        "E-GAN with a child a contest that is distilled from two mutants",
        evolving(crossover=N),
        1,
        "#9922EE",
    ),
    "iegan": Method(
        "IE-GAN, {} crossed",
        "the same, with the distance of pairs for diversity, as in IE-GAN",
        evolving(crossover=N, diversity="pairwise"),
        1,
        "#CC79A7",
    ),
    "cdegan": Method(
        "CDE-GAN, {} discriminators",
        "E-GAN with discriminators that evolve too, as in CDE-GAN",
        evolving(discriminators=N),
        2,
        "#805030",
    ),
    "losers": Method(
        "E-GAN, losers teach",
        "E-GAN whose discriminator learns from all children",
        evolving(losers_teach=True),
        colour="#44AA99",
    ),
    "niches": Method(
        "{} niches",
        "generators that divide the batch, share the discriminator and are judged as one",
        unscored(niches=N),
        4,
        "#117733",
    ),
    "generators": Method(
        "{} generators, a batch each",
        "niches of a whole batch each, as in MAD-GAN and MGAN",
        both(whole_batches, unscored(niches=N)),
        4,
        "#999933",
    ),
}
"""Ways to choose mutations. Beside them, each mutation's name is a plain GAN with that alone."""

CHANGES: Mapping[str, Method] = {
    "wide": Method("{} times as wide", "a generator twice as wide", wider, 2.0),
    "narrow": Method("equal parameters", "niches that have the parameters of one", narrower),
    "rates": Method("rates times {}", "both learning rates, times a half", rates, 0.5),
    "shares": Method(
        "shares moved every {}",
        "niches whose shares of the batch move, every 100 generations, to those that are needed",
        evolving(share_every=N),
        100,
    ),
    RANDOM: Method("drawn", "mutations are drawn at each step", evolving(random_mutation=True)),
}
"""What else is changed. Beside them, a mutation's name leaves the other mutations out."""


def default_methods(config: RunConfig) -> tuple[str, ...]:
    """Return E-GAN, each of its mutations alone, and a mutation drawn at random each step."""
    return (EGAN, *config.mutations, RANDOM)


def method_config(config: RunConfig, method: str, *, seed: int) -> RunConfig:
    """Return the settings of one method, in this process.

    Raises:
        ValueError: There is no such method, or it does not fit the settings.
    """
    config = replace(
        config, seed=seed, executor="inline", workers=None, address=None, checkpoint_every=FOREVER
    )
    for part, number in _parts(method):
        config = part.change(config, number)
    return config


def is_single(config: RunConfig, method: str) -> bool:
    """Whether a method trains one generator, without any contest."""
    config = method_config(config, method, seed=0)
    return not config.evolution.niches and config.evolution.num_children(config.mutations) == 1


def label_of(method: str) -> str:
    """Return what figures call a method."""
    return ", ".join(part.label.format(f"{number:g}") for part, number in _parts(method))


def colour_of(method: str) -> str:
    """Return the colour of a method, or an empty text for that of its mutation."""
    return _parts(method)[0][0].colour


def described() -> str:
    """Return a line for each method and change, for the help."""
    return "\n".join(
        f"  {start + part.spelt(name):<14}{part.what}"
        for start, table in (("", METHODS), ("+", CHANGES))
        for name, part in table.items()
    )


def _parts(method: str) -> list[tuple[Method, float]]:
    """Return the parts of a method, each with its number, 0 where it has none.

    Raises:
        ValueError: There is no such part, or its number is missing or wrong.
    """
    first, *others = method.split("+")
    alone = {name: both(only(name), unscored()) for name in mutations.TABLE}
    ways = {**METHODS, **{name: _of(name, change) for name, change in alone.items()}}
    changes = {**CHANGES, **{name: _of(name, only(name)) for name in mutations.TABLE}}
    find = partial(_part, changes, "change of a method")
    return [_part(ways, "method (--methods)", first), *map(find, others)]


def _of(mutation: str, change: Change) -> Method:
    return Method(mutation.replace("_", " "), "", change)


def _part(table: Mapping[str, Method], kind: str, spelt: str) -> tuple[Method, float]:
    found = NAME.fullmatch(spelt)
    number = float(found[2] or 0) if found else 0.0
    part = table.get(found[1]) if found else None
    if part is not None and part.takes(number):
        return part, number
    return lookup({one.spelt(name): one for name, one in table.items()}, spelt, kind=kind), 0.0
