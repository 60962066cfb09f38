"""A thousand members of 10 kB on two workers: the scheduler's own time, and its memory.

Own time is the CPU time of the driver process, all its threads, per member and generation; the
members themselves do nothing. Memory is private memory, of the driver and of all processes that
it started, at every quarter of the run; Ray's own buffers fill up in the first ones, so that the
last quarter tells a leak.

  python benchmarks/scale.py [--members 1000] [--generations 200] [--quick] [--save]
"""

from __future__ import annotations

import os
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from measure import cell, mark, parser, ray_session, report, spread
from members import Sleeper

from population import Callback, PopulationBasedTraining, RayExecutor, Search, Uniform

WORKERS = 2
NUM_BYTES = 10_000
MARK_MICROSECONDS = 200.0
MARK_GROWTH = 1.02


class Meter(Callback):
    """CPU seconds, wall seconds and memory after each generation."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, float, float, float]] = []

    def on_generation(self, search: Search, generation: Any) -> None:  # noqa: ARG002
        """Look at the clocks and at the memory."""
        mine, others = memory()
        self.rows.append((time.process_time(), time.perf_counter(), mine, others))


def memory() -> tuple[float, float]:
    """Return the private megabytes of this process, and of all those that it started."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(status.parent.name)] = int(fields[1])
    family = {os.getpid()}
    while new := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= new
    return _private(os.getpid()), sum(map(_private, family - {os.getpid()}))


def _private(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    kilobytes = [int(line.split()[1]) for line in lines if line.startswith("RssAnon")]
    return sum(kilobytes) / 1024


def run(members: int, generations: int, directory: str) -> tuple[Any, dict[str, float]]:
    """Return (CPU s, wall s, MB, MB) after each generation, and seconds by part of the engine."""
    meter = Meter()
    search = Search(
        partial(Sleeper, seconds=0.0, num_bytes=NUM_BYTES),
        PopulationBasedTraining({"lr": Uniform(0.0, 1.0)}, members),
        executor=RayExecutor(WORKERS),
        callbacks=[meter],
        directory=Path(directory) / "run",
        checkpoint_every=50,
    )
    search.run(generations)
    return np.array(meter.rows), search.seconds


def main() -> None:
    """Measure and compare with the marks."""
    options = parser(__doc__ or "")
    options.add_argument("--members", type=int, default=1000)
    options.add_argument("--generations", type=int, default=200)
    given = options.parse_args()
    members, generations = (50, 6) if given.quick else (given.members, given.generations)
    with ray_session(WORKERS + 1), tempfile.TemporaryDirectory() as directory:
        rows, parts = run(members, generations, directory)
    own, wall = (np.diff(rows[:, i])[1:] / members * 1e6 for i in (0, 1))
    quarters = rows[[len(rows) * i // 4 - 1 for i in (1, 2, 3, 4)]]
    growth, others = (float(quarters[3, i] / max(quarters[2, i], 1e-9)) for i in (2, 3))
    trail = [", ".join(f"{megabytes:.0f}" for megabytes in quarters[:, i]) for i in (2, 3)]
    said = [
        (
            f"{members} members of 10 kB, {WORKERS} workers, {generations} generations. "
            f"Per member and generation: {cell(own, '.0f')} µs of the driver's CPU time, "
            f"{cell(wall, '.0f')} µs of wall time.\n"
        ),
        "Wall seconds by part: " + ", ".join(f"{n} {s:.1f}" for n, s in parts.items()) + ".\n",
        (f"Private megabytes after each quarter: driver {trail[0]}; Ray and workers {trail[1]}.\n"),
        mark("µs of the scheduler per member", np.median(own), MARK_MICROSECONDS, form=".0f"),
        mark("driver's memory, end / three quarters", growth, MARK_GROWTH, form=".3f"),
        mark("other processes' memory, end / three quarters", others, MARK_GROWTH, form=".3f"),
    ]
    text = "\n".join(said)
    values = {"own_us": spread(own), "wall_us": spread(wall), "parts": parts, "growth": growth}
    report("scale", text, {**values, "growth_others": others}, save=given.save)


if __name__ == "__main__":
    main()
