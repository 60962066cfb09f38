"""What `--search` can search: a table from the name of a model to what a search needs of it.

A model of the collection is added by its line in `MODELS`. Needs no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from egan.config import RunConfig, check
from egan.hyperparameters import HYPERPARAMETERS, SPACE, kind_of, tuned
from egan.lazy import Lazy, lookup
from egan.space import Kind, flag, read_space

if TYPE_CHECKING:
    from population.member import Hyperparameters, Member
    from population.space_strategy import SpaceStrategy
    from population.spaces import SearchSpace


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model whose hyperparameters can be searched.

    Attributes:
        member: (RunConfig, Prepared) -> a function from hyperparameters to a Member.
        weights: A member's state -> the weights of the generator that is looked at and exported.
        kinds: The hyperparameters that there are, each int, float or str.
        space: What is searched if nothing is said, in the words of the command line.
        check: Raises ValueError where hyperparameters do not go with the settings.
    """

    member: Lazy[Callable[[Hyperparameters], Member]]
    weights: Lazy[Mapping[str, Any]]
    kinds: Mapping[str, Kind]
    space: Mapping[str, str]
    check: Callable[[RunConfig, Mapping[str, Any]], object]


MODELS: dict[str, Model] = {
    "egan": Model(
        member=Lazy("egan.evolved_gan:member_of", "generators evolving in a discriminator"),
        weights=Lazy("egan.evolved_gan:best_weights", "of the best survivor, averaged"),
        kinds={name: kind_of(name) for name in HYPERPARAMETERS},
        space=SPACE,
        check=lambda config, values: check(tuned(config, values)),
    ),
}


def model_of(config: RunConfig) -> Model:
    """Return what the members of a search are.

    Raises:
        ValueError: There is no such model.
    """
    return lookup(MODELS, config.search.model, kind="model")


def searches() -> dict[str, type[SpaceStrategy]]:
    """Return the strategies that search hyperparameters, by name."""
    from population.space_strategy import SpaceStrategy
    from population.strategies import STRATEGIES

    return {name: one for name, one in STRATEGIES.items() if issubclass(one, SpaceStrategy)}


def with_search(config: RunConfig) -> RunConfig:
    """Return settings whose search is complete and makes sense.

    Raises:
        ValueError: There is no such search or hyperparameter, or a value that it could try is
            wrong.
    """
    search = config.search
    if not config.is_search:
        if search.space:
            raise ValueError(
                f"{flag(next(iter(search.space)))} needs --search; it is one of "
                f"{', '.join(searches())}."
            )
        return config
    space = search.space or dict(model_of(config).space)
    config = replace(config, search=replace(search, space=space))
    _check_ends(config, strategy_of(config).space)
    return config


def strategy_of(config: RunConfig) -> SpaceStrategy:
    """Return the strategy that a run searches with.

    Raises:
        ValueError: There is no such search, or its space makes no sense.
    """
    settings = config.search
    kind = lookup(searches(), str(settings.strategy), kind="search (--search)")
    return kind(read_space(settings.space, model_of(config).kinds), settings.population)


def _check_ends(config: RunConfig, space: SearchSpace) -> None:
    """See that the model takes the lowest and the highest value of every range, and all options."""
    model = model_of(config)
    for name, leaf in space.leaves.items():
        for value in _ends(leaf.domain):
            try:
                model.check(config, {name: value})
            except ValueError as error:
                raise ValueError(f"{flag(name)} {config.search.space[name]}: {error}") from error


def _ends(domain: Any) -> list[Any]:
    if hasattr(domain, "options"):
        return list(domain.options)
    return [domain.low, domain.high] if hasattr(domain, "low") else [domain.value]
