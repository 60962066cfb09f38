"""Train populations of members with one scheduler: evolution and population-based search.

Write a :class:`Member`, choose a strategy, and hand both to :class:`Search`. Importing this
package loads neither torch nor Ray; they are loaded when a search starts.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from population.asynchronous import AsynchronousSearch
    from population.callbacks import Callback, MLflow, ProgressTable, TensorBoard, WandB
    from population.environment import Environment
    from population.evolution import Evolution
    from population.executor import Executor, InlineExecutor
    from population.follow_schedule import FollowSchedule
    from population.member import Member
    from population.pb2 import PB2
    from population.pbt import PopulationBasedTraining
    from population.random_search import RandomSearch
    from population.ray_executor import RayExecutor
    from population.result import Record, Result, read_result
    from population.schedule import Phase, Schedule
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
    from population.strategy import Child, Individual, Offspring, SlotStrategy, Strategy
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
    "FollowSchedule": "follow_schedule",
    "Individual": "strategy",
    "InlineExecutor": "executor",
    "IntUniform": "spaces",
    "LogUniform": "spaces",
    "MLflow": "callbacks",
    "Member": "member",
    "Offspring": "strategy",
    "Ordinal": "spaces",
    "PB2": "pb2",
    "Phase": "schedule",
    "PopulationBasedTraining": "pbt",
    "ProgressTable": "callbacks",
    "RandomSearch": "random_search",
    "RayExecutor": "ray_executor",
    "Record": "result",
    "Result": "result",
    "STRATEGIES": "strategies",
    "Schedule": "schedule",
    "Search": "search",
    "SearchSpace": "spaces",
    "SlotStrategy": "strategy",
    "Strategy": "strategy",
    "SuccessiveHalving": "successive_halving",
    "TensorBoard": "callbacks",
    "Uniform": "spaces",
    "WandB": "callbacks",
    "When": "spaces",
    "from_optuna": "spaces",
    "from_ray_tune": "spaces",
    "read_result": "result",
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
    "FollowSchedule",
    "Individual",
    "InlineExecutor",
    "IntUniform",
    "LogUniform",
    "MLflow",
    "Member",
    "Offspring",
    "Ordinal",
    "Phase",
    "PopulationBasedTraining",
    "ProgressTable",
    "RandomSearch",
    "RayExecutor",
    "Record",
    "Result",
    "Schedule",
    "Search",
    "SearchSpace",
    "SlotStrategy",
    "Strategy",
    "SuccessiveHalving",
    "TensorBoard",
    "Uniform",
    "WandB",
    "When",
    "from_optuna",
    "from_ray_tune",
    "read_result",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'population' has no attribute {name!r}")
    return getattr(importlib.import_module(f"population.{_HOMES[name]}"), name)
