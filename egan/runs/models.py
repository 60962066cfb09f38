"""What a search needs to know of what it searches: an E-GAN, or a model of the collection.

Needs no torch, but for a model of the collection, whose file has its networks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from egan.config import CommonConfig, check
from egan.config.collection import CollectionConfig
from egan.config.hyperparameters import HYPERPARAMETERS, SPACE, kind_of, tuned
from egan.config.space import Kind, flag, read_space
from egan.lazy import Lazy, lookup

if TYPE_CHECKING:
    from population.member import Hyperparameters, Member
    from population.spaces import SearchSpace
    from population.strategies.space_strategy import SpaceStrategy

C = TypeVar("C", bound=CommonConfig)


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model whose hyperparameters can be searched.

    Attributes:
        member: (config, Prepared) -> a function from hyperparameters to a Member.
        weights: A member's state -> what the gallery loads to show and save it.
        kinds: The hyperparameters that there are, each int, float or str.
        space: What is searched if nothing is said, in the words of the command line.
        check: Raises ValueError where hyperparameters do not go with the settings.
        structural: The hyperparameters that change shapes, fixed at a member's birth.
    """

    member: Callable[..., Callable[[Hyperparameters], Member]]
    weights: Callable[..., Mapping[str, Any]]
    kinds: Mapping[str, Kind]
    space: Mapping[str, str]
    check: Callable[[Any, Mapping[str, Any]], object]
    structural: tuple[str, ...] = ()


MODELS: dict[str, Model] = {
    "egan": Model(
        member=Lazy("egan.evolution.whole:member_of", "generators evolving in a discriminator"),
        weights=Lazy("egan.evolution.whole:best_weights", "of the best survivor, averaged"),
        kinds={name: kind_of(name) for name in HYPERPARAMETERS},
        space=SPACE,
        check=lambda config, values: check(tuned(config, values)),
    ),
}


def model_of(config: CommonConfig) -> Model:
    """Return what the members of a search are.

    Raises:
        ValueError: There is no such model.
    """
    if isinstance(config, CollectionConfig):
        return _of_collection(config)
    return lookup(MODELS, config.search.model, kind="model")


def _of_collection(config: CollectionConfig) -> Model:
    from egan import collection
    from egan.config.settings import kinds

    settings = type(config.settings)
    return Model(
        member=Lazy("egan.runs.collection:member_of", "whole models"),
        weights=dict,
        kinds=kinds(settings),
        space=collection.load(config.model).space,
        check=lambda run, values: run.settings.tuned(values),
        structural=settings.STRUCTURAL,
    )


def searches() -> dict[str, type[SpaceStrategy]]:
    """Return the strategies that search hyperparameters, by name."""
    from population.strategies.space_strategy import SpaceStrategy
    from population.strategies.table import STRATEGIES

    return {name: one for name, one in STRATEGIES.items() if issubclass(one, SpaceStrategy)}


def with_search(config: C) -> C:
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


def strategy_of(config: CommonConfig) -> SpaceStrategy:
    """Return the strategy that a run searches with.

    Raises:
        ValueError: There is no such search, or its space makes no sense.
    """
    settings = config.search
    kind = lookup(searches(), str(settings.strategy), kind="search (--search)")
    model = model_of(config)
    space = read_space(settings.space, model.kinds, structural=model.structural)
    return kind(space, settings.population)


def _check_ends(config: CommonConfig, space: SearchSpace) -> None:
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
