"""Train populations of members with one scheduler: evolution and population-based search.

Write a :class:`Member`, choose a strategy, and hand both to :class:`Search`. Importing this
package loads neither torch nor Ray; they are loaded when a search starts.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from population.asynchronous import AsynchronousSearch
    from population.callbacks import Callback
    from population.environment import Environment
    from population.evolution import Evolution
    from population.executor import Executor, InlineExecutor
    from population.member import Member
    from population.pb2 import PB2
    from population.pbt import PopulationBasedTraining
    from population.random_search import RandomSearch
    from population.ray_executor import RayExecutor
    from population.result import Result
    from population.search import Search
    from population.spaces import (
        Choice,
        Domain,
        Fixed,
        IntUniform,
        LogUniform,
        Ordinal,
        SearchSpace,
        Uniform,
        When,
        from_optuna,
        from_ray_tune,
    )
    from population.strategies import STRATEGIES
    from population.strategy import Child, Individual, Offspring, Strategy
    from population.successive_halving import SuccessiveHalving

_HOMES = {
    "AsynchronousSearch": "asynchronous",
    "Callback": "callbacks",
    "Child": "strategy",
    "Choice": "spaces",
    "Domain": "spaces",
    "Environment": "environment",
    "Evolution": "evolution",
    "Executor": "executor",
    "Fixed": "spaces",
    "Individual": "strategy",
    "InlineExecutor": "executor",
    "IntUniform": "spaces",
    "LogUniform": "spaces",
    "Member": "member",
    "Offspring": "strategy",
    "Ordinal": "spaces",
    "PB2": "pb2",
    "PopulationBasedTraining": "pbt",
    "RandomSearch": "random_search",
    "RayExecutor": "ray_executor",
    "Result": "result",
    "STRATEGIES": "strategies",
    "Search": "search",
    "SearchSpace": "spaces",
    "Strategy": "strategy",
    "SuccessiveHalving": "successive_halving",
    "Uniform": "spaces",
    "When": "spaces",
    "from_optuna": "spaces",
    "from_ray_tune": "spaces",
}

__all__ = [
    "PB2",
    "STRATEGIES",
    "AsynchronousSearch",
    "Callback",
    "Child",
    "Choice",
    "Domain",
    "Environment",
    "Evolution",
    "Executor",
    "Fixed",
    "Individual",
    "InlineExecutor",
    "IntUniform",
    "LogUniform",
    "Member",
    "Offspring",
    "Ordinal",
    "PopulationBasedTraining",
    "RandomSearch",
    "RayExecutor",
    "Result",
    "Search",
    "SearchSpace",
    "Strategy",
    "SuccessiveHalving",
    "Uniform",
    "When",
    "from_optuna",
    "from_ray_tune",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'population' has no attribute {name!r}")
    return getattr(importlib.import_module(f"population.{_HOMES[name]}"), name)
