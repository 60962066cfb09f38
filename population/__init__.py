"""Train populations of members with one scheduler: evolution and population-based search.

Write a :class:`Member`, choose a strategy, and hand both to :class:`Search`. Importing this
package loads neither torch nor Ray; they are loaded when a search starts.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from population.callbacks import Callback
    from population.environment import Environment
    from population.evolution import Evolution
    from population.executor import Executor, InlineExecutor
    from population.member import Member
    from population.ray_executor import RayExecutor
    from population.result import Result
    from population.search import Search
    from population.strategy import Child, Individual, Offspring, Strategy

_HOMES = {
    "Callback": "callbacks",
    "Child": "strategy",
    "Environment": "environment",
    "Evolution": "evolution",
    "Executor": "executor",
    "Individual": "strategy",
    "InlineExecutor": "executor",
    "Member": "member",
    "Offspring": "strategy",
    "RayExecutor": "ray_executor",
    "Result": "result",
    "Search": "search",
    "Strategy": "strategy",
}

__all__ = [
    "Callback",
    "Child",
    "Environment",
    "Evolution",
    "Executor",
    "Individual",
    "InlineExecutor",
    "Member",
    "Offspring",
    "RayExecutor",
    "Result",
    "Search",
    "Strategy",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'population' has no attribute {name!r}")
    return getattr(importlib.import_module(f"population.{_HOMES[name]}"), name)
