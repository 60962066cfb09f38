"""Wall time of members that take 300 ms a step, eight of them on two workers.

The ideal is four steps one after the other, 1.2 s a generation.

  python benchmarks/near_the_limit.py [--generations 10] [--quick] [--save]
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np
from measure import cell, mark, parser, ray_session, report, spread
from members import Sleeper

from population import Callback, PopulationBasedTraining, RayExecutor, Search, Uniform

POPULATION, WORKERS = 8, 2
NUM_BYTES = 2**20
SECONDS = 0.3
MARK = 1.05


class Stopwatch(Callback):
    """When each generation ended."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_start(self, search: Search, generations: int) -> None:  # noqa: ARG002
        """Look at the clock."""
        self.ends.append(time.perf_counter())

    def on_generation(self, search: Search, generation: Any) -> None:  # noqa: ARG002
        """Look at the clock."""
        self.ends.append(time.perf_counter())


def wall_seconds(seconds: float, generations: int) -> list[float]:
    """Return the wall time of each generation; the first builds the members and is left out."""
    watch = Stopwatch()
    Search(
        partial(Sleeper, seconds=seconds, num_bytes=NUM_BYTES),
        PopulationBasedTraining({"lr": Uniform(0.0, 1.0)}, POPULATION),
        executor=RayExecutor(WORKERS),
        callbacks=[watch],
        checkpoint_every=10**6,
    ).run(generations + 1)
    times: list[float] = np.diff(watch.ends)[1:].tolist()
    return times


def main() -> None:
    """Measure and compare with the ideal."""
    options = parser(__doc__ or "")
    options.add_argument("--generations", type=int, default=10)
    given = options.parse_args()
    seconds, generations = (0.02, 2) if given.quick else (SECONDS, given.generations)
    ideal = POPULATION // WORKERS * seconds
    with ray_session(WORKERS + 1):
        times = wall_seconds(seconds, generations)
    total = sum(times) / (ideal * generations)
    text = (
        f"{POPULATION} members, {WORKERS} workers, steps of {seconds * 1e3:g} ms, state of 1 MB: "
        f"{cell(times, '.4f')} s a generation, ideal {ideal:g} s.\n\n"
        + mark("all generations / ideal", total, MARK, form=".4f")
    )
    values = {"ideal": ideal, "ratio": total, "seconds": spread(times)}
    report("near_the_limit", text, values, save=given.save)


if __name__ == "__main__":
    main()
