"""Real Ray, real processes, real kills; whatever order results come in, their journal replays."""

import time
from functools import partial
from pathlib import Path

import pytest
from processes import kill_and_resume
from test_asynchronous import SPACE, asynchronous, check_causality
from toys import Tiny, Unlucky, rows

from population import PopulationBasedTraining, RandomSearch, RayExecutor
from population.records.journal import read_journal
from population.records.replay import replay


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
    history = asynchronous(member, strategy, executor=RayExecutor(2)).run(6).history
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


def test_a_killed_driver_is_resumed_and_the_journal_replays(tmp_path):
    generations = kill_and_resume("test_asynchronous", "asynchronous", tmp_path, further=9)
    history = read_journal(tmp_path / "results.csv")
    assert (history.groupby("child")["generation"].max() == generations).all()
    assert (history.groupby("child").size() == generations).all()
    check_causality(history)
    assert rows(replay(tmp_path, Tiny)).equals(rows(history))
