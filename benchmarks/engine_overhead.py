"""The engine's own time per generation of an E-GAN whose networks cost nothing.

Three children, one survivor, an environment as large as a member. Beside it, in the same run, a
hand-written loop over three plain Ray actors and Ray's object store that moves the same data.

  python benchmarks/engine_overhead.py [--megabytes 1 16] [--quick] [--save]
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from measure import cell, mark, parser, ray_session, report, spread, table

from population import Callback, Environment, Evolution, InlineExecutor, Member, RayExecutor, Search
from population.state import State

OPERATORS = ("first", "second", "third")
NUM_ARRAYS = 24
"""As many tensors as a small network has with Adam's two moments."""

SAMPLES = (64, 64)
WARM_UP = 20
MARK_MS = 15.0


WAYS: dict[str, Callable[[], Any]] = {
    "inline": InlineExecutor,
    "Ray, 1 worker": lambda: RayExecutor(1),
    "Ray, 2 workers": lambda: RayExecutor(2),
    "Ray, 3 workers": lambda: RayExecutor(3),
}


def arrays(megabytes: float) -> State:
    """Return a state of the size, in tensors of equal length."""
    length = int(megabytes * 2**20 / 4 / NUM_ARRAYS)
    return {f"parameter{i}": torch.zeros(length) for i in range(NUM_ARRAYS)}


class Weightless(Member):
    """A member whose training and scoring cost nothing, but whose state has a size."""

    def __init__(self, hyperparameters: Mapping[str, Any], *, megabytes: float) -> None:
        del hyperparameters
        self.state = arrays(megabytes)
        self.samples = torch.zeros(SAMPLES)

    def step(self, operator: str | None = None) -> None:
        """Do nothing."""

    def evaluate(self) -> float:
        """Return a number that differs from child to child."""
        return float(self.seeds.own("evaluate") % 1009)

    def contribution(self) -> State:
        """Return a batch of samples."""
        return {"samples": self.samples}

    def state_dict(self) -> State:
        """Return the arrays."""
        return self.state

    def load_state_dict(self, state: State) -> None:
        """Take over the arrays."""
        self.state = state


class Inert(Environment):
    """An environment that learns nothing, but whose view has a size."""

    def __init__(self, *, megabytes: float) -> None:
        self.state = arrays(megabytes)

    def update(self, contributions: Sequence[State]) -> Mapping[str, float]:
        """Look at the samples."""
        return {"seen": float(len(contributions[0]["samples"]))}

    def state_dict(self) -> State:
        """Return the arrays."""
        return self.state

    def load_state_dict(self, state: State) -> None:
        """Take over the arrays."""
        self.state = state


class Stopwatch(Callback):
    """Wall milliseconds of each generation."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_generation(self, search: Search, generation: Any) -> None:  # noqa: ARG002
        """Look at the clock."""
        self.ends.append(time.perf_counter())

    def milliseconds(self) -> list[float]:
        """Return the generations' times after the warm-up."""
        times: list[float] = (np.diff(self.ends[WARM_UP:]) * 1e3).tolist()
        return times


def engine(
    executor: Callable[[], Any], megabytes: float, generations: int
) -> tuple[list[float], dict[str, float]]:
    """Return milliseconds per generation, and the mean of each part."""
    watch = Stopwatch()
    search = Search(
        lambda hyperparameters: Weightless(hyperparameters, megabytes=megabytes),
        Evolution(OPERATORS),
        environment=lambda: Inert(megabytes=megabytes),
        executor=executor(),
        callbacks=[watch],
        checkpoint_every=10**6,
    )
    search.run(WARM_UP + generations)
    steady = ("ask", "make", "keep", "update")
    total = WARM_UP + generations
    return watch.milliseconds(), {part: search.seconds[part] / total * 1e3 for part in steady}


class PlainWorker:
    """The worker of someone who needs three Ray actors and nothing else."""

    def make(self, view: Any, parent: Any) -> float:
        """Copy what a child needs, and hold it."""
        self.view = view.copy()
        self.child = parent.copy()
        return float(np.random.default_rng().random())

    def export(self) -> tuple[Any, Any]:
        """Return the child and its samples."""
        return self.child, np.zeros(SAMPLES, dtype=np.float32)


class PlainHome:
    """The environment's actor of the same person."""

    def __init__(self, size: int) -> None:
        self.view = np.zeros(size, dtype=np.uint8)

    def update(self, samples: Any) -> tuple[float, Any]:
        """Look at the samples; return a record and the new view."""
        return float(len(samples)), self.view.copy()


def plain(megabytes: float, generations: int) -> list[float]:
    """Return milliseconds per generation of the hand-written loop."""
    import ray

    size = int(megabytes * 2**20)
    workers = [ray.remote(PlainWorker).options(num_cpus=0.1).remote() for _ in OPERATORS]
    home = ray.remote(PlainHome).options(num_cpus=0.1).remote(size)
    state, view = (ray.put(np.zeros(size, dtype=np.uint8)) for _ in range(2))
    times = []
    for _ in range(WARM_UP + generations):
        started = time.perf_counter()
        scores = ray.get([worker.make.remote(view, state) for worker in workers])
        winner = workers[int(np.argmax(scores))]
        state, samples = winner.export.options(num_returns=2).remote()
        record, view = home.update.options(num_returns=2).remote(samples)
        ray.get(record)
        times.append((time.perf_counter() - started) * 1e3)
    for actor in [*workers, home]:
        ray.kill(actor)
    return times[WARM_UP:]


def main() -> None:
    """Measure in rounds, every way in each, so that other load hits all alike."""
    options = parser(__doc__ or "")
    options.add_argument("--megabytes", type=float, nargs="+", default=[1.0, 16.0])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--generations", type=int, default=100, help="per round")
    given = options.parse_args()
    if given.quick:
        given.megabytes, given.rounds, given.generations = [0.1], 1, 10
        del WAYS["Ray, 1 worker"], WAYS["Ray, 2 workers"]
    with ray_session(5):
        found = [measure(size, given.rounds, given.generations) for size in given.megabytes]
    text = "\n\n".join(said for said, _ in found)
    values = {f"{s:g} MB": v for s, (_, v) in zip(given.megabytes, found, strict=True)}
    report("engine_overhead", text, values, save=given.save)


def measure(megabytes: float, rounds: int, generations: int) -> tuple[str, dict[str, Any]]:
    """Return a table for one size, and its values."""
    times: dict[str, list[float]] = {"three plain Ray actors": []}
    parts: dict[str, list[dict[str, float]]] = {}
    for _ in range(rounds):
        times["three plain Ray actors"] += plain(megabytes, generations)
        for name, executor in WAYS.items():
            found, seconds = engine(executor, megabytes, generations)
            times.setdefault(name, []).extend(found)
            parts.setdefault(name, []).append(seconds)
            gc.collect()
    return describe(megabytes, times, parts)


def describe(
    megabytes: float, times: dict[str, list[float]], parts: dict[str, list[dict[str, float]]]
) -> tuple[str, dict[str, Any]]:
    """Return a table for one size, and its values."""
    base = float(np.median(times["three plain Ray actors"]))
    rows, values = [], {}
    for name, found in times.items():
        rounds = parts.get(name, [])
        mean = {p: float(np.mean([r[p] for r in rounds])) for p in rounds[0]} if rounds else {}
        ratio = float(np.median(found)) / base
        share = ", ".join(f"{part} {value:.1f}" for part, value in mean.items())
        rows.append([name, cell(found), f"{ratio:.2f}", share])
        values[name] = {**spread(found), "ratio": ratio, "parts": mean}
    heads = ["way", "ms per generation (quartiles)", "ratio to plain", "mean of its parts"]
    text = f"Members and environment of {megabytes:g} MB:\n\n{table(heads, rows)}"
    if megabytes == 1.0:
        ours = float(np.median(times["Ray, 3 workers"]))
        text += "\n\n" + mark("ms per generation, three workers, idle machine", ours, MARK_MS)
    return text, values


if __name__ == "__main__":
    main()
