"""Settings of runs: frozen dataclasses, a line of help and a range a field. Needs no torch."""

from egan.config.run import (
    CADENCE,
    WHERE_ONLY,
    ArithmeticConfig,
    CommonConfig,
    DataConfig,
    DiscriminatorConfig,
    EvolutionConfig,
    FitnessConfig,
    GeneratorConfig,
    RunConfig,
    SearchConfig,
    check,
    to_dict,
)

__all__ = [
    "CADENCE",
    "WHERE_ONLY",
    "ArithmeticConfig",
    "CommonConfig",
    "DataConfig",
    "DiscriminatorConfig",
    "EvolutionConfig",
    "FitnessConfig",
    "GeneratorConfig",
    "RunConfig",
    "SearchConfig",
    "check",
    "to_dict",
]
