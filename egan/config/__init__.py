"""Settings of runs: frozen dataclasses, a line of help and a range a field. Needs no torch."""

from egan.config.evolution import EvolutionConfig
from egan.config.run import CADENCE, WHERE_ONLY, RunConfig, to_dict
from egan.config.sections import ArithmeticConfig, DataConfig, SearchConfig
from egan.config.settings import GameSettings, Settings

__all__ = [
    "CADENCE",
    "WHERE_ONLY",
    "ArithmeticConfig",
    "DataConfig",
    "EvolutionConfig",
    "GameSettings",
    "RunConfig",
    "SearchConfig",
    "Settings",
    "to_dict",
]
