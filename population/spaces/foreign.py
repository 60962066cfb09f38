"""Domains of ``ray.tune`` and distributions of Optuna, recognised without importing either."""

import math
from typing import Any

from population.spaces.domain import Domain, Fixed
from population.spaces.options import Choice, Ordinal
from population.spaces.ranges import IntUniform, LogUniform, Uniform

MAX_GRID = 10_000
"""How many values a range with steps may have."""


def convert(entry: Any) -> Any:
    """Return a foreign domain as one of ours, and anything else as it is.

    Raises:
        ValueError: It is foreign, and has no counterpart here.
    """
    if isinstance(entry, dict) and set(entry) == {"grid_search"}:
        raise ValueError(
            "a grid_search tries every value; this search draws them: write Choice([...])."
        )
    bases = {(base.__module__.split(".")[0], base.__name__) for base in type(entry).__mro__}
    if ("ray", "Domain") in bases:
        return _from_ray(entry)
    if ("optuna", "BaseDistribution") in bases:
        return _from_optuna(entry)
    return entry


def _from_optuna(entry: Any) -> Domain:
    if hasattr(entry, "choices"):
        return Choice(list(entry.choices))
    whole = isinstance(entry.low, int)
    step = None if entry.step == (1 if whole else None) else entry.step
    return _range(entry.low, entry.high, whole=whole, log=entry.log, step=step)


def _from_ray(entry: Any) -> Domain:
    if hasattr(entry, "categories"):
        return Choice(entry.categories)
    if hasattr(entry, "func"):
        raise ValueError(
            "a function (tune.sample_from) draws by itself, so that no seed repeats it: use a "
            "domain, and compute what depends on it in the member."
        )
    step = getattr(entry.sampler, "q", None)
    sampler = entry.sampler if step is None else entry.sampler.get_sampler()
    if not math.isfinite(entry.lower) or not math.isfinite(entry.upper):
        raise ValueError(f"{entry!r} has no bounds: use tune.uniform(low, high) instead.")
    log = any(base.__name__ == "LogUniform" for base in type(sampler).__mro__)
    whole = type(entry).__name__ == "Integer"
    if step is None or (whole and step == 1):  # Ray leaves out the upper end of these
        return _range(entry.lower, entry.upper - whole, whole=whole, log=log)
    low = math.ceil(entry.lower / step - 1e-9) * step
    return _range(low, entry.upper, whole=whole, log=log, step=step)


def _range(low: Any, high: Any, *, whole: bool, log: bool, step: Any = None) -> Domain:
    if low == high:
        return Fixed(low)
    if step is not None:
        return _grid(low, high, step, whole=whole, log=log)
    if whole:
        return IntUniform(int(low), int(high), log=log)
    return LogUniform(low, high) if log else Uniform(low, high)


def _grid(low: Any, high: Any, step: Any, *, whole: bool, log: bool) -> Domain:
    """Return a range with steps as the list of its values."""
    count = math.floor((high - low) / step + 1e-9) + 1
    if log or count > MAX_GRID:
        raise ValueError(
            f"steps of {step!r} in [{low!r}, {high!r}]: steps on a logarithmic scale, or more than "
            f"{MAX_GRID} of them, have no counterpart here: leave the steps out, and round in the "
            "member."
        )
    digits = max(0, 12 - math.floor(math.log10(max(abs(low), abs(high)))))
    values = [low + i * step if whole else round(low + i * step, digits) for i in range(count)]
    return Ordinal(values)
