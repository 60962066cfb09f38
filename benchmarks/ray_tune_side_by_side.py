"""The same members under Ray Tune's population based training and under ours, in one run.

Eight members with steps of 1 ms and a state of 1 or 10 MB on two CPUs; a quarter of them exploit
after every step. Tune has its best settings: reuse_actors=True, all actors alive, no loggers.
Overhead is wall time per generation without the ideal 4 ms of the steps themselves.

  pip install "ray[tune]"
  python benchmarks/ray_tune_side_by_side.py [--megabytes 1 10] [--rounds 2] [--quick] [--save]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measure import cell, mark, parser, ray_session, report, spread, table
from members import Sleeper

from population import Callback, PopulationBasedTraining, RayExecutor, Search, Uniform

POPULATION, CPUS = 8, 2
SECONDS = 0.001
QUANTILE = 0.25
WARM_UP = 2
MARKS = {1.0: 50.0, 10.0: 30.0}
QUIET = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
}


class Stopwatch(Callback):
    """When each generation ended."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_generation(self, search: Search, generation: Any) -> None:  # noqa: ARG002
        """Look at the clock."""
        self.ends.append(time.perf_counter())


def ours(megabytes: float, generations: int, folder: Path) -> tuple[list[float], dict[str, int]]:
    """Return seconds per generation, and the bytes of each kind that were written."""
    watch = Stopwatch()
    Search(
        partial(Sleeper, seconds=SECONDS, num_bytes=int(megabytes * 2**20)),
        PopulationBasedTraining({"lr": Uniform(0.0, 1.0)}, POPULATION, quantile=QUANTILE),
        executor=RayExecutor(CPUS),
        directory=folder,
        callbacks=[watch],
    ).run(WARM_UP + generations)
    sizes = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    journal = sum(size for path, size in sizes.items() if path.suffix == ".csv")
    checkpoints = sum(s for path, s in sizes.items() if "checkpoints" in path.parts)
    rest = sum(sizes.values()) - journal - checkpoints
    return np.diff(watch.ends[WARM_UP - 1 :]).tolist(), {
        "journal": journal,
        "periodic checkpoints": checkpoints,
        "exploits": rest,
    }


def tunes(megabytes: float, generations: int, folder: Path) -> tuple[list[float], dict[str, int]]:
    """Return seconds per generation, and the bytes that were written."""
    from ray import tune
    from ray.tune.schedulers import PopulationBasedTraining as TunesTraining

    class Trainable(tune.Trainable):  # type: ignore[misc]
        """The same member in Ray Tune's class API."""

        def setup(self, config: dict[str, Any]) -> None:
            self.member = Sleeper(config, seconds=SECONDS, num_bytes=int(megabytes * 2**20))

        def step(self) -> dict[str, float]:
            self.member.step()
            return {"fitness": self.member.evaluate()}

        def reset_config(self, config: dict[str, Any]) -> bool:
            self.member.configure(config)
            return True

        def save_checkpoint(self, folder: str) -> None:
            torch.save(self.member.state_dict(), Path(folder) / "state.pt")

        def load_checkpoint(self, folder: str) -> None:
            self.member.load_state_dict(torch.load(Path(folder) / "state.pt"))

    class Ends(tune.Callback):  # type: ignore[misc]
        """When each result came."""

        def __init__(self) -> None:
            self.times: list[float] = []

        def on_trial_result(self, **_: Any) -> None:
            self.times.append(time.perf_counter())

    ends = Ends()
    tune.Tuner(
        tune.with_resources(Trainable, {"cpu": CPUS / POPULATION}),
        param_space={"lr": tune.uniform(0.0, 1.0)},
        tune_config=tune.TuneConfig(
            scheduler=TunesTraining(
                time_attr="training_iteration",
                perturbation_interval=1,
                quantile_fraction=QUANTILE,
                hyperparam_mutations={"lr": tune.uniform(0.0, 1.0)},
            ),
            metric="fitness",
            mode="max",
            num_samples=POPULATION,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(
            storage_path=str(folder),
            stop={"training_iteration": WARM_UP + generations},
            callbacks=[ends],
            verbose=0,
        ),
    ).fit()
    generation_ends = sorted(ends.times)[POPULATION - 1 :: POPULATION]
    written = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return np.diff(generation_ends[WARM_UP - 1 :]).tolist(), {"everything": written}


def compare(megabytes: float, rounds: int, ours_for: int, tunes_for: int) -> tuple[str, Any]:
    """Return a table for one size, and its values."""
    times: dict[str, list[float]] = {"Ray Tune": [], "ours": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            found, tune_bytes = tunes(megabytes, tunes_for, Path(folder))
            times["Ray Tune"] += found
        with tempfile.TemporaryDirectory() as folder:
            found, our_bytes = ours(megabytes, ours_for, Path(folder) / "run")
            times["ours"] += found
    ideal = POPULATION / CPUS * SECONDS
    overhead = {name: float(np.median(found)) - ideal for name, found in times.items()}
    ratio = overhead["Ray Tune"] / overhead["ours"]
    written = {
        "Ray Tune": f"{tune_bytes['everything'] / (WARM_UP + tunes_for) / 1e6:.1f} MB a generation",
        "ours": ", ".join(f"{name} {size:,}" for name, size in our_bytes.items())
        + f" bytes in {WARM_UP + ours_for} generations",
    }
    rows = [
        [name, cell([1e3 * t for t in found]), f"{overhead[name] * 1e3:.1f}", written[name]]
        for name, found in times.items()
    ]
    heads = ["engine", "ms per generation (quartiles)", "overhead, ms", "written"]
    text = f"State of {megabytes:g} MB:\n\n{table(heads, rows)}\n\nRatio of overheads {ratio:.0f}."
    if megabytes in MARKS:
        name = "overhead of Ray Tune / ours"
        text += " " + mark(name, ratio, MARKS[megabytes], at_least=True, form=".0f")
    values = {name: spread(found) for name, found in times.items()}
    return text, {"ratio": ratio, "seconds": values, "tune": tune_bytes, "ours": our_bytes}


def main() -> int:
    """Measure in rounds, both engines in each, so that other load hits both alike."""
    options = parser(__doc__ or "")
    options.add_argument("--megabytes", type=float, nargs="+", default=list(MARKS))
    options.add_argument("--rounds", type=int, default=2)
    options.add_argument("--generations", type=int, default=100, help="of ours, per round")
    options.add_argument("--tune-generations", type=int, default=12, help="of Tune's, per round")
    given = options.parse_args()
    if given.quick:
        given.megabytes, given.rounds, given.generations, given.tune_generations = [0.1], 1, 5, 2
    os.environ.update(QUIET)
    try:
        import ray.tune  # noqa: F401 - whether it is there
    except ImportError as error:
        print(f'Ray Tune is missing ({error}); pip install "ray[tune]"', file=sys.stderr)
        return 2
    with ray_session(CPUS):
        found = [
            compare(size, given.rounds, given.generations, given.tune_generations)
            for size in given.megabytes
        ]
    text = "\n\n".join(said for said, _ in found)
    values = {f"{s:g} MB": v for s, (_, v) in zip(given.megabytes, found, strict=True)}
    report("ray_tune_side_by_side", text, values, save=given.save)
    return 0


if __name__ == "__main__":
    sys.exit(main())
