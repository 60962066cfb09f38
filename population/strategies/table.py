"""All strategies by name."""

from population.strategies.evolution import Evolution
from population.strategies.fire_pbt import FirePBT
from population.strategies.ipbt import IPBT
from population.strategies.mf_pbt import MFPBT
from population.strategies.niches import Niches
from population.strategies.pb2 import PB2
from population.strategies.pbt import PopulationBasedTraining
from population.strategies.random_search import RandomSearch
from population.strategies.successive_halving import SuccessiveHalving
from population.strategy import Strategy

STRATEGIES: dict[str, type[Strategy]] = {
    "evolution": Evolution,
    "niches": Niches,
    "pbt": PopulationBasedTraining,
    "pb2": PB2,
    "mf_pbt": MFPBT,
    "fire_pbt": FirePBT,
    "ipbt": IPBT,
    "random": RandomSearch,
    "halving": SuccessiveHalving,
}
