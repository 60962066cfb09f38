"""All strategies by name."""

from population.evolution import Evolution
from population.pb2 import PB2
from population.pbt import PopulationBasedTraining
from population.random_search import RandomSearch
from population.strategy import Strategy
from population.successive_halving import SuccessiveHalving

STRATEGIES: dict[str, type[Strategy]] = {
    "evolution": Evolution,
    "pbt": PopulationBasedTraining,
    "pb2": PB2,
    "random": RandomSearch,
    "halving": SuccessiveHalving,
}
