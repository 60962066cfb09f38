"""Search spaces of hyperparameters."""

from population.spaces.domain import Domain, Fixed
from population.spaces.options import Choice, Ordinal
from population.spaces.ranges import IntUniform, LogUniform, Uniform
from population.spaces.space import SearchSpace, from_optuna, from_ray_tune
from population.spaces.tree import When, flatten, unflatten

__all__ = [
    "Choice",
    "Domain",
    "Fixed",
    "IntUniform",
    "LogUniform",
    "Ordinal",
    "SearchSpace",
    "Uniform",
    "When",
    "flatten",
    "from_optuna",
    "from_ray_tune",
    "unflatten",
]
