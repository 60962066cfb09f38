"""Run directories as a run leaves them, without running one."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from egan.reporting.about import About, write_about
from egan.reporting.pictures import evolution_gif, image_grid, save_atomically

MUTATIONS = ("minimax", "heuristic", "least_squares")


def make_results(
    generations: int = 60,
    *,
    operators: Sequence[str] = MUTATIONS,
    num_survivors: int = 1,
    seed: int = 0,
    scores: Sequence[str] = ("fitness", "quality", "diversity"),
) -> pd.DataFrame:
    """Return rows as in results.csv; the best of each generation survive."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    parents = [(0, child) for child in range(num_survivors)]
    for generation in range(1, generations + 1):
        born: list[dict[str, object]] = [
            {
                "run": "r",
                "seed": seed,
                "generation": generation,
                "child": child,
                "parent_generation": parents[child // len(operators)][0],
                "parent": parents[child // len(operators)][1],
                "operator": operators[child % len(operators)],
                **{name: float(rng.normal(generation / generations)) for name in scores},
                "survived": False,
                "error": "",
                "seconds": 0.1,
            }
            for child in range(len(operators) * num_survivors)
        ]
        best = sorted(born, key=lambda row: -float(str(row["fitness"])))[:num_survivors]
        for row in best:
            row["survived"] = True
        parents = [(generation, int(str(row["child"]))) for row in best]
        rows += born
    return pd.DataFrame(rows)


def make_metrics(generations: int = 60, *, last: float = 5.0) -> pd.DataFrame:
    """Return rows as in metrics.csv."""
    generation = np.arange(0, generations + 1, 10)
    return pd.DataFrame(
        {
            "generation": generation,
            "frechet": np.geomspace(100.0, last, len(generation)),
            "coverage": np.linspace(0.0, 0.8, len(generation)),
            "classes": np.linspace(1, 10, len(generation)).astype(int),
            "seconds": 0.1,
        }
    )


@pytest.fixture
def results() -> Callable[..., pd.DataFrame]:
    return make_results


@pytest.fixture
def metrics() -> Callable[..., pd.DataFrame]:
    return make_metrics


@pytest.fixture
def run_directory(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a run directory."""

    def write(
        name: str = "00000-digits",
        *,
        seed: int = 0,
        weight: float = 0.05,
        table: pd.DataFrame | None = None,
        about: About | None = None,
    ) -> Path:
        directory = tmp_path / name
        (directory / "samples").mkdir(parents=True)
        table = make_results(seed=seed) if table is None else table
        table.to_csv(directory / "results.csv", index=False)
        make_metrics().to_csv(directory / "metrics.csv", index=False)
        config = {
            "preset": "digits",
            "seed": seed,
            "output": str(tmp_path),
            "data": {"name": "digits"},
            "evolution": {"diversity_weight": weight},
        }
        (directory / "config.yaml").write_text(yaml.safe_dump(config))
        (directory / "versions.json").write_text(json.dumps({"torch": "2.13", "ray": "2.60"}))
        timing = {"wall_seconds": 83.0, "parts": {"make": 60.0, "update": 20.0}}
        (directory / "timing.json").write_text(json.dumps(timing))
        _write_samples(directory / "samples", seed)
        if about is not None:
            write_about(directory, about)
        return directory

    return write


def _write_samples(folder: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    paths = [folder / f"{generation:06d}.png" for generation in range(0, 61, 10)]
    for path in [*paths, folder / "real.png", folder / "interpolation.png"]:
        save_atomically(image_grid(rng.uniform(-1, 1, (4, 1, 8, 8))), path)
    captions = [f"generation {int(path.stem)}" for path in paths]
    evolution_gif(paths, folder / "evolution.gif", captions=captions)


TINY = (
    *("--executor", "inline"),
    *("--generations", "4", "--look-every", "2"),
    *("--width", "8", "--discriminator-width", "8"),
    *("--batch-size", "16", "--evolution.num-samples", "16"),
)
"""Flags that make a run take a second."""


@contextmanager
def _judging_few() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("egan.data.kinds.Points.num_judged", 300)
        patch.setattr("egan.data.kinds.Points.num_shown", 300)
        patch.setattr("egan.judging.features.NUM_REFERENCE", 300)
        patch.setattr("egan.tasks.Task.num_judged", 100)
        yield


@pytest.fixture(scope="session")
def judging_few() -> Callable[[], AbstractContextManager[None]]:
    """Return the context in which few samples are judged, for a fixture that outlives one test."""
    return _judging_few


@pytest.fixture
def _few_samples() -> Iterator[None]:
    """Judge few samples, so that a look takes no time; in this test alone."""
    with _judging_few():
        yield


@pytest.fixture(scope="session")
def _finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from egan.run import main

    output = tmp_path_factory.mktemp("finished")
    with _judging_few():
        assert main(["gaussians8", *TINY, "--output", str(output)]) == 0
    return output / "00000-gaussians8"


@pytest.fixture
def tiny(tmp_path: Path, _few_samples: None) -> list[str]:
    """Return the words of a tiny run in `tmp_path`."""
    return ["gaussians8", *TINY, "--output", str(tmp_path)]


@pytest.fixture
def tiny_run(tmp_path: Path, _finished: Path, _few_samples: None) -> Path:
    """Return the directory of a finished tiny run of four generations, with two checkpoints."""
    return Path(shutil.copytree(_finished, tmp_path / "00000-gaussians8"))
