"""One seed, one `results.csv`: inline, on Ray, with killed workers, with a killed driver."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.xdist_group("egan bits")  # what is expected is made once
GENERATIONS = 120
SETTINGS = [
    *("--generations", str(GENERATIONS), "--checkpoint-every", "20", "--look-every", "60"),
    *("--width", "16", "--discriminator-width", "16", "--seed", "11"),
    *("--evolution.num-survivors", "2", "--evolution.num-samples", "64"),
]


def start(output, *words):
    command = [sys.executable, "-m", "egan.run", *words]
    if "--resume" not in words:
        command += [*SETTINGS, "--output", str(output)]
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
    results = pd.read_csv(output / "00000-gaussians8" / "results.csv")
    return results.drop(columns="seconds")


def rows_so_far(output):
    path = output / "00000-gaussians8" / "results.csv"
    return path.read_text().count("\n") if path.exists() else 0


def wait_until(condition, process):
    deadline = time.monotonic() + 120
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise AssertionError(process.communicate()[0])
        time.sleep(0.01)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    output = tmp_path_factory.mktemp("inline")
    finish(start(output, "gaussians8", "--executor", "inline"))
    assert len(table(output)) == 6 * GENERATIONS
    return table(output)


@pytest.mark.parametrize("workers", ["1", "2", "3"])
def test_any_number_of_ray_workers(expected, tmp_path, workers):
    finish(start(tmp_path, "gaussians8", "--workers", workers))
    assert table(tmp_path).equals(expected)


def test_workers_killed_in_mid_generation(expected, tmp_path):
    """All of them, since some may not have started yet: who works at this moment dies too."""
    process = start(tmp_path, "gaussians8", "--workers", "3")
    wait_until(lambda: rows_so_far(tmp_path) > 60, process)
    family = psutil.Process(process.pid).children(recursive=True)
    workers = [p for p in family if "WorkerActor" in p.name() or "WorkerActor" in p.cmdline()[0]]
    for worker in workers:
        os.kill(worker.pid, signal.SIGKILL)
    assert rows_so_far(tmp_path) < 6 * GENERATIONS
    assert "starting another" in finish(process)
    assert table(tmp_path).equals(expected)


def test_a_driver_killed_at_a_random_moment_and_resumed_elsewhere(expected, tmp_path):
    process = start(tmp_path, "gaussians8", "--workers", "2")
    least = 6 * int(np.random.default_rng().integers(25, 80))
    wait_until(lambda: rows_so_far(tmp_path) > least, process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    run = str(tmp_path / "00000-gaussians8")
    finish(start(tmp_path, "--resume", run, "--executor", "inline"))
    assert table(tmp_path).equals(expected)
