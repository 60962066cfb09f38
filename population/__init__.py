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
    from population.executors.executor import Executor, InlineExecutor
    from population.executors.ray_executor import RayExecutor
    from population.member import Member
    from population.records.result import Record, Result, read_result
    from population.records.schedule import Phase, Schedule
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
    from population.strategies.evolution import Evolution
    from population.strategies.fire_pbt import FirePBT
    from population.strategies.follow_schedule import FollowSchedule
    from population.strategies.ipbt import IPBT
    from population.strategies.mf_pbt import MFPBT
    from population.strategies.niches import Niches
    from population.strategies.pb2 import PB2
    from population.strategies.pbt import PopulationBasedTraining
    from population.strategies.random_search import RandomSearch
    from population.strategies.successive_halving import SuccessiveHalving
    from population.strategies.table import STRATEGIES
    from population.strategy import Child, Individual, Offspring, SlotStrategy, Strategy

_HOMES = {
    "AsynchronousSearch": "asynchronous",
    "Callback": "callbacks",
    "Child": "strategy",
    "Choice": "spaces",
    "Domain": "spaces",
    "Environment": "environment",
    "Evolution": "strategies.evolution",
    "Executor": "executors.executor",
    "FirePBT": "strategies.fire_pbt",
    "Fixed": "spaces",
    "FollowSchedule": "strategies.follow_schedule",
    "IPBT": "strategies.ipbt",
    "Individual": "strategy",
    "InlineExecutor": "executors.executor",
    "IntUniform": "spaces",
    "LogUniform": "spaces",
    "MFPBT": "strategies.mf_pbt",
    "MLflow": "callbacks",
    "Member": "member",
    "Niches": "strategies.niches",
    "Offspring": "strategy",
    "Ordinal": "spaces",
    "PB2": "strategies.pb2",
    "Phase": "records.schedule",
    "PopulationBasedTraining": "strategies.pbt",
    "ProgressTable": "callbacks",
    "RandomSearch": "strategies.random_search",
    "RayExecutor": "executors.ray_executor",
    "Record": "records.result",
    "Result": "records.result",
    "STRATEGIES": "strategies.table",
    "Schedule": "records.schedule",
    "Search": "search",
    "SearchSpace": "spaces",
    "SlotStrategy": "strategy",
    "Strategy": "strategy",
    "SuccessiveHalving": "strategies.successive_halving",
    "TensorBoard": "callbacks",
    "Uniform": "spaces",
    "WandB": "callbacks",
    "When": "spaces",
    "from_optuna": "spaces",
    "from_ray_tune": "spaces",
    "read_result": "records.result",
}

__all__ = [
    "IPBT",
    "MFPBT",
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
    "FirePBT",
    "Fixed",
    "FollowSchedule",
    "Individual",
    "InlineExecutor",
    "IntUniform",
    "LogUniform",
    "MLflow",
    "Member",
    "Niches",
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
