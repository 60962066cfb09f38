"""What a search of a paper varies, and by which strategy. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from egan.config import options
from egan.config.space import flag, read_space
from egan.lazy import lookup

if TYPE_CHECKING:
    from egan.config import RunConfig
    from population import Strategy
    from population.spaces import SearchSpace
    from population.strategies.space_strategy import SpaceStrategy


def strategies() -> dict[str, type[SpaceStrategy]]:
    """Return the strategies that search hyperparameters, by name."""
    from population.strategies.space_strategy import SpaceStrategy
    from population.strategies.table import STRATEGIES

    return {name: one for name, one in STRATEGIES.items() if issubclass(one, SpaceStrategy)}


def strategy_of(config: RunConfig) -> Strategy:
    """Return the strategy of a run whose members are models or whole evolutions.

    Raises:
        ValueError: There is no such search, or its space makes no sense.
    """
    from population import FollowSchedule
    from population.records.schedule import Phase, Schedule

    settings = config.search
    if settings.strategy is None:
        return FollowSchedule(Schedule((Phase(from_generation=1, to_generation=1),)))
    return _strategy(config)


def _strategy(config: RunConfig) -> SpaceStrategy:
    kind = lookup(strategies(), str(config.search.strategy), kind="search (--search)")
    space = read_space(config.search.space, config.kinds, structural=config.structural)
    settings = options.read_options(config.search.options, kind)
    try:
        return kind(space, config.search.population, **settings)
    except ValueError as error:
        raise ValueError(f"--search {config.search.strategy}: {error}") from error


def default_space(config: RunConfig) -> Mapping[str, str]:
    """Return what a search varies if it is not told."""
    space = config.settings.searched()
    idle = {"diversity_weight"} if config.evolution.niches else set()
    return {name: text for name, text in space.items() if name in {*config.kinds} - idle}


def with_space(config: RunConfig) -> RunConfig:
    """Return settings whose search is complete and makes sense.

    Raises:
        ValueError: There is no such search or hyperparameter, or a value that it could try is
            wrong.
    """
    search = config.search
    if search.strategy is None:
        given = [*map(flag, search.space), *map(options.flag, search.options)]
        if given:
            raise ValueError(f"{given[0]} needs --search; it is one of {', '.join(strategies())}.")
        return config
    space = search.space or dict(default_space(config))
    config = replace(config, search=replace(search, space=space))
    _check_ends(config, _strategy(config).space)
    return config


def _check_ends(config: RunConfig, space: SearchSpace) -> None:
    """See that the model takes the lowest and the highest value of every range, and all options."""
    for name, leaf in space.leaves.items():
        for value in _ends(leaf.domain):
            try:
                config.tuned({name: value})
            except ValueError as error:
                raise ValueError(f"{flag(name)} {config.search.space[name]}: {error}") from error


def _ends(domain: Any) -> list[Any]:
    if hasattr(domain, "options"):
        return list(domain.options)
    return [domain.low, domain.high] if hasattr(domain, "low") else [domain.value]
