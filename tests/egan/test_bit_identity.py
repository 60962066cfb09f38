"""One seed, one `results.csv`: inline, on Ray, with killed workers, with a killed driver."""

import os
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.xdist_group("egan bits")  # what is expected is made once
GENERATIONS = 30
SETTINGS = [
    *("--generations", str(GENERATIONS), "--checkpoint-every", "5", "--look-every", "15"),
    *("--width", "16", "--discriminator-width", "16", "--seed", "11"),
]
WAYS = {
    "evolution": [
        *("--evolution.num-survivors", "2", "--evolution.num-samples", "64"),
        *("--evolution.crossover", "1"),
    ],
    "niches": ["--evolution.niches", "3", "--evolution.random-mutation"],
}
CHILDREN = {"evolution": 7, "niches": 3}


def start(output, *words, way="evolution"):
    command = [sys.executable, "-m", "egan.run", *words]
    if "--resume" not in words:
        command += [*SETTINGS, *WAYS[way], "--output", str(output)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finish(process):
    try:
        said, _ = process.communicate(timeout=150)
    finally:
        process.kill()
    assert process.returncode == 0, said
    return said


def table(output):
    [path] = output.glob("*/results.csv")
    return pd.read_csv(path).drop(columns="seconds")


def rows_so_far(output):
    return sum(path.read_text().count("\n") for path in output.glob("*/results.csv"))


def wait_until(condition, process):
    deadline = time.monotonic() + 120
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise AssertionError(process.communicate()[0])
        time.sleep(0.01)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """Return the function that gives each way's table, as computed inline."""

    @cache
    def computed(way="evolution"):
        output = tmp_path_factory.mktemp("inline")
        finish(start(output, "gaussians8", "--executor", "inline", way=way))
        assert len(table(output)) == CHILDREN[way] * GENERATIONS
        return table(output)

    return computed


@pytest.mark.parametrize("workers", ["1", "2", "3"])
def test_any_number_of_ray_workers(expected, tmp_path, workers):
    finish(start(tmp_path, "gaussians8", "--workers", workers))
    assert table(tmp_path).equals(expected())


@pytest.mark.parametrize("way", WAYS)
def test_workers_killed_in_mid_generation(way, expected, tmp_path):
    """All of them, since some may not have started yet: who works at this moment dies too."""
    process = start(tmp_path, "gaussians8", "--workers", "3", way=way)
    wait_until(lambda: rows_so_far(tmp_path) > 5 * CHILDREN[way], process)
    family = psutil.Process(process.pid).children(recursive=True)
    workers = [p for p in family if "WorkerActor" in p.name() or "WorkerActor" in p.cmdline()[0]]
    for worker in workers:
        os.kill(worker.pid, signal.SIGKILL)
    assert rows_so_far(tmp_path) < CHILDREN[way] * GENERATIONS
    said = finish(process)  # between two generations it is states that are missed, not a reply
    assert "starting another" in said or "going back to generation" in said
    assert table(tmp_path).equals(expected(way))


@pytest.mark.parametrize("way", WAYS)
def test_a_driver_killed_at_a_random_moment_and_resumed_elsewhere(way, expected, tmp_path):
    process = start(tmp_path, "gaussians8", "--workers", "2", way=way)
    least = CHILDREN[way] * int(np.random.default_rng().integers(6, 20))
    wait_until(lambda: rows_so_far(tmp_path) > least, process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    [run] = tmp_path.iterdir()
    finish(start(tmp_path, "--resume", str(run), "--executor", "inline"))
    assert table(tmp_path).equals(expected(way))
