"""Real Ray, real processes, real kills; whatever order results come in, their journal replays."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from test_asynchronous import SPACE, asynchronous, check_causality
from toys import Tiny, Unlucky, rows

from population import PopulationBasedTraining, RandomSearch, RayExecutor
from population.replay import replay


class Straggler(Tiny):
    """Slot 0's first child is not ready before all others have made their sixth."""

    def __init__(self, hyperparameters, *, folder):
        super().__init__(hyperparameters)
        self.folder = Path(folder)

    def step(self, operator=None):
        super().step(operator)
        if self.seeds.generation == 6:
            (self.folder / str(self.seeds.child)).touch()
        deadline = time.monotonic() + 60
        while self.seeds.child == 0 and len(list(self.folder.iterdir())) < 3:
            assert time.monotonic() < deadline, "the others wait for the straggler"
            time.sleep(0.02)


@pytest.fixture(scope="module")
def undisturbed():
    """Without exploits, children do not depend on the order in which results come in."""
    return asynchronous(strategy=RandomSearch(SPACE, 4)).run(6).history


def in_order(history):
    return rows(history.sort_values(["generation", "child"], ignore_index=True))


def test_a_straggler_does_not_hold_the_others_up(ray_session, tmp_path):
    strategy = PopulationBasedTraining(SPACE, 4, quantile=0.5)
    member = partial(Straggler, folder=tmp_path)
    result = asynchronous(member, strategy, executor=RayExecutor(3)).run(6)
    first = result.history.index[result.history["child"] == 0][0]
    assert first >= 3 * 6 - 3
    assert len(result.history) == 4 * 6
    assert result.failures.empty


def test_the_journal_of_three_workers_replays(ray_session, tmp_path):
    strategy = PopulationBasedTraining(SPACE, 6, quantile=0.5)
    where = tmp_path / "run"
    history = (
        asynchronous(strategy=strategy, executor=RayExecutor(3), directory=where).run(8).history
    )
    check_causality(history)
    assert (history["parent"] != history["child"]).sum() > 5
    assert rows(replay(where, Tiny)).equals(rows(history))


def test_a_killed_workers_child_is_made_again(ray_session, undisturbed, tmp_path, caplog):
    member = partial(Unlucky, folder=tmp_path, mode="die")
    strategy = RandomSearch(SPACE, 4)
    history = asynchronous(member, strategy, executor=RayExecutor(3)).run(6).history
    assert (tmp_path / "happened-die").exists()
    assert "died" in caplog.text
    assert in_order(history).equals(in_order(undisturbed))


def test_a_child_that_sleeps_for_ever_is_made_again(ray_session, undisturbed, tmp_path, caplog):
    member = partial(Unlucky, folder=tmp_path, mode="sleep")
    executor = RayExecutor(2, deadline=2.0)
    history = asynchronous(member, RandomSearch(SPACE, 4), executor=executor).run(6).history
    assert "took more than 2.0 s" in caplog.text
    assert in_order(history).equals(in_order(undisturbed))


def test_a_slot_that_always_kills_its_worker_is_replaced_from_survivors(ray_session, tmp_path):
    member = partial(Unlucky, folder=tmp_path, mode="die", once=False, generation=3)
    result = asynchronous(member, executor=RayExecutor(2)).run(3)
    assert result.failures["child"].tolist() == [1]
    assert result.failures["error"].str.startswith("WorkerDied: 3 workers").all()
    assert len(result.population) == 4


DRIVER = """
import sys
sys.path.insert(0, {tests!r})
from test_asynchronous import asynchronous
from population import InlineExecutor, RayExecutor
executor = RayExecutor(2) if sys.argv[2] == "ray" else InlineExecutor()
made = asynchronous(executor=executor, directory=sys.argv[1], checkpoint_every=3)
(made.resume() if sys.argv[3] == "resume" else made).run(int(sys.argv[4]))
"""


@pytest.mark.parametrize("executor", ["inline", "ray"])
def test_a_killed_driver_is_resumed_and_the_journal_replays(tmp_path, executor):
    folder = tmp_path / "run"
    code = DRIVER.format(tests=str(Path(__file__).parent))
    root = Path(__file__).parents[2]

    def drive(mode, generations):
        command = [sys.executable, "-c", code, str(folder), executor, mode, str(generations)]
        return subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True)

    driver = drive("new", 100_000)
    deadline = time.monotonic() + 100
    while len(list((folder / "checkpoints").glob("[0-9]*"))) < 2 and driver.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(float(np.random.default_rng().uniform(0, 0.3)))
    os.kill(driver.pid, signal.SIGKILL)
    driver.communicate()
    reached = max(int(path.name) for path in (folder / "checkpoints").glob("[0-9]*"))
    resumed = drive("resume", reached + 9)
    _, errors = resumed.communicate(timeout=150)
    assert resumed.returncode == 0, errors

    from population.journal import read_journal

    history = read_journal(folder / "results.csv")
    assert (history.groupby("child")["generation"].max() == reached + 9).all()
    assert (history.groupby("child").size() == reached + 9).all()
    check_causality(history)
    assert rows(replay(folder, Tiny)).equals(rows(history))
